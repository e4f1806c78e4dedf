import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blocksOf, docstringBlocks } from './doc-blocks.ts'

const page = (...lines: string[]): string => lines.join('\n')

test('blocks come with their language, their line and what is to be done with them', () => {
  const { blocks, problems } = blocksOf(
    page(
      '# A',
      '```ts',
      'run()',
      '```',
      '',
      '```ts no-run',
      'look()',
      '```',
      '```ts file=job.ts',
      'write()',
      '```',
      '```sh',
      'millrace',
      '```',
      '```',
      'text',
      '```',
    ),
  )
  assert.deepEqual(problems, [])
  assert.deepEqual(blocks, [
    { language: 'ts', code: 'run()\n', line: 3, isRun: true, file: undefined },
    { language: 'ts', code: 'look()\n', line: 7, isRun: false, file: undefined },
    { language: 'ts', code: 'write()\n', line: 10, isRun: false, file: 'job.ts' },
    { language: 'sh', code: 'millrace\n', line: 13, isRun: true, file: undefined },
    { language: '', code: 'text\n', line: 16, isRun: true, file: undefined },
  ])
})

test('an indented block loses its indentation, a longer fence holds a shorter one', () => {
  const { blocks } = blocksOf(page('- a', '  ```ts', '  if (x) {', '    y()', '  }', '  ```', '````text', '```ts', '```', '````'))
  assert.deepEqual(
    blocks.map(({ code }) => code),
    ['if (x) {\n  y()\n}\n', '```ts\n```\n'],
  )
})

test('a block that would slip past the tests is a problem', () => {
  assert.match(blocksOf(page('```typescript', 'x', '```')).problems.join(), /1: language 'typescript'/)
  assert.match(blocksOf(page('```bash', 'x', '```')).problems.join(), /write ts, sh/)
  assert.match(blocksOf(page('```ts norun', 'x', '```')).problems.join(), /unknown option 'norun'/)
  assert.match(blocksOf(page('a', '```ts', 'x')).problems.join(), /2: this block is never closed/)
  assert.match(blocksOf(page('```ts file=../x.ts', 'x', '```')).problems.join(), /leaves the page's folder/)
})

const docstring = (source: string) => docstringBlocks('packages/p/src/core/time.ts', source, '.data/doc-tests/x')

test('an example in a docstring sees the exports of its file', () => {
  const [block, ...others] = docstring(`
/**
 * Adds.
 * @example
 * assert(plus(1, 2) === 3)
 * @since 1
 */
export function plus(a: number, b: number): number { return a + b }
export const minus = 1
`)
  assert.equal(others.length, 0)
  assert.equal(block?.code, `import { plus } from '../../../packages/p/src/core/time.ts'\nassert(plus(1, 2) === 3)\n`)
  assert.equal(block.isRun, true)
})

test('an example with imports of its own keeps them, relative ones mean the file they stand in', () => {
  const [block] = docstring(`
/**
 * @example
 * \`\`\`ts no-run
 * import { x } from '../serde/x.ts'
 * import { y } from 'millrace'
 * x(y)
 * \`\`\`
 */
export const a = 1
`)
  assert.equal(block?.code, `import { x } from '../../../packages/p/src/serde/x.ts'\nimport { y } from 'millrace'\nx(y)\n`)
  assert.equal(block.isRun, false)
})

test('a comment without an example gives nothing, an example in a string neither', () => {
  assert.deepEqual(docstring(`/** Nothing. */\nexport const a = '/** @example x */'\n// @example y`), [])
})
