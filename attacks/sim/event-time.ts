/**
 * The windows of the sequence job against the reference interpreter: as a multiset for each key and window, allowing the reorderings
 * that windows have. With lateness for all that strays the last row of a window is settled; without it each row is counted once, in its
 * window or among the late, and only what strays may be late.
 */
import { interpret, type ArrivalEvent } from '../../reference/interpret.ts'
import { conservedInWindows, describe, lastRows, sameMultiset } from '../../reference/check.ts'
import type { Emission } from '../../reference/network.ts'
import type { Program, Row, Step } from '../../reference/program.ts'
import { linesOf, type Committed } from '../lib/committed.ts'
import { LONGEST_STRAY_MS, rowsOf, type InputRow, type InputShape } from '../lib/sequence-input.ts'
import { GAP_MS, SLIDE_MS, SLIDING_MS, TUMBLING_MS } from '../lib/window-steps.ts'

type Line = Row & {
  readonly key: string
  readonly window: { readonly start: number; readonly end: number }
  readonly rows: readonly number[]
}
type Emissions = readonly Emission[]

export function judgeEventTime(shape: InputShape, committed: readonly Committed[], has: (sink: string) => boolean): string[] {
  const lines = (sink: string): Emission[] => linesOf<Row>(committed, sink).map((value) => ({ value, timestamp: null }))
  const all = rowsByFile(shape)
  const problems: string[] = []
  const found = (what: string, difference: ReturnType<typeof sameMultiset>): void => {
    if (difference !== undefined) problems.push(`event time: ${what}: ${describe(difference)}`)
  }
  const due = reference(all, (sink) => sink !== 'tumbling' && has(sink))
  const settled = { timestamps: false }
  if (has('sliding')) found('sliding windows', sameMultiset(lastOfEach(due.sliding), lastOfEach(lines('sliding')), settled))
  if (has('sessions'))
    found('sessions', sameMultiset(sorted(lastRows(due.sessions, idsIn)), sorted(lastRows(lines('sessions'), idsIn)), settled))
  if (!has('tumbling')) return problems
  const straight = reference(
    all.map((rows) => rows.filter((row) => row.stray !== true)),
    (sink) => sink === 'tumbling',
  )
  const strays = new Set(all.flat().flatMap((row) => (row.stray === true ? [idOf(row.key, row.n)] : [])))
  const tumbling = lines('tumbling')
  found('tumbling windows', sameMultiset(withoutStrays(straight.tumbling, strays), withoutStrays(tumbling, strays), settled))
  const ids = all.flat().map((row) => idOf(row.key, row.n))
  const late = lines('late').map((row) => ({
    ...row,
    value: { ...row.value, id: idOf(row.value['key'] as string, row.value['n'] as number) },
  }))
  found('each row once', conservedInWindows(ids, tumbling, late, idsIn))
  for (const { value } of late)
    if (!strays.has(value['id'] as number)) problems.push(`event time: late, but it does not stray: ${JSON.stringify(value)}`)
  return problems
}

function rowsByFile(shape: InputShape): InputRow[][] {
  return Array.from({ length: shape.files }, (_zero, file) => rowsOf(shape, file))
}

/** Unique over all files. */
function idOf(key: string, n: number): number {
  return Number(key.slice(1, key.indexOf('k'))) * 1_000_000 + n
}

function idsIn(row: Row): readonly number[] {
  const { key, rows } = row as Line
  return rows.map((n) => idOf(key, n))
}

