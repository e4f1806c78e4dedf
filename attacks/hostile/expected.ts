/** What the job has to give, computed straight from its rows. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BUCKET_MS, EVERY_ROWS, LAST_ROWS, gapOf, rowOf, ROWS_PER_SPLIT, SPLITS, timeOf, type HostileRow } from './places.ts'

/** A job. */
export type JobName = 'job' | 'folds'
/** Sinks: the folder → its rows as JSON, sorted. */
type Rows = Readonly<Record<string, readonly string[]>>

type Found<Sink extends string> = Record<Sink, string[]>

function expectedRows<Sink extends string>(found: Found<Sink>, ofKey: OfKey<Sink>): Rows {
  for (let split = 0; split < SPLITS; split++) {
    const rows = Array.from({ length: ROWS_PER_SPLIT }, (_zero, n) => rowOf(split, n))
    for (const [key, own] of Map.groupBy(rows, (row) => row.key)) ofKey(key, own, found)
  }
  return found
}

type OfKey<Sink extends string> = (key: string, rows: readonly HostileRow[], found: Found<Sink>) => void

function ofJob(key: string, rows: readonly HostileRow[], found: Found<'history' | 'closed' | 'windows'>): void {
  let sum = 0
  for (const [index, { value }] of rows.entries()) found.history.push(JSON.stringify({ key, seq: index + 1, sum: (sum += 3 * value) }))
  for (const [bucket, inside] of Map.groupBy(rows, ({ at }) => Math.floor(at / BUCKET_MS))) {
    const [start, end] = [bucket * BUCKET_MS, (bucket + 1) * BUCKET_MS]
    const total = inside.reduce((all, { value }) => all + 3 * value, 0)
    found.windows.push(JSON.stringify({ key, window: { start, end }, count: inside.length, sum: total }))
    // With one split after the other the timer fires late: only then it has seen more of its key.
    found.closed.push(JSON.stringify({ key, end }))
  }
}

function ofFolds(key: string, rows: readonly HostileRow[], found: Found<'reduced' | 'slides' | 'sessions' | 'listed' | 'lasts'>): void {
  let value = 0
  for (const row of rows) found.reduced.push(JSON.stringify({ ...row, value: (value += row.value) }))
  const buckets = Map.groupBy(rows, (row) => Math.floor(timeOf(row) / BUCKET_MS))
  for (const [bucket, inside] of buckets)
    found.listed.push(JSON.stringify({ key, end: (bucket + 1) * BUCKET_MS, rows: inside.map(({ n }) => n) }))
  for (const first of new Set([...buckets.keys()].flatMap((bucket) => [bucket - 1, bucket]))) {
    const window = { start: first * BUCKET_MS, end: (first + 2) * BUCKET_MS }
    const total = [...(buckets.get(first) ?? []), ...(buckets.get(first + 1) ?? [])].reduce((sum, row) => sum + row.value, 0)
    found.slides.push(JSON.stringify({ key, window, total }))
  }
  for (const { start, end, inside } of sessionsOf(rows)) {
    const sum = inside.reduce((total, row) => total + row.value, 0)
    found.sessions.push(JSON.stringify({ key, window: { start, end }, count: inside.length, sum }))
  }
  for (let end = EVERY_ROWS; end <= rows.length; end += EVERY_ROWS) {
    const last = rows.slice(Math.max(0, end - LAST_ROWS), end)
    const largest = last.reduce((kept, row) => (row.value > kept.value ? row : kept))
    found.lasts.push(JSON.stringify({ key, total: last.reduce((sum, row) => sum + row.value, 0), largest }))
  }
}

interface Session {
  readonly start: number
  end: number
  readonly inside: HostileRow[]
}

/** In the order of their times a record is in the session before it, or begins one. */
function sessionsOf(rows: readonly HostileRow[]): readonly Session[] {
  const sessions: Session[] = []
  for (const row of rows.toSorted((a, b) => timeOf(a) - timeOf(b))) {
    const at = timeOf(row)
    const end = at + gapOf(row)
    const last = sessions.at(-1)
    if (last === undefined || at > last.end) sessions.push({ start: at, end, inside: [row] })
    else {
      last.inside.push(row)
      last.end = Math.max(last.end, end)
    }
  }
  return sessions
}

const EXPECTED: Readonly<Record<JobName, Rows>> = {
  job: expectedRows({ history: [], closed: [], windows: [] }, ofJob),
  folds: expectedRows({ reduced: [], slides: [], sessions: [], listed: [], lasts: [] }, ofFolds),
}

/** What is missing, doubled or wrong in the committed files, and what should not be there at all. */
export function differences(job: JobName, output: string): string[] {
  const wrong: string[] = []
  for (const [sink, expected] of Object.entries(EXPECTED[job])) {
    const rows = committed(join(output, sink)).map((line) => (sink === 'closed' ? withoutSeq(line) : line))
    const left = new Map<string, number>()
    for (const row of expected) left.set(row, (left.get(row) ?? 0) + 1)
    for (const row of rows) left.set(row, (left.get(row) ?? 0) - 1)
    for (const [row, count] of left) if (count !== 0) wrong.push(`${sink}: ${count > 0 ? 'missing' : 'doubled or wrong'} ${row}`)
  }
  return wrong
}

/** How many records its timer had seen depends on how the splits were mixed. */
function withoutSeq(line: string): string {
  const { key, end } = JSON.parse(line) as { readonly key: string; readonly end: number }
  return JSON.stringify({ key, end })
}

function committed(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
}
