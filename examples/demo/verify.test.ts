/** The verification finds each kind of mistake; a demo that could not would prove nothing. */
import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { AccountRow } from './account.ts'
import { randomOf } from './random.ts'
import { type Expected, straightLine } from './straight-line.ts'
import { flightsOutOfOrder, temporaryFolder, writeRows } from './testing.ts'
import type { Verdict } from './findings.ts'
import { verify } from './verify.ts'

interface Output {
  readonly folder: string
  readonly expected: Expected
  readonly accounts: readonly AccountRow[]
}

test('a right output passes, and what is not committed does not count', (t) => {
  const output = rightOutput(t)
  writeFileSync(join(output.folder, 'accounts', '.part-3.open'), 'half a ro')
  const [accounts, alerts] = verify(output.folder, output.expected).verdicts
  assert.deepEqual(accounts, { name: 'accounts', files: 2, rows: 120, missing: 0, doubled: 0, wrong: 0, examples: [] })
  assert.deepEqual({ ...alerts, rows: 0 }, { name: 'alerts', files: 1, rows: 0, missing: 0, doubled: 0, wrong: 0, examples: [] })
  assert.ok(alerts!.rows > 0)
})

test('nothing committed: every row is missing', (t) => {
  const { expected } = rightOutput(t)
  const [accounts, alerts] = verify(temporaryFolder(t), expected).verdicts
  assert.deepEqual(counts(accounts), [120, 0, 0])
  assert.deepEqual(counts(alerts), [expected.alerts.length, 0, 0])
})

test('a missing row', (t) => {
  const verdict = verifyAccounts(t, (rows) => rows.filter((_, index) => index !== 50))
  assert.deepEqual(counts(verdict), [1, 0, 0])
  assert.match(verdict.examples[0] ?? '', /^missing: nowhere in accounts: \{"airport":"[A-Z]{3}","seq":/)
})

test('a doubled row, at its place and at the end', (t) => {
  for (const place of [51, 120]) {
    const verdict = verifyAccounts(t, (rows) => rows.toSpliced(place, 0, rows[50]!))
    assert.deepEqual(counts(verdict), [0, 1, 0])
    assert.match(verdict.examples[0] ?? '', /^doubled: accounts\/part-2\.jsonl:\d+: again: /)
  }
})

test('a changed row, whatever changed', (t) => {
  for (const change of [{ airport: 'XXX' }, { seq: 1_000 }, { delay: -1 }, { distance: 0.5 }, { hash: 5 }, { hash: null }, { extra: 1 }]) {
    const verdict = verifyAccounts(t, (rows) => rows.map((row, index) => (index === 50 ? { ...row, ...change } : row)))
    assert.deepEqual(counts(verdict), [0, 0, 1], JSON.stringify(change))
    assert.ok(verdict.examples[0]!.includes(`: ${Object.keys(change)[0]}: `))
  }
})

test('a row with a field less', (t) => {
  const verdict = verifyAccounts(t, (rows) => rows.map((row, index) => (index === 50 ? { ...row, hash: undefined } : row)))
  assert.deepEqual(counts(verdict), [0, 0, 1])
})

test('a row that was never due', (t) => {
  for (const id of [120, 1_000_000, -1, 0.5, null]) {
    const verdict = verifyAccounts(t, (rows) => [...rows, { ...rows[0], id: id ?? 'seven' }])
    assert.deepEqual(counts(verdict), [0, 0, 1], String(id))
  }
})

test('two rows of an airport in the wrong order', (t) => {
  const verdict = verifyAccounts(t, (rows) => {
    const airport = rows[50]!.airport
    const next = rows.findIndex((row, index) => index > 50 && row.airport === airport)
    return rows.with(50, rows[next]!).with(next, rows[50]!)
  })
  assert.deepEqual(counts(verdict), [0, 0, 1])
  assert.match(verdict.examples[0] ?? '', /after a later row of its airport/)
})

test('a committed file that ends inside a row, and one that holds no JSON', (t) => {
  const output = rightOutput(t)
  appendFileSync(join(output.folder, 'accounts', 'part-2.jsonl'), '{"airport":"BOS","se')
  assert.deepEqual(counts(verify(output.folder, output.expected).verdicts[0]), [0, 0, 1])
  writeFileSync(join(output.folder, 'accounts', 'part-3.jsonl'), 'null\nrubbish\n[]\n')
  assert.deepEqual(counts(verify(output.folder, output.expected).verdicts[0]), [0, 0, 4])
})

test('a missing, a doubled and a changed alert', (t) => {
  const output = rightOutput(t)
  const [first, second, third, ...rest] = output.expected.alerts
  writeRows(join(output.folder, 'alerts'), 'part-1.jsonl', [second, { ...third, run: 99 }, second, ...rest])
  const [, alerts] = verify(output.folder, output.expected).verdicts
  assert.deepEqual(counts(alerts), [1, 1, 1])
  assert.ok(alerts!.examples.some((example) => example.includes(JSON.stringify(first))))
})

function verifyAccounts(t: TestContext, change: (rows: readonly AccountRow[]) => readonly unknown[]): Verdict {
  const output = rightOutput(t)
  const rows = change(output.accounts)
  writeRows(join(output.folder, 'accounts'), 'part-1.jsonl', rows.slice(0, 40))
  writeRows(join(output.folder, 'accounts'), 'part-2.jsonl', rows.slice(40))
  const [accounts, alerts] = verify(output.folder, output.expected).verdicts
  assert.deepEqual(counts(alerts), [0, 0, 0])
  return accounts!
}

/** What a right job commits for a few flights of two airports. */
function rightOutput(t: TestContext): Output {
  const folder = temporaryFolder(t)
  const random = randomOf(1, 'verify')
  writeRows(join(folder, 'input'), 'flights-0.jsonl', flightsOutOfOrder(random, 60, 0, 'ORD'))
  writeRows(join(folder, 'input'), 'flights-1.jsonl', flightsOutOfOrder(random, 60, 60, 'BOS'))
  const expected = straightLine(join(folder, 'input'))
  assert.ok(expected.alerts.length >= 3)
  const accounts = accountRows(expected)
  writeRows(join(folder, 'accounts'), 'part-1.jsonl', accounts.slice(0, 40))
  writeRows(join(folder, 'accounts'), 'part-2.jsonl', accounts.slice(40))
  writeRows(join(folder, 'alerts'), 'part-1.jsonl', expected.alerts)
  return { folder, expected, accounts }
}

/** By position within the airport, so that the airports alternate. */
function accountRows({ accounts, airports }: Expected): AccountRow[] {
  const { airport, seq, delay, distance, hash } = accounts
  const rows = Array.from({ length: accounts.count }, (_, id) => ({
    airport: airports[airport[id]!]!,
    seq: seq[id]!,
    id,
    delay: delay[id]!,
    distance: distance[id]!,
    hash: hash[id]!,
  }))
  return rows.toSorted((a, b) => a.seq - b.seq)
}

function counts(verdict: Verdict | undefined): number[] {
  return [verdict!.missing, verdict!.doubled, verdict!.wrong]
}
