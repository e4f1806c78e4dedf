/** The checks of windows: what the job commits passes, with late flights and windows that fired again; each kind of mistake is found. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { run } from 'millrace'
import type { Row, Verdict } from './findings.ts'
import type { Flight } from './flight.ts'
import job from './job.ts'
import { randomOf } from './random.ts'
import { type Expected, straightLine } from './straight-line.ts'
import { inOrderOfReport, temporaryFolder, writeRows } from './testing.ts'
import { committedFiles, type Verification, verify } from './verify.ts'

const SEED = Number(process.env['SEED'] ?? 1)
const OUTPUTS = ['accounts', 'alerts', 'hours', 'late', 'six-hours', 'bad-weather'] as const
type Output = (typeof OUTPUTS)[number]
type Rows = Readonly<Record<Output, readonly Row[]>>

const HOUR_MS = 3_600_000

interface Committed {
  readonly expected: Expected
  readonly rows: Rows
}

test(`what the job commits passes, also with late flights and windows that fire again (SEED=${SEED})`, async (t) => {
  const { verdicts, conservation, replaced } = verified(t, await committed(t), (rows) => rows)
  for (const verdict of verdicts) assert.deepEqual(counts(verdict), [0, 0, 0], `${verdict.name}: ${verdict.examples.join('\n')}`)
  assert.deepEqual(conservation.unequal, [])
  assert.equal(conservation.counted + conservation.late, verdicts[0]!.rows)
  assert.ok(conservation.late > 10, `only ${conservation.late} were late`)
  assert.ok(replaced.sixHours > 30 && replaced.badWeather > 3, JSON.stringify(replaced))
})

test('each mistake is found, and only where it is', async (t) => {
  const right = await committed(t)
  const mistakes: readonly (readonly [
    string,
    Output,
    (rows: readonly Row[]) => readonly Row[],
    counts: readonly number[],
    says: RegExp,
  ])[] = [
    ['a late flight twice', 'late', (rows) => [...rows, rows[5]!], [0, 1, 0], /doubled: late\/.*: counted in its hour, or again/],
    ['a late flight gone', 'late', (rows) => rows.toSpliced(5, 1), [1, 0, 0], /missing: neither counted in its hour nor among the late/],
    ['a late flight changed', 'late', (rows) => rows.with(5, { ...rows[5]!, delay: 9_999 }), [0, 0, 1], /: delay: /],
    ['an unknown late flight', 'late', (rows) => [...rows, { ...rows[5]!, id: 10_000_000 }], [0, 0, 1], /no such flight/],
    ['an hour again', 'hours', (rows) => [...rows, rows[5]!], [0, 1, 0], /doubled: hours\/.*: again/],
    ['an hour with a wrong count', 'hours', changed('flights', 77), [0, 0, 1], /: flights: /],
    ['an hour with a wrong sum', 'hours', changed('minutes', 77.5), [0, 0, 1], /: minutes: /],
    ['an hour with a wrong worst', 'hours', changed('worst', null), [0, 0, 1], /: worst: /],
    ['six hours again', 'six-hours', (rows) => rows.toSpliced(6, 0, rows[5]!), [0, 1, 0], /doubled: six-hours\/.*: again/],
    ['six hours gone', 'six-hours', (rows) => rows.filter((row) => !isOfWindow(row, rows[5]!)), [1, 0, 0], /no row, due is/],
    ['six hours not corrected', 'six-hours', withoutLast, [1, 0, 0], /the last row has \d+ flights, due is/],
    ['six hours back to what was', 'six-hours', backAgain, [0, 0, 1], /after a row with \d+ flights/],
    ['six hours with a wrong mean', 'six-hours', changed('average', 1.25), [0, 0, 1], /: average: /],
    ['six hours with too many flights', 'six-hours', changed('flights', 1_000_000), [0, 0, 1], /flights can be in it/],
    ['bad weather again', 'bad-weather', (rows) => [...rows, rows.at(-1)!], [0, 1, 0], /doubled: bad-weather\/.*: again/],
    ['bad weather gone', 'bad-weather', (rows) => rows.slice(0, -1), [1, 0, 0], /nowhere in bad-weather/],
    ['bad weather that began earlier', 'bad-weather', earlier, [1, 0, 1], /no such row is due/],
    ['bad weather with a wrong count', 'bad-weather', (rows) => rows.with(-1, { ...rows.at(-1)!, flights: 0 }), [0, 0, 1], /: flights: /],
    ['a merge that was lost', 'bad-weather', withoutMerge, [1, 0, 1], /nowhere in bad-weather/],
  ]
  for (const [what, output, change, expected, says] of mistakes) {
    const { verdicts } = verified(t, right, (rows) => ({ ...rows, [output]: change(rows[output]) }))
    const verdict = verdicts.find(({ name }) => name === output)
    assert.deepEqual(counts(verdict), expected, `${what}: ${verdict?.examples.join('\n')}`)
    assert.match(verdict?.examples.join('\n') ?? '', says, what)
    for (const other of verdicts) if (other.name !== output) assert.deepEqual(counts(other), [0, 0, 0], `${what}: ${other.name}`)
  }
})

test('a flight that is counted in its hour and among the late, and one that is in neither', async (t) => {
  const right = await committed(t)
  const placeOf = (flight: Flight): number =>
    right.rows.hours.findIndex((row) => row['key'] === flight.origin && windowStart(row) === hourOf(flight))
  // One whose hour has come out with others.
  const late = (right.rows.late as unknown as Flight[]).find((flight) => placeOf(flight) >= 0)!
  const at = placeOf(late)
  const hour = right.rows.hours[at] as unknown as { flights: number; minutes: number; worst: number; ids: number[] }
  const { flights, minutes, worst, ids } = hour
  const counted = {
    ...right.rows.hours[at]!,
    flights: flights + 1,
    minutes: minutes + late.delay,
    worst: Math.max(worst, late.delay),
    ids: [...ids, late.id],
  }
  const both = verified(t, right, (rows) => ({ ...rows, hours: rows.hours.with(at, counted) }))
  assert.deepEqual(counts(both.verdicts[3]), [0, 1, 0])
  assert.equal(both.conservation.unequal.length, 1)
  const [, airport, found, due] = /^(\w+) \d{4}-.*: (\d+) of (\d+) flights$/.exec(both.conservation.unequal[0]!) ?? []
  assert.deepEqual([airport, Number(found)], [late.origin, Number(due) + 1])

  const gone = verified(t, right, (rows) => ({ ...rows, hours: rows.hours.toSpliced(at, 1) }))
  assert.equal(lost(gone), flights)
  assert.match(gone.verdicts[2]!.examples[0]!, /^missing: flight \d+ is in no hour and was in time$/)
  assert.equal(gone.conservation.unequal.length, 1)

  const longer = { start: windowStart(right.rows.hours[at]!), end: windowStart(right.rows.hours[at]!) + 2 * HOUR_MS }
  const other = verified(t, right, (rows) => ({ ...rows, hours: rows.hours.with(at, { ...rows.hours[at]!, window: longer }) }))
  assert.equal(lost(other), flights)
  assert.match(other.verdicts[2]!.examples.join('\n'), /^wrong: hours\/.*: no such row is due/)
})

/** Flights that are neither in their hour nor among the late; of those in an hour some may not have been in time. */
const lost = ({ verdicts }: Verification): number => verdicts[2]!.missing + verdicts[3]!.missing

