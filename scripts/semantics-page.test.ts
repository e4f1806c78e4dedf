/** docs/semantics.md says `same` only where something tries it: each test that a row names exists and, where ids are owed, cites the id. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readText, repositoryFiles } from './lib/files.ts'

/** Issue and rules owe a test by id for these sections. */
const OWED = /^(WM|ID|WA|WO|SM|TR|EV|DS|PT|PF|TM|SE|TS|KG|RS|TP|CP)-/
const ATTACKS = new Set(['state', 'sim'])

interface Row {
  readonly id: string
  readonly we: string
  /** Of the last column. */
  readonly tests: readonly string[]
}

const paths = repositoryFiles()
const rows = readText('docs/semantics.md')
  .split('\n')
  .flatMap((line): Row[] => {
    const [id, , we, why] = line
      .split(/(?<!\\)\|/)
      .slice(1)
      .map((cell) => cell.trim())
    if (id === undefined || !/^[A-Z]{2}-\d+$/.test(id)) return []
    const tests = (why ?? '')
      .split(/[;,] |\s\(/)
      .filter((word) => /^[a-z-]+\/[a-z.-]+$/.test(word) || word === 'oracle' || ATTACKS.has(word))
    return [{ id, we: we ?? '', tests }]
  })

function cites(tests: string, id: string): boolean {
  const files =
    tests === 'oracle' ? paths.filter((path) => /^reference\/.*\.test\.ts$/.test(path)) : [`packages/millrace/src/${tests}.test.ts`]
  return files.some((path) => new RegExp(`\\b${id}\\b`).test(readText(path)))
}

test('each row has one of the four answers', () => {
  assert.ok(rows.length > 200, `${rows.length} rows`)
  for (const { id, we } of rows) assert.match(we, /^(same|differ|later|not ours)$/, id)
})

test('what is called the same is tried by what the row names, by its id where that is owed', () => {
  for (const { id, we, tests } of rows) {
    for (const name of tests) {
      if (ATTACKS.has(name)) assert.ok(paths.includes(`attacks/${name}/main.ts`), `${id}: there is no attack ${name}`)
      else if (name !== 'oracle') assert.ok(paths.includes(`packages/millrace/src/${name}.test.ts`), `${id}: there is no test ${name}`)
    }
    if (we !== 'same') continue
    assert.ok(tests.length > 0, `${id} is called the same, and names nothing that tries it`)
    if (OWED.test(id))
      assert.ok(
        tests.some((name) => !ATTACKS.has(name) && cites(name, id)),
        `${id}: none of ${tests.join(', ')} cites it`,
      )
  }
})
