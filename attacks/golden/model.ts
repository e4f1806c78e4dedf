/** What the golden job has to give, row by row: plain loops over its input that know nothing of the engine. */
import { byName, COUNT, DAY_MS, GAP_MS, goldenRows, SLIDE_MS, SLIDING_MS, TUMBLING_MS, type GoldenRow } from './job.ts'

const ALARM_MS = Date.UTC(2010, 0, 1)

export interface Expected {
  readonly each: readonly string[]
  readonly open: readonly string[]
}

/** Lines of both sinks, sorted: the order of rows of different keys is not settled. */
export function expectedOutput(): Expected {
  const each: unknown[] = []
  const open: unknown[] = []
  for (const [key, rows] of Map.groupBy(goldenRows(), (row) => row.key)) {
    each.push(...recordsOf(key, rows), ...timersOf(key, rows), ...runningOf(key, rows))
    open.push(...fixedWindows('tumbling', key, rows, TUMBLING_MS, TUMBLING_MS), ...fixedWindows('sliding', key, rows, SLIDING_MS, SLIDE_MS))
    open.push(...sessionsOf(key, rows), ...countsOf(key, rows))
  }
  return { each: sorted(each), open: sorted(open) }
}

function sorted(rows: readonly unknown[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort()
}

function recordsOf(key: string, rows: readonly GoldenRow[]): unknown[] {
  return rows.map((row, index) => {
    const before = rows.slice(0, index)
    const last = before.at(-1)
    const map = byName(
      Map.groupBy(before, ({ n }) => `m${n % 4}`),
      (of) => of.length,
    )
    const dates = byName(
      Map.groupBy(before, ({ n }) => n % 3),
      (of) => of.at(-1)?.at,
    )
    return [
      'record',
      key,
      row.n,
      [before.reduce((sum, { n }) => sum + n, 0), last?.n ?? null, before.map(({ n }) => n), map],
      [last === undefined ? 'null' : String(BigInt(last.n) << 64n), before.map(({ n }) => `ñ${n}`), dates],
      last === undefined ? [null, null] : [last.at + DAY_MS, ALARM_MS + last.n],
    ]
  })
}

/** Event timers come at the end of all input; those in processing time never do. */
function timersOf(key: string, rows: readonly GoldenRow[]): unknown[] {
  const last = rows.at(-1) as GoldenRow
  return [['due', key, last.at + DAY_MS], ...rows.map(({ at }) => ['dues', key, at + 2 * DAY_MS])]
}

function runningOf(key: string, rows: readonly GoldenRow[]): unknown[] {
  return rows.flatMap((_row, index) => {
    const until = rows.slice(0, index + 1)
    const best = until.map(({ n }) => n).sort((a, b) => b - a)
    return [
      ['sum', key, until.reduce((sum, { n }) => sum + n, 0)],
      ['statistics', key, until.length, best.slice(0, 2)],
    ]
  })
}

function fixedWindows(name: string, key: string, rows: readonly GoldenRow[], sizeMs: number, slideMs: number): unknown[] {
  const last = rows.at(-1) as GoldenRow
  const found: unknown[] = []
  for (let start = slideMs - sizeMs; start <= last.at; start += slideMs) {
    const inside = rows.filter(({ at }) => at >= start && at < start + sizeMs)
    if (inside.length > 0) found.push([name, key, { start, end: start + sizeMs }, inside.map(({ n }) => n)])
  }
  return found
}

function sessionsOf(key: string, rows: readonly GoldenRow[]): unknown[] {
  const sessions: GoldenRow[][] = []
  for (const row of rows) {
    const current = sessions.at(-1)
    const before = current?.at(-1)
    if (current === undefined || before === undefined || row.at - before.at > GAP_MS) sessions.push([row])
    else current.push(row)
  }
  return sessions.map((of) => [
    'session',
    key,
    { start: of[0]?.at, end: (of.at(-1) as GoldenRow).at + GAP_MS },
    of.map(({ n }) => n),
  ])
}

function countsOf(key: string, rows: readonly GoldenRow[]): unknown[] {
  const found: unknown[] = []
  for (let from = 0; from + COUNT <= rows.length; from += COUNT) found.push(['count', key, rows.slice(from, from + COUNT).map(({ n }) => n)])
  return found
}
