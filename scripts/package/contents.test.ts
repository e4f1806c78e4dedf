import assert from 'node:assert/strict'
import { test } from 'node:test'
import { surprisesIn } from './contents.ts'

const file = (path: string, size = 10): { path: string; size: number } => ({ path, size })
const right = [
  ...['LICENSE', 'README.md', 'package.json', 'llms.txt', 'docs/errors.md', 'bin/millrace.mjs'],
  ...[
    'dist/index.js',
    'dist/index.d.ts',
    'dist/cli/main.js',
    'dist/cli/main.d.ts',
    'dist/state/heap-state.js',
    'dist/state/heap-state.d.ts',
  ],
].map((path) => file(path))

test('what belongs into the package is no surprise', () => {
  assert.deepEqual(surprisesIn(right), [])
})

test('tests, sources, maps and pages about our own work are surprises', () => {
  const strange = [
    'dist/state/heap-state.test.js',
    'dist/index.js.map',
    'dist/index.ts',
    'dist/nonsense/a.js',
    'dist/main.js',
    'docs/design/001-log.md',
    'src/index.ts',
    'tsconfig.json',
    '.npmrc',
  ]
  for (const path of strange)
    assert.deepEqual(surprisesIn([...right, file(path)]).slice(0, 1), [`${path}: nothing expects it in the package`])
})

test('what is missing, alone, empty or too large is named', () => {
  assert.deepEqual(surprisesIn(right.filter(({ path }) => path !== 'LICENSE')), ['LICENSE: is missing'])
  assert.deepEqual(surprisesIn(right.filter(({ path }) => path !== 'dist/state/heap-state.d.ts')), [
    'dist/state/heap-state.js: without dist/state/heap-state.d.ts',
  ])
  assert.deepEqual(surprisesIn([...right, file('docs/cli.md', 0)]), ['docs/cli.md: is empty'])
  assert.match(surprisesIn([...right, file('docs/cli.md', 4e6)]).join(), /is the limit/)
})
