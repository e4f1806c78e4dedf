/**
 * What the windows of a sequence job have committed, against the rows themselves: of tumbling windows each row is counted once, in its
 * window or among the late, whichever that is (rules of conservation); sliding windows and sessions may fire again, and the last
 * row of each is exact.
 */
import { linesOf, type Committed } from './committed.ts'
import type { Difference } from './sequence-check.ts'
import { rowsOf, type InputRow, type InputShape } from './sequence-input.ts'
import { GAP_MS, SLIDE_MS, SLIDING_MS, TUMBLING_MS } from './window-steps.ts'

interface WindowRow {
  readonly key: string
  readonly window: { readonly start: number; readonly end: number }
  readonly count: number
  readonly rows: readonly number[]
}
type Kind = 'missing' | 'doubled' | 'wrong'
type Note = (kind: Kind, what: string) => void

/** Adds to what has been found. The job has to have ended; `has` says which of its sinks it had. */
export function compareWindows(
  shape: InputShape,
  committed: readonly Committed[],
  found: Difference,
  has: (sink: string) => boolean = () => true,
): void {
  const byKey = new Map<string, readonly InputRow[]>()
  for (let file = 0; file < shape.files; file++)
    for (const [key, rows] of Map.groupBy(rowsOf(shape, file), (row) => row.key)) byKey.set(key, rows)
  const read = <T>(sink: string): readonly T[] => {
    const lines = linesOf<T>(committed, sink)
    found.rows += lines.length
    return lines
  }
  const noteFor =
    (sink: string): Note =>
    (kind, what) => {
      found[kind]++
      if (found.examples.length < 8) found.examples.push(`${sink}: ${kind} ${what}`)
    }
  if (has('tumbling')) compareTumbling(byKey, read('tumbling'), read('late'), noteFor('tumbling'))
  if (has('sliding')) compareSliding(byKey, read('sliding'), noteFor('sliding'))
  if (has('sessions')) compareSessions(byKey, read('sessions'), noteFor('sessions'))
}

type ByKey = ReadonlyMap<string, readonly InputRow[]>

function compareTumbling(byKey: ByKey, windows: readonly WindowRow[], late: readonly InputRow[], note: Note): void {
  const open = new Map([...byKey].flatMap(([key, rows]) => rows.map((row) => [`${key} ${row.n}`, row] as const)))
  const strays = new Set([...open.values()].flatMap((row) => (row.stray === true ? [JSON.stringify(row)] : [])))
  const seen = new Set<string>()
  for (const window of windows) {
    const { key, count, rows } = window
    const { start, end } = window.window
    const name = `${key} ${start}`
    if (seen.has(name)) note('doubled', JSON.stringify(window))
    seen.add(name)
    if (start % TUMBLING_MS !== 0 || end !== start + TUMBLING_MS || count !== rows.length) note('wrong', JSON.stringify(window))
    for (const n of rows) {
      const row = open.get(`${key} ${n}`)
      if (row === undefined) note('doubled', `row ${n} in ${JSON.stringify(window)}`)
      else if (row.at < start || row.at >= end) note('wrong', `${JSON.stringify(row)} in ${JSON.stringify(window)}`)
      open.delete(`${key} ${n}`)
    }
  }
  for (const row of late) {
    if (!strays.has(JSON.stringify(row))) note('wrong', `late: ${JSON.stringify(row)}`)
    else if (!open.delete(`${row.key} ${row.n}`)) note('doubled', `late: ${JSON.stringify(row)}`)
  }
  for (const row of open.values()) note('missing', `neither in its window nor late: ${JSON.stringify(row)}`)
}

interface Sum {
  readonly count: number
  readonly sum: number
  readonly most: number
}

function compareSliding(byKey: ByKey, windows: readonly (WindowRow & Sum)[], note: Note): void {
  const due = new Map([...byKey].flatMap(([key, rows]) => [...slidingOf(key, rows)]))
  const last = new Map<string, Sum>()
  for (const row of windows) {
    const name = `${row.key} ${row.window.start}`
    const before = last.get(name)
    if (before?.count === row.count) note('doubled', JSON.stringify(row))
    else if (before !== undefined && before.count > row.count) note('wrong', `${JSON.stringify(row)} after ${before.count} rows`)
    last.set(name, row)
    if (!due.has(name)) note('wrong', JSON.stringify(row))
  }
  for (const [name, row] of due) {
    const text = JSON.stringify(row)
    const newest = last.get(name)
    if (newest === undefined) note('missing', text)
    else if (JSON.stringify(newest) !== text) note('wrong', `${JSON.stringify(newest)} instead of ${text}`)
  }
}

function slidingOf(key: string, rows: readonly InputRow[]): ReadonlyMap<string, unknown> {
  const values = new Map<number, number[]>()
  for (const { at, value } of rows) {
    const newest = Math.floor(at / SLIDE_MS) * SLIDE_MS
    for (let start = newest; start > at - SLIDING_MS; start -= SLIDE_MS) values.set(start, [...(values.get(start) ?? []), value])
  }
  const due = new Map<string, unknown>()
  for (const [start, inside] of values) {
    const sum = inside.reduce((total, value) => total + value, 0)
    const window = { start, end: start + SLIDING_MS }
    due.set(`${key} ${start}`, { key, window, count: inside.length, sum, most: Math.max(...inside) })
  }
  return due
}

function compareSessions(byKey: ByKey, windows: readonly WindowRow[], note: Note): void {
  const rowsByKey = Map.groupBy(windows, (row) => row.key)
  for (const key of rowsByKey.keys()) if (!byKey.has(key)) note('wrong', `no such key: ${key}`)
  for (const [key, rows] of byKey) {
    const standing: WindowRow[] = []
    for (const row of rowsByKey.get(key) ?? []) {
      if (standing.some((other) => covers(other, row) && other.count >= row.count)) note('doubled', JSON.stringify(row))
      for (let i = standing.length; i-- > 0;) if (covers(row, standing[i] as WindowRow)) standing.splice(i, 1)
      standing.push(row)
    }
    const left = new Set(standing.map(textOf))
    for (const due of sessionsOf(key, rows)) if (!left.delete(textOf(due))) note('missing', textOf(due))
    for (const row of left) note('wrong', `never replaced: ${row}`)
  }
}

const covers = (outer: WindowRow, inner: WindowRow): boolean =>
  outer.window.start <= inner.window.start && outer.window.end >= inner.window.end

/** In which order its rows came depends on which sessions were there when they did. */
const textOf = ({ key, window, count, rows }: WindowRow): string =>
  JSON.stringify({ key, window, count, rows: rows.toSorted((a, b) => a - b) })

function sessionsOf(key: string, rows: readonly InputRow[]): readonly WindowRow[] {
  const sessions: { key: string; window: { start: number; end: number }; count: number; rows: number[] }[] = []
  for (const { at, n } of rows.toSorted((a, b) => a.at - b.at)) {
    const last = sessions.at(-1)
    if (last === undefined || at > last.window.end) {
      sessions.push({ key, window: { start: at, end: at + GAP_MS }, count: 1, rows: [n] })
      continue
    }
    last.window.end = at + GAP_MS
    last.count++
    last.rows.push(n)
  }
  return sessions
}
