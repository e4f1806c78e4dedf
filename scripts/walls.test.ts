import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawMap } from './map.ts'
import { fileNode, type FileNode } from './scan/graph.ts'
import { checkWalls, ENGINE } from './walls.ts'

/** A repository of these files: `state/a.ts` is meant inside the engine, `/bench/b.ts` from the root. */
const repository = (files: Record<string, string>): FileNode[] =>
  Object.entries(files).map(([path, source]) => fileNode(path.startsWith('/') ? path.slice(1) : ENGINE + path, source))

const wrong = (files: Record<string, string>): string => checkWalls(repository(files)).join('\n')

test('what the table allows passes: lower layers, core, its own layer, doors over everything', () => {
  const files = {
    'core/time.ts': '',
    'serde/value.ts': `import '../core/time.ts'`,
    'state/table.ts': `import type { V } from '../serde/value.ts'; import './deep/more.ts'`,
    'state/deep/more.ts': `import '../../core/time.ts'`,
    'env/node.ts': `import 'node:fs'; import(name)`,
    'index.ts': `export * from './state/table.ts'`,
    '/bench/chain.ts': `import '../packages/millrace/src/state/table.ts'; import 'node:fs'`,
    '/examples/a.ts': `import { defineJob } from 'millrace'`,
  }
  assert.equal(wrong(files), '')
})

test('W1: an upward import is forbidden, a type and a worker entry are imports', () => {
  const upward = { 'state/a.ts': `import type { P } from '../plan/b.ts'`, 'plan/b.ts': '' }
  assert.match(wrong(upward), /state\/a\.ts:1: state → plan is forbidden; state may import core serde/)
  assert.match(wrong({ 'core/a.ts': `const t = import('../serde/b.ts')`, 'serde/b.ts': '' }), /core → serde is forbidden/)
  assert.match(wrong({ 'core/a.ts': `new URL('../serde/b.ts', import.meta.url)`, 'serde/b.ts': '' }), /core → serde is forbidden/)
  assert.match(wrong({ 'serde/a.ts': `export * from '../index.ts'`, 'index.ts': '' }), /imports the door/)
})

test('W2: rings of files and of layers are found, type-only ones too', () => {
  const files = { 'core/a.ts': `import type { B } from './b.ts'`, 'core/b.ts': `import type { A } from './a.ts'` }
  assert.match(wrong(files), /ring of files: .*core\/a\.ts ↔ .*core\/b\.ts/)
  const layers = { 'serde/a.ts': `import '../state/b.ts'`, 'serde/c.ts': '', 'state/b.ts': `import '../serde/c.ts'` }
  assert.match(wrong(layers), /ring of layers: serde ↔ state/)
})

test('W3: Node, packages and computed imports stay outside', () => {
  assert.match(wrong({ 'state/a.ts': `import { readFileSync } from 'node:fs'` }), /only env, cli, server import Node's modules/)
  assert.match(wrong({ 'env/a.ts': `import 'fs'` }), /write 'node:fs'/)
  assert.match(wrong({ 'cli/a.ts': `import { z } from 'zod'` }), /the engine has no dependencies/)
  assert.match(wrong({ 'job/a.ts': `await import(url)` }), /computed name/)
  assert.match(wrong({ 'index.ts': `import 'node:fs'` }), /only env, cli, server/)
})

test('W4: tests are free, and no source imports them', () => {
  const files = { 'core/a.test.ts': `import 'node:test'; import 'fast-check'; import '../plan/b.ts'`, 'plan/b.ts': '' }
  assert.equal(wrong(files), '')
  assert.match(wrong({ 'core/a.test.ts': '', 'core/b.ts': `import './a.test.ts'` }), /imports the test/)
})

test('W5: the reference and the engine see nothing of each other', () => {
  assert.match(wrong({ '/reference/a.ts': `import 'millrace/host'` }), /reference\/ sees nothing of the engine/)
  assert.match(
    wrong({ '/reference/a.ts': `import '../packages/millrace/src/core/b.ts'`, 'core/b.ts': '' }),
    /reference\/ imports only itself/,
  )
  assert.match(wrong({ 'core/a.test.ts': `import '../../../../reference/b.ts'`, '/reference/b.ts': '' }), /a package imports reference\//)
  assert.match(wrong({ 'core/a.test.ts': `import 'millrace-reference'` }), /packages\/ see nothing of reference/)
})

test('W6: examples and other packages use the doors', () => {
  assert.match(wrong({ '/examples/a.ts': `import '../packages/millrace/src/core/b.ts'`, 'core/b.ts': '' }), /examples use the doors/)
  assert.match(wrong({ '/packages/kafka/src/a.ts': `import '../../millrace/src/core/b.ts'`, 'core/b.ts': '' }), /use its name/)
})

test('a file has a place: a layer that exists, a known door, at most three folders deep, and imports that exist', () => {
  assert.match(wrong({ 'helpers/a.ts': '' }), /'helpers' is no layer/)
  assert.match(wrong({ 'extra.ts': '' }), /no door/)
  assert.match(wrong({ 'core/a/b/c/d.ts': '' }), /4 folders below src/)
  assert.match(wrong({ 'core/a.ts': `import './b.js'` }), /does not exist; imports end in \.ts/)
})

test('the map shows sizes and both directions of an import', () => {
  const files = repository({ 'core/a.ts': 'x\ny\n', 'serde/b.ts': `import '../core/a.ts'\n`, 'serde/b.test.ts': 'z\n' })
  const map = drawMap(files, 'plain')
  assert.match(map, /^core +1 file, 2 lines\n(.*\n)*? +used by +serde$/m)
  assert.match(map, /^serde +1 file, 1 lines\n.*\n +imports +core/m)
  assert.match(map, /altogether +2 files, 3 lines, and 1 file, 1 lines of tests/)
  assert.match(drawMap(files, 'boxes'), /┌─ .*core.* 1 file, 2 lines ─┐/)
})
