import assert from 'node:assert/strict'
import { test } from 'node:test'
import { referencePage } from './page.ts'

test('a page: what a door is for, values, types, and tags after the code', () => {
  const docs = 'Does it.\n\n@param what what is done\n@throws {INVALID_JOB} when it cannot\n\n@example\nit(1)\n'
  const page = referencePage({
    specifier: 'millrace/x',
    docs: 'The door.',
    values: [
      { name: 'it', codes: ['function it(what: number): void'], docs },
      { name: 'Alone', codes: ['class Alone {}'], docs: '' },
    ],
    types: [],
  })
  const note = 'This page is made from the declarations of the package; `npm run format` writes it.'
  const fence = '```'
  assert.equal(
    page,
    [
      ...['# millrace/x', '', 'The door.', '', note, '', '## Functions and values', ''],
      ...['### Alone', '', `${fence}ts`, 'class Alone {}', fence, ''],
      ...['### it', '', 'Does it.', '', `${fence}ts`, 'function it(what: number): void', fence, ''],
      ...['- `what`: what is done', '', 'Throws [`INVALID_JOB`](../errors.md#invalid_job) when it cannot', ''],
      ...['Example:', '', `${fence}ts`, 'it(1)', fence, ''],
    ].join('\n'),
  )
})
