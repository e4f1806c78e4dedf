/**
 * What the sequence job has to give, computed straight from the input by a loop that knows no state, timers or watermarks, and
 * the comparison of committed files with it: row by row, nothing missing, nothing twice, nothing else, in order per key.
 */
import { filesOf, type Committed } from './committed.ts'
import { rowsOf, type InputRow, type InputShape } from './sequence-input.ts'
import { bucketEndOf, LIST_LENGTH, mixed, SILENCE_MS, sinksOf, TTL_MS, type History } from './sequence-job.ts'

/** Of one sink: what names a row → the row as JSON. */
export type Expected = ReadonlyMap<string, ReadonlyMap<string, string>>
export interface Difference {
  rows: number
  missing: number
  doubled: number
  wrong: number
  /** A few of them. */
  readonly examples: string[]
}

export function expectedOf(shape: InputShape, wide: boolean, has: (sink: string) => boolean = () => true): Expected {
  const sinks = new Map(
    sinksOf(wide)
      .filter(has)
      .map((sink) => [sink, new Map<string, string>()]),
  )
  const put = (sink: string, name: string, row: unknown): void => void sinks.get(sink)?.set(name, JSON.stringify(row))
  for (let file = 0; file < shape.files; file++) {
    const inOrder = rowsOf(shape, file).filter((row) => row.stray !== true)
    const byKey = Map.groupBy(inOrder, (row) => row.key)
    for (const [key, rows] of byKey) straightLine(key, rows, put, wide)
  }
  return sinks
}

type Put = (sink: string, name: string, row: unknown) => void

function straightLine(key: string, rows: readonly InputRow[], put: Put, wide: boolean): void {
  let hash = 17
  let list: number[] = []
  for (const [index, { at, value }] of rows.entries()) {
    const seq = index + 1
    hash = mixed(hash, value)
    list = list.length >= LIST_LENGTH ? [value] : [...list, value]
    put('history', `${key} ${seq}`, { key, seq, hash, latest: list.reduce((sum, each) => sum + each, 0) })
    const next = rows[seq]
    if (next === undefined || next.at > at + SILENCE_MS) put('silences', `${key} ${at + SILENCE_MS}`, { key, since: at + SILENCE_MS, seq })
  }
  for (const [end, inside] of Map.groupBy(rows, (row) => bucketEndOf(row.at))) {
    put('buckets', `${key} ${end}`, { key, end, count: inside.length, hash: inside.reduce((mix, { value }) => mixed(mix, value), 0) })
  }
  if (wide) aggregates(key, rows, put)
}

function aggregates(key: string, rows: readonly InputRow[], put: Put): void {
  let sum = 0
  let best: InputRow[] = []
  for (const [index, row] of rows.entries()) {
    sum += row.value
    put('sums', `${key} ${row.n}`, { ...row, value: sum })
    // The one that came first wins among equals.
    best = [...best, row].sort((a, b) => b.value - a.value || a.n - b.n).slice(0, 3)
    put('statistics', `${key} ${index + 1}`, { key, count: index + 1, best, last: row })
  }
}

const nameOf: Readonly<Record<string, (row: Readonly<Record<string, unknown>>) => string>> = {
  history: (row) => `${row['key']} ${row['seq']}`,
  buckets: (row) => `${row['key']} ${row['end']}`,
  silences: (row) => `${row['key']} ${row['since']}`,
  sums: (row) => `${row['key']} ${row['n']}`,
  statistics: (row) => `${row['key']} ${row['count']}`,
}

/** `isPartial`: the job has not ended, so that rows may still be missing. */
export function compare(expected: Expected, committed: readonly Committed[], isPartial: boolean = false): Difference {
  const found: Difference = { rows: 0, missing: 0, doubled: 0, wrong: 0, examples: [] }
  for (const [sink, rows] of expected) {
    compareSink(sink, rows, filesOf(committed, sink), found)
    if (isPartial) found.missing = 0
  }
  return found
}

function compareSink(sink: string, expected: ReadonlyMap<string, string>, files: readonly Committed[], found: Difference): void {
  const seen = new Set<string>()
  const latest = new Map<string, History>()
  const note = (kind: 'missing' | 'doubled' | 'wrong', what: string): void => {
    found[kind]++
    if (found.examples.length < 8) found.examples.push(`${sink}: ${kind} ${what}`)
  }
  for (const { name: file, text } of files) {
    for (const line of text.split('\n')) {
      if (line === '') continue
      found.rows++
      const row = JSON.parse(line) as Record<string, unknown>
      const name = (nameOf[sink] as (typeof nameOf)[string])(row)
      if (seen.has(name)) note('doubled', `${line} in ${file}`)
      else if (!isRight(sink, row, expected.get(name), latest)) note('wrong', `${line} in ${file} instead of ${expected.get(name)}`)
      seen.add(name)
    }
  }
  for (const [name, row] of expected) if (!seen.has(name)) note('missing', `${name} ${row}`)
}

function isRight(
  sink: string,
  row: Readonly<Record<string, unknown>>,
  expected: string | undefined,
  latest: Map<string, History>,
): boolean {
  if (sink !== 'history') return JSON.stringify(row) === expected
  const { recent, now, ...rest } = row as unknown as History
  const before = latest.get(rest.key)
  latest.set(rest.key, row as unknown as History)
  // ORDER: the rows of a key come in order.
  return rest.seq === (before?.seq ?? 0) + 1 && isRecent(recent, now, before) && JSON.stringify(rest) === expected
}

/** So close to the end of the TTL either is right: the clock is read more than once. */
const CLOSE_MS = 1_000

function isRecent(recent: number | null, now: number, before: History | undefined): boolean {
  if (before === undefined) return recent === null
  const leftMs = before.now + TTL_MS - now
  return Math.abs(leftMs) < CLOSE_MS ? recent === null || recent === before.seq : recent === (leftMs > 0 ? before.seq : null)
}