function changed(field: string, value: unknown): (rows: readonly Row[]) => readonly Row[] {
  // The last row of the last window: none corrects it.
  return (rows) => rows.with(-1, { ...rows.at(-1)!, [field]: value })
}

const earlier = (rows: readonly Row[]): readonly Row[] => {
  const last = rows.at(-1)!
  return rows.with(-1, { ...last, window: { start: windowStart(last) - 1, end: (last['window'] as { end: number }).end } })
}

/** Without the newest row of a window that has several. */
function withoutLast(rows: readonly Row[]): readonly Row[] {
  const at = rows.findLastIndex((row, index) => rows.slice(0, index).some((before) => isOfWindow(before, row)))
  return rows.toSpliced(at, 1)
}

/** The row before it once more. */
function backAgain(rows: readonly Row[]): readonly Row[] {
  const at = rows.findLastIndex((row, index) => rows.slice(0, index).some((before) => isOfWindow(before, row)))
  const before = rows.slice(0, at).findLast((row) => isOfWindow(row, rows[at]!))!
  return rows.toSpliced(at + 1, 0, before)
}

/** Without the row of two stretches that became one. */
function withoutMerge(rows: readonly Row[]): readonly Row[] {
  const isReplaced = (row: Row): boolean => rows.some((other) => other !== row && covers(other, row))
  const at = rows.findLastIndex(
    (row, index) =>
      !isReplaced(row) &&
      rows.slice(0, index).filter((before) => covers(row, before)).length === 1 &&
      !rows.slice(0, index).some((before) => isOfWindow(before, row)),
  )
  assert.ok(at >= 0)
  return rows.toSpliced(at, 1)
}

