/**
 * Windows of processing time. Which window a row falls into nobody can say before; but a key's rows come in one order, a window ends after
 * its end and once, and what is still open at the end of the input is dropped (TM-6). So the rows of a key's windows, one after another,
 * are the first rows of the key, each once, and at least those whose windows were over when its last row was read; unless the wall clock
 * went back: then older windows may be open while newer ones fire.
 */
import { tumbling, type KeyedStream, type Out, type Sink } from '../../packages/millrace/src/index.ts'
import { linesOf, type Committed } from '../lib/committed.ts'
import { rowId, splitOf } from '../lib/paced-source.ts'
import { rowsOf, type InputRow, type InputShape } from '../lib/sequence-input.ts'
import { rowNumbers } from '../lib/window-steps.ts'
import type { Readings } from './readings.ts'

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

export interface MomentClock {
  readonly has: (sink: string) => boolean
  readonly readings: Readings
  /** The wall clock did at least once. */
  readonly goesBack: boolean
}

/** `due`: so many rows had to be in a window that has fired, as far as can be known. */
export function judgeMoments(
  shape: InputShape,
  committed: readonly Committed[],
  { has, readings, goesBack }: MomentClock,
): { readonly problems: readonly string[]; readonly due: number } {
  const byKey = new Map<string, readonly number[]>()
  const mustHaveFired = new Map<string, number>()
  for (let file = 0; file < shape.files; file++)
    for (const [key, rows] of Map.groupBy(rowsOf(shape, file), (row) => row.key)) {
      const ns = rows.map(({ n }) => n)
      byKey.set(key, ns)
      mustHaveFired.set(key, goesBack ? 0 : firedBefore(key, { ns, split: splitOf(file), readings }))
    }
  const problems: string[] = []
  let due = 0
  for (const sink of MOMENT_SINKS.filter(has)) {
    const lines = Map.groupBy(linesOf<MomentLine>(committed, sink), ({ key }) => key)
    for (const key of lines.keys()) if (!byKey.has(key)) problems.push(`moments: no key ${key}`)
    for (const [key, rows] of byKey) {
      const windows = lines.get(key) ?? []
      const least = mustHaveFired.get(key) as number
      due += least
      problems.push(...windows.flatMap(judgeWindow), ...judgeKey(key, { lines: windows, rows, least, goesBack }))
    }
  }
  return { problems: problems.slice(0, SHOWN), due }
}

/**
 * So many first rows of a key were in windows that must have fired: a row is in no later window than that of the moment at which a durable
 * checkpoint had it, and what is due comes before a batch that was begun later, so before any row of the key that was read later.
 */
function firedBefore(
  key: string,
  { ns, split, readings }: { readonly ns: readonly number[]; readonly split: string; readonly readings: Readings },
): number {
  const last = ns.at(-1)
  const readAt = last === undefined ? undefined : readings.firstReadAt(rowId({ key, n: last }))
  if (readAt === undefined) return 0
  const isPast = (n: number): boolean => {
    const coveredAt = readings.coveredAt(split, n)
    return coveredAt !== undefined && (Math.floor(coveredAt / MOMENT_MS) + 1) * MOMENT_MS < readAt
  }
  const open = ns.findIndex((n) => !isPast(n))
  return open < 0 ? ns.length : open
}

function judgeWindow(line: MomentLine): string[] {
  const { window, rows, now } = line
  const problems: string[] = []
  if (window.start % MOMENT_MS !== 0 || window.end !== window.start + MOMENT_MS || rows.length === 0) problems.push('no window')
  if (now !== undefined && now < window.end) problems.push('fired before its end')
  if (rows.some((n, index) => n <= (rows[index - 1] ?? -1))) problems.push('its rows are not in order')
  return problems.map((problem) => `moments: ${problem}: ${JSON.stringify(line)}`)
}

interface MomentsOfKey {
  readonly lines: readonly MomentLine[]
  /** All rows of the key. */
  readonly rows: readonly number[]
  /** So many of them must be there. */
  readonly least: number
  readonly goesBack: boolean
}

function judgeKey(key: string, { lines, rows: due, least, goesBack }: MomentsOfKey): string[] {
  const rows = lines.flatMap((line) => line.rows)
  if (new Set(rows).size !== rows.length) return [`moments: a row of ${key} is in two windows: ${rows.join()}`]
  if (goesBack) {
    const other = rows.find((n) => !due.includes(n))
    return other === undefined ? [] : [`moments: ${key} has no row ${other}`]
  }
  const problems: string[] = []
  if (rows.join() !== due.slice(0, rows.length).join()) problems.push(`moments: ${key} has ${rows.join()} of ${due.join()}`)
  if (rows.length < least)
    problems.push(
      `moments: ${key} has fired ${rows.length} of ${due.length} rows, and the windows of ${least} were over when the last was read`,
    )
  for (const [index, { window }] of lines.entries())
    if (window.start <= (lines[index - 1]?.window.start ?? Number.NEGATIVE_INFINITY))
      problems.push(`moments: of ${key} the window ${window.start} came after a later one, or again`)
  return problems
}
