/** Windows over the rows of the sequence job: with a late output, with a lateness that covers all rows that stray, and sessions. */
import { agg, aggregator, outputTag, session, sliding, tumbling } from '../../packages/millrace/src/index.ts'
import type { Aggregate, KeyedStream, Sink } from '../../packages/millrace/src/index.ts'
import { LONGEST_STRAY_MS, type InputRow } from './sequence-input.ts'

export const TUMBLING_MS = 1_000
export const SLIDING_MS = 3_000
export const SLIDE_MS = 1_000
export const GAP_MS = 300

/** The folders that they write. */
export const WINDOW_SINKS: readonly string[] = ['tumbling', 'late', 'sliding', 'sessions']

export function windowSteps(
  rows: KeyedStream<InputRow, string>,
  folder: <T>(name: string) => Sink<T>,
  has: (sink: string) => boolean = () => true,
): void {
  if (has('tumbling')) tumblingSteps(rows, folder)
  if (has('sliding')) slidingSteps(rows, folder)
  if (has('sessions')) sessionSteps(rows, folder)
}

type Folder = <T>(name: string) => Sink<T>

function tumblingSteps(rows: KeyedStream<InputRow, string>, folder: Folder): void {
  const late = outputTag<InputRow>('late')
  const inWindows = rows.window(tumbling(TUMBLING_MS)).lateTo(late).aggregate('tumbling', { count: agg.count(), rows: rowNumbers })
  inWindows.to('tumbling', folder('tumbling'))
  inWindows.side(late).to('late', folder('late'))
}

function slidingSteps(rows: KeyedStream<InputRow, string>, folder: Folder): void {
  rows
    .window(sliding(SLIDING_MS, SLIDE_MS))
    .allowedLateness(LONGEST_STRAY_MS)
    .aggregate('sliding', { count: agg.count(), sum: agg.sum((row) => row.value), most: agg.max((row) => row.value) })
    .to('sliding', folder('sliding'))
}

function sessionSteps(rows: KeyedStream<InputRow, string>, folder: Folder): void {
  rows
    .window(session(GAP_MS))
    .allowedLateness(LONGEST_STRAY_MS)
    .aggregate('sessions', { count: agg.count(), rows: rowNumbers })
    .to('sessions', folder('sessions'))
}

/** Which rows they are. */
export const rowNumbers: Aggregate<InputRow, number[], readonly number[]> = aggregator({
  create: (): number[] => [],
  add(all: number[], row: InputRow) {
    all.push(row.n)
    return all
  },
  merge: (before, after) => before.concat(after),
  result: (all) => all.slice(),
})
