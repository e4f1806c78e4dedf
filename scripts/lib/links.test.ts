import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anchorsOf, linksOf } from './links.ts'

test('links within the repository, with line, file and anchor', () => {
  const page = [
    '# T',
    'See [one](a.md) and [`two`](../b.md#part).',
    '```sh',
    '[no](code.md)',
    '```',
    '[three](#here) [web](https://x.org) `[no](c.md)`',
  ].join('\n')
  assert.deepEqual(
    linksOf(page).map(({ label, line, file, anchor }) => [label, line, file, anchor]),
    [
      ['one', 2, 'a.md', undefined],
      ['`two`', 2, '../b.md', 'part'],
      ['three', 6, undefined, 'here'],
    ],
  )
})

test('headings as links call them', () => {
  const anchors = anchorsOf('# A title, of *one* `thing`\n## CHECKPOINT_CORRUPT\n## Again\n## Again\n```\n# no heading\n```\n')
  assert.deepEqual([...anchors], ['a-title-of-one-thing', 'checkpoint_corrupt', 'again', 'again-1'])
})
