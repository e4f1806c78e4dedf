import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../lib/attack.ts'
import { catalogue } from './catalogue.ts'
import { withTable } from './guarantees.ts'

const read = (path: string): string => readFileSync(join(root, path), 'utf8')

test('GUARANTEES.md has the table that docs/planted.md gives', () => {
  const guarantees = read('GUARANTEES.md')
  assert.ok(withTable(guarantees, read('docs/planted.md')) === guarantees, 'npm run attack -- planted --page 1 writes both')
})

test('each rule of the page is in the table, or among those without a mistake', () => {
  const planted = read('docs/planted.md')
  const table = withTable(read('GUARANTEES.md'), planted)
  const ids = catalogue.map(({ id }) => id).filter((id) => planted.includes(`\n| ${id} |`))
  assert.ok(ids.length > 60)
  const without = /which\n\[the full page\]\(docs\/planted\.md\) gives: (.*)\./.exec(table)?.[1]?.split(', ') ?? []
  for (const id of ids) assert.ok(table.includes(`\n| ${id} |`) !== without.includes(id), id)
  assert.throws(() => withTable('no place', planted), /has no lines/)
})