function covers(outer: Row, inner: Row): boolean {
  const [a, b] = [outer['window'], inner['window']] as [{ start: number; end: number }, { start: number; end: number }]
  return outer['key'] === inner['key'] && a.start <= b.start && a.end >= b.end
}

const windowStart = (row: Row): number => (row['window'] as { start: number }).start
const hourOf = ({ at }: Flight): number => at - (at % HOUR_MS)
const isOfWindow = (row: Row, other: Row): boolean => row['key'] === other['key'] && windowStart(row) === windowStart(other)

let made: Promise<Committed> | undefined

/** The job itself over a month of flights from four airports; run once. */
function committed(t: TestContext): Promise<Committed> {
  made ??= commit(temporaryFolder(t))
  return made
}

async function commit(folder: string): Promise<Committed> {
  const random = randomOf(SEED, 'windows')
  for (const [file, airports] of [
    ['ORD', 'BOS'],
    ['LAX', 'JFK'],
  ].entries()) {
    const flights = Array.from({ length: 4_000 }, (_, index): Flight => flightOf(random, file * 4_000 + index, airports))
    writeRows(join(folder, 'input'), `flights-${file}.jsonl`, inOrderOfReport(flights))
  }
  const config = { input: join(folder, 'input'), output: join(folder, 'output') }
  await run(job, { config, checkpoints: { storage: join(folder, 'checkpoints'), every: 50 } })
  const rows = Object.fromEntries(OUTPUTS.map((output) => [output, rowsOf(join(config.output, output))])) as unknown as Rows
  return { expected: straightLine(config.input), rows }
}

function flightOf(random: () => number, id: number, airports: readonly string[]): Flight {
  const at = Math.floor(random() * 30 * 24 * 60) * 60_000
  const lag = random() < 0.05 ? Math.floor((1 + random() * 4) * 1_440) : Math.floor(random() * 180)
  const delay = Math.floor(random() * random() * 200) - 20
  return { id, at, origin: airports[Math.floor(random() * 2)]!, destination: 'STL', delay, distance: 258, lag }
}

function rowsOf(folder: string): readonly Row[] {
  const text = committedFiles(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  return text
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
}

function verified(t: TestContext, { expected, rows }: Committed, change: (rows: Rows) => Rows): Verification {
  const folder = temporaryFolder(t)
  for (const [output, changedRows] of Object.entries(change(rows))) writeRows(join(folder, output), 'part-1.jsonl', changedRows)
  return verify(folder, expected)
}

function counts(verdict: Verdict | undefined): number[] {
  return [verdict!.missing, verdict!.doubled, verdict!.wrong]
}
