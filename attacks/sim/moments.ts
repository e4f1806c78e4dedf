/**
 * Windows of processing time. Which window a row falls into nobody can say before; but a key's rows come in one order, a window ends after
 * its end and once, and what is still open at the end of the input is dropped (TM-6). So the rows of a key's windows, one after another,
 * are the first rows of the key, each once, unless the wall clock went back: then older windows may be open while newer ones fire.
 */
import { tumbling, type KeyedStream, type Out, type Sink } from '../../packages/millrace/src/index.ts'
import { linesOf, type Committed } from '../lib/committed.ts'
import { rowsOf, type InputRow, type InputShape } from '../lib/sequence-input.ts'
import { rowNumbers } from '../lib/window-steps.ts'

export interface MomentLine {
  readonly key: string
  readonly window: { readonly start: number; readonly end: number }
  readonly rows: readonly number[]
  /** When it fired, where the step is told. */
  readonly now?: number
}

/** Some rows to each, while several checkpoints are taken. */
export const MOMENT_MS = 40
export const MOMENT_SINKS = ['moments', 'moment-rows'] as const
const SHOWN = 4

export function momentSteps(
  rows: KeyedStream<InputRow, string>,
  folder: (name: string) => Sink<MomentLine>,
  has: (sink: string) => boolean,
): void {
  const windows = () => rows.window(tumbling(MOMENT_MS, { time: 'processing' }))
  if (has('moments'))
    windows()
      .process('moments', ({ key, window, now }, values, out: Out<MomentLine>) => {
        out.emit({ key, window, rows: [...values].map(({ n }) => n), now })
      })
      .to('moments', folder('moments'))
  if (has('moment-rows')) windows().aggregate('moment-rows', { rows: rowNumbers }).to('moment-rows', folder('moment-rows'))
}

/** `goesBack`: the wall clock did at least once. */
export function judgeMoments(shape: InputShape, committed: readonly Committed[], { goesBack }: { readonly goesBack: boolean }): string[] {
  const byKey = new Map<string, readonly number[]>()
  for (let file = 0; file < shape.files; file++)
    for (const [key, rows] of Map.groupBy(rowsOf(shape, file), (row) => row.key))
      byKey.set(
        key,
        rows.map(({ n }) => n),
      )
  return MOMENT_SINKS.flatMap((sink) => {
    const lines = Map.groupBy(linesOf<MomentLine>(committed, sink), ({ key }) => key)
    return [...lines].flatMap(([key, windows]) => [
      ...windows.flatMap(judgeWindow),
      ...judgeKey(windows, { due: byKey.get(key) ?? [], goesBack }),
    ])
  }).slice(0, SHOWN)
}

function judgeWindow(line: MomentLine): string[] {
  const { window, rows, now } = line
  const problems: string[] = []
  if (window.start % MOMENT_MS !== 0 || window.end !== window.start + MOMENT_MS || rows.length === 0) problems.push('no window')
  if (now !== undefined && now < window.end) problems.push('fired before its end')
  if (rows.some((n, index) => n <= (rows[index - 1] ?? -1))) problems.push('its rows are not in order')
  return problems.map((problem) => `moments: ${problem}: ${JSON.stringify(line)}`)
}

function judgeKey(
  lines: readonly MomentLine[],
  { due, goesBack }: { readonly due: readonly number[]; readonly goesBack: boolean },
): string[] {
  const { key } = lines[0] as MomentLine
  const rows = lines.flatMap((line) => line.rows)
  if (new Set(rows).size !== rows.length) return [`moments: a row of ${key} is in two windows: ${rows.join()}`]
  if (goesBack) {
    const other = rows.find((n) => !due.includes(n))
    return other === undefined ? [] : [`moments: ${key} has no row ${other}`]
  }
  const problems: string[] = []
  if (rows.join() !== due.slice(0, rows.length).join()) problems.push(`moments: ${key} has ${rows.join()} of ${due.join()}`)
  for (const [index, { window }] of lines.entries())
    if (window.start <= (lines[index - 1]?.window.start ?? Number.NEGATIVE_INFINITY))
      problems.push(`moments: of ${key} the window ${window.start} came after a later one, or again`)
  return problems
}
