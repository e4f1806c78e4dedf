import assert from 'node:assert/strict'
import { test } from 'node:test'
import { declarationsOf, doorOf } from './declarations.ts'

test('what a door exports, values and types', () => {
  const source = [
    '/** The door. */',
    "export { a, type B } from './a.js';",
    "export type { C, D, } from './c.js';",
    "export { e } from './e.js';",
  ].join('\n')
  assert.deepEqual(doorOf(source), {
    docs: 'The door.',
    exports: [
      { name: 'a', isType: false, from: './a.js' },
      { name: 'B', isType: true, from: './a.js' },
      { name: 'C', isType: true, from: './c.js' },
      { name: 'D', isType: true, from: './c.js' },
      { name: 'e', isType: false, from: './e.js' },
    ],
  })
})

test('declarations with their docstrings; overloads together; what is private to the file, not', () => {
  const source = [
    "import type { X } from './x.js';",
    '/** Not of anything exported. */',
    'declare const hidden: X;',
    'type Hidden = X;',
    '/**',
    ' * Runs.',
    ' *',
    ' * @throws {NO_SUCH} never',
    ' */',
    'export declare function run(job: URL): void;',
    'export declare function run<T>(job: T, options: {',
    '    readonly a: number;',
    '}): void;',
    '/** Data. */',
    'export interface Data {',
    '    /** A field. */',
    '    readonly field: string;',
    '}',
    'export type Bare = 1 | 2;',
    'export {};',
  ].join('\n')
  const found = declarationsOf(source)
  assert.deepEqual([...found.keys()], ['run', 'Data', 'Bare'])
  assert.deepEqual(found.get('run'), {
    name: 'run',
    docs: 'Runs.\n\n@throws {NO_SUCH} never',
    codes: ['function run(job: URL): void', 'function run<T>(job: T, options: {\n  readonly a: number\n}): void'],
  })
  assert.deepEqual(found.get('Data')?.codes, ['interface Data {\n  /** A field. */\n  readonly field: string\n}'])
  assert.equal(found.get('Bare')?.docs, '')
})
