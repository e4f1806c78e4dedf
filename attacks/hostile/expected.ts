/** What the job has to give, computed straight from its rows. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BUCKET_MS, rowOf, ROWS_PER_SPLIT, SPLITS, type HostileRow } from './places.ts'

/** Sinks: the folder → its rows as JSON, sorted. */
type Rows = Readonly<Record<string, readonly string[]>>

function expectedRows(): Rows {
  const found = { history: [] as string[], closed: [] as string[], windows: [] as string[] }
  for (let split = 0; split < SPLITS; split++) {
    const rows = Array.from({ length: ROWS_PER_SPLIT }, (_zero, n) => rowOf(split, n))
    for (const [key, own] of Map.groupBy(rows, (row) => row.key)) ofKey(key, own, found)
  }
  return { history: found.history.sort(), closed: found.closed.sort(), windows: found.windows.sort() }
}

function ofKey(key: string, rows: readonly HostileRow[], found: Record<'history' | 'closed' | 'windows', string[]>): void {
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

const EXPECTED = expectedRows()

/** What is missing, doubled or wrong in the committed files, and what should not be there at all. */
export function differences(output: string): string[] {
  const wrong: string[] = []
  for (const [sink, expected] of Object.entries(EXPECTED)) {
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
