import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPackedPage, packedPage } from './pages.ts'

test('pages for users are packed, pages about work on Millrace are not', () => {
  for (const path of ['README.md', 'LICENSE', 'llms.txt', 'docs/cli.md', 'docs/reference/files.md']) assert.ok(isPackedPage(path), path)
  for (const path of ['CONTRIBUTING.md', 'docs/design/001-log.md', 'packages/millrace/LICENSE', 'reference/README.md'])
    assert.ok(!isPackedPage(path), path)
})

test('a link to what is not packed becomes text, others stay', () => {
  const packed = new Set(['README.md', 'docs/cli.md', 'docs/errors.md'])
  assert.equal(
    packedPage('README.md', '[a](docs/cli.md#x), [b](examples), [c](https://x.org) and [d](#here)\n', packed),
    '[a](docs/cli.md#x), b, [c](https://x.org) and [d](#here)\n',
  )
  assert.equal(
    packedPage('docs/cli.md', '[e](errors.md) [f](../README.md) [g](../CONTRIBUTING.md)', packed),
    '[e](errors.md) [f](../README.md) g',
  )
})