/** Keys as text, and what is in a window as numbers of rows: the words of the job's own output. */
function reference(
  files: readonly (readonly InputRow[])[],
  has: (sink: string) => boolean,
): Record<'tumbling' | 'sliding' | 'sessions', Emissions> {
  const program: Program = {
    seed: 0,
    startNow: 0,
    sources: [
      {
        id: 'rows',
        timed: true,
        outOfOrdernessMs: 0,
        idlenessMs: null,
        splits: files.map((rows, file) => ({
          id: String(file),
          batch: 1,
          records: rows.map(({ key, at, value, n }) => ({ id: n, key: 0, value, ts: at, tag: key })),
        })),
      },
    ],
    steps: steps.filter(({ id }) => id === 'keyed' || has(id.replace('to-', ''))),
  }
  const { sinks } = interpret(program, arrivalOf(files))
  const of = (sink: string): Emission[] =>
    (sinks.get(sink)?.emissions ?? []).map(({ value, timestamp }) => ({ value: inOurWords(value), timestamp }))
  return { tumbling: of('to-tumbling'), sliding: of('to-sliding'), sessions: of('to-sessions') }
}

const numbers = [
  { name: 'count', kind: 'count', field: 'value' },
  { name: 'all', kind: 'list', field: 'value' },
] as const
const sums = [
  { name: 'count', kind: 'count', field: 'value' },
  { name: 'sum', kind: 'sum', field: 'value' },
  { name: 'most', kind: 'max', field: 'value' },
] as const
const steps: readonly Step[] = [
  { kind: 'keyBy', id: 'keyed', from: 'rows', key: { kind: 'string', field: 'tag' } },
  {
    kind: 'window',
    id: 'tumbling',
    from: 'keyed',
    assigner: { kind: 'tumbling', size: TUMBLING_MS, offset: 0, time: 'event' },
    allowedLateness: 0,
    fn: { kind: 'aggregate', aggregates: numbers },
  },
  {
    kind: 'window',
    id: 'sliding',
    from: 'keyed',
    assigner: { kind: 'sliding', size: SLIDING_MS, slide: SLIDE_MS, offset: 0, time: 'event' },
    allowedLateness: LONGEST_STRAY_MS,
    fn: { kind: 'aggregate', aggregates: sums },
  },
  {
    kind: 'window',
    id: 'sessions',
    from: 'keyed',
    assigner: { kind: 'session', gap: GAP_MS, time: 'event' },
    allowedLateness: LONGEST_STRAY_MS,
    fn: { kind: 'aggregate', aggregates: numbers },
  },
  ...['tumbling', 'sliding', 'sessions'].map((from): Step => ({
    kind: 'sink',
    id: `to-${from}`,
    from,
    key: { kind: 'any', field: 'key' },
  })),
]

/** In turn from each file: what is settled does not depend on it. */
function arrivalOf(files: readonly (readonly InputRow[])[]): readonly ArrivalEvent[] {
  const longest = Math.max(...files.map((rows) => rows.length))
  const events: ArrivalEvent[] = []
  for (let n = 0; n < longest; n++)
    for (const [file, rows] of files.entries())
      if (n < rows.length) events.push({ kind: 'batch', source: 'rows', split: String(file), count: 1, ended: n + 1 === rows.length })
  for (const [file, rows] of files.entries())
    if (rows.length === 0) events.push({ kind: 'split-ended', source: 'rows', split: String(file) })
  return events
}

function inOurWords({ all, ...row }: Row): Row {
  return all === undefined ? row : { ...row, rows: (all as readonly Row[]).map((each) => each['id'] as number) }
}

/** Of sliding windows: for each key and window the row that came last. */
function lastOfEach(rows: Emissions): Emission[] {
  return [...new Map(rows.map((row) => [`${(row.value as Line).key} ${(row.value as Line).window.start}`, row])).values()]
}

/** The order inside a session depends on which were open when its rows came. */
function sorted(rows: Emissions): Emission[] {
  return rows.map((row) => ({ ...row, value: { ...row.value, rows: (row.value as Line).rows.toSorted((a, b) => a - b) } }))
}

/** A window that only had rows that stray is none. */
function withoutStrays(rows: Emissions, strays: ReadonlySet<number>): Emission[] {
  return rows.flatMap((row) => {
    const { key, rows: inside } = row.value as Line
    const left = inside.filter((n) => !strays.has(idOf(key, n)))
    return left.length === 0 ? [] : [{ ...row, value: { ...row.value, count: left.length, rows: left } }]
  })
}
