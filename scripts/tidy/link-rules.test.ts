import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkLinks } from './link-rules.ts'

const files: Readonly<Record<string, string>> = { 'README.md': '# Title\n## A part\n', 'docs/a.md': '# A\n', 'examples/01/job.ts': '' }
const repository = { paths: new Set(Object.keys(files)), read: (path: string) => files[path] as string }

test('links to files, folders and headings', () => {
  const text = '[a](a.md) [b](../README.md#a-part) [c](../examples/01) [d](#a) [e](https://x.org/nope)'
  assert.deepEqual(checkLinks('docs/a.md', text, repository), [])
})

test('a link that leads nowhere is named with its line', () => {
  assert.deepEqual(
    checkLinks('docs/a.md', '# A\n[a](README.md) [b](../README.md#no-part) [c](#b) [d](../examples/01/job.ts#L1)', repository),
    [
      'docs/a.md:2: there is no docs/README.md',
      'docs/a.md:2: README.md has no heading #no-part',
      'docs/a.md:2: docs/a.md has no heading #b',
      'docs/a.md:2: examples/01/job.ts has no heading #L1',
    ],
  )
})
