/**
 * What windows gave on the way, and what they called late. When a window fires depends on batches and restarts; but the rows of a key come
 * in one order, and the watermark is never beyond the rows of the file that have come. So each firing holds what had come of its window,
 * whole and once, it fires once for each row after the first time, and a row is late only where what came before it has passed its window.
 */
import { linesOf, type Committed } from '../lib/committed.ts'
import { MOST_ROWS } from '../lib/paced-source.ts'
import { rowsOf, type InputRow, type InputShape } from '../lib/sequence-input.ts'
import { GAP_MS, SLIDE_MS, SLIDING_MS, TUMBLING_MS } from '../lib/window-steps.ts'

/** `passed`: the latest time of the rows before it in its file. `surelyPassed`: of those that were in batches before its own. */
type Arrival = InputRow & { readonly passed: number; readonly surelyPassed: number }
interface Window {
  readonly start: number
  readonly end: number
}
interface Line {
  readonly key: string
  readonly window: Window
  readonly count: number
  readonly sum?: number
  readonly most?: number
  readonly rows?: readonly number[]
}

const SHOWN = 4

/** `isSerial`: by one subtask, all the time. */
export function judgeFirings(
  shape: InputShape,
  committed: readonly Committed[],
  has: (sink: string) => boolean,
  isSerial: boolean,
): string[] {
  const byKey = arrivals(shape)
  const problems: string[] = []
  if (has('late')) problems.push(...linesOf<InputRow>(committed, 'late').flatMap((row) => judgeLate(row, byKey)))
  if (has('tumbling') && isSerial) problems.push(...linesOf<Line>(committed, 'tumbling').flatMap((line) => judgeTaken(line, byKey)))
  if (has('sliding')) problems.push(...judgeSliding(linesOf<Line>(committed, 'sliding'), byKey))
  if (has('sessions')) problems.push(...linesOf<Line>(committed, 'sessions').flatMap((line) => judgeSession(line, byKey)))
  return problems.slice(0, SHOWN)
}

function arrivals(shape: InputShape): ReadonlyMap<string, readonly Arrival[]> {
  const all: Arrival[] = []
  for (let file = 0; file < shape.files; file++) {
    /** By row: the latest time of those before it. */
    const passed = [Number.NEGATIVE_INFINITY]
    for (const [index, row] of rowsOf(shape, file).entries()) {
      all.push({ ...row, passed: passed[index] as number, surelyPassed: passed[Math.max(0, index - MOST_ROWS + 1)] as number })
      passed.push(Math.max(passed[index] as number, row.at))
    }
  }
  return Map.groupBy(all, ({ key }) => key)
}

function judgeLate({ key, n, at }: InputRow, byKey: ReadonlyMap<string, readonly Arrival[]>): string[] {
  const row = byKey.get(key)?.find((each) => each.n === n)
  const end = (Math.floor(at / TUMBLING_MS) + 1) * TUMBLING_MS
  return row !== undefined && row.passed >= end ? [] : [`firings: row ${n} of ${key} is called late, and nothing had passed ${end}`]
}

/** With one file the watermark is beyond each batch when the next one comes, before a restart and after it. */
function judgeTaken({ key, window, rows }: Line, byKey: ReadonlyMap<string, readonly Arrival[]>): string[] {
  return (byKey.get(key) ?? []).flatMap(({ n, surelyPassed }) =>
    rows?.includes(n) === true && surelyPassed >= window.end
      ? [`firings: row ${n} of ${key} is not called late, and ${surelyPassed} had passed ${window.end}`]
      : [],
  )
}

function judgeSliding(lines: readonly Line[], byKey: ReadonlyMap<string, readonly Arrival[]>): string[] {
  const windows = Map.groupBy(lines, ({ key, window }) => `${key} ${window.start}`)
  return [...windows.values()].flatMap((firings) => {
    const { key, window } = firings[0] as Line
    const rows = (byKey.get(key) ?? []).filter(({ at }) => window.start <= at && at < window.end)
    const problems: string[] = []
    if (window.end - window.start !== SLIDING_MS || window.start % SLIDE_MS !== 0)
      problems.push(`firings: no window: ${JSON.stringify(window)}`)
    for (const [index, line] of firings.entries()) {
      const inside = rows.slice(0, line.count)
      const sum = inside.reduce((all, { value }) => all + value, 0)
      const most = Math.max(...inside.map(({ value }) => value))
      const before = firings[index - 1]
      if (inside.length !== line.count || line.sum !== sum || line.most !== most)
        problems.push(`firings: not the first ${line.count} rows, of which the sum is ${sum}: ${JSON.stringify(line)}`)
      if (before !== undefined && line.count !== before.count + 1)
        problems.push(`firings: after ${before.count} rows comes ${JSON.stringify(line)}`)
      const next = rows[line.count]
      if (next !== undefined && next.passed < window.end)
        problems.push(`firings: fired before row ${next.n}, and nothing had passed its end: ${JSON.stringify(line)}`)
    }
    return problems
  })
}

/** All that had come and hangs together: rows of the key up to the last of them. */
function judgeSession(line: Line, byKey: ReadonlyMap<string, readonly Arrival[]>): string[] {
  const inside = new Set(line.rows)
  const last = Math.max(...inside)
  const come = (byKey.get(line.key) ?? []).filter(({ n }) => n <= last).sort((a, b) => a.at - b.at)
  const from = come.findIndex(({ n }) => n === last)
  if (from < 0) return [`firings: no row ${last}: ${JSON.stringify(line)}`]
  let [first, end] = [from, from]
  while (first > 0 && (come[first] as Arrival).at - (come[first - 1] as Arrival).at <= GAP_MS) first--
  while (end + 1 < come.length && (come[end + 1] as Arrival).at - (come[end] as Arrival).at <= GAP_MS) end++
  const session = come.slice(first, end + 1)
  const window = { start: (session[0] as Arrival).at, end: (session.at(-1) as Arrival).at + GAP_MS }
  const isRight =
    inside.size === line.rows?.length &&
    line.count === session.length &&
    session.every(({ n }) => inside.has(n)) &&
    line.window.start === window.start &&
    line.window.end === window.end
  return isRight
    ? []
    : [`firings: the session was ${session.map(({ n }) => n).join(', ')} in ${JSON.stringify(window)}: ${JSON.stringify(line)}`]
}
