import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importsOf } from './imports.ts'

const specifiers = (source: string): (string | undefined)[] => importsOf(source).map(({ specifier }) => specifier)

test('every way to import a file is seen', () => {
  assert.deepEqual(
    specifiers(`
      import a from './a.ts'
      import b, { type c as d } from "./b.ts"
      import * as e from './e.ts'
      import type { F } from './f.ts'
      import './g.ts'
      import h, * as i from './h.ts'
      import j from './j.json' with { type: 'json' }
      export * from './k.ts'
      export * as l from './l.ts'
      export { m, type n } from './m.ts'
      export type { O } from './o.ts'
      export type * from './p.ts'
      import {
        q,
      } from './q.ts'
      const r = await import('./r.ts')
      type S = import('./s.ts').S
      const t = require('./t.ts')
    `),
    ['a', 'b', 'e', 'f', 'g', 'h', 'j.json', 'k', 'l', 'm', 'o', 'p', 'q', 'r', 's', 't'].map((name) =>
      name.includes('.') ? `./${name}` : `./${name}.ts`,
    ),
  )
})

test('what only looks like an import is not one', () => {
  const source = `
    // import './a.ts'
    const x = "import './b.ts'"; const y = \`import './c.ts'\`
    const url = import.meta.url
    export const from = 1
    export { from }
    const z = { import: './d.ts', from: './e.ts' }; z.import('./f.ts')
    export type T = { from: 'x' }
  `
  assert.deepEqual(specifiers(source), [])
})

test('an import of a computed name is reported without a name', () => {
  assert.deepEqual(specifiers('import(url); import(`./${name}.ts`); import("./a" + b); import(`./b.ts`)'), [
    undefined,
    undefined,
    undefined,
    './b.ts',
  ])
})

test("a worker's entry, named by URL, is an edge of its own kind", () => {
  const edges = importsOf(
    `new Worker(new URL('./worker.ts', import.meta.url)); new URL('./data.json', import.meta.url); new URL('./a.ts', base)`,
  )
  assert.deepEqual(edges, [{ specifier: './worker.ts', kind: 'url', line: 1 }])
})
