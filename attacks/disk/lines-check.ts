/**
 * What the job has made of its files, against the files. Each line is in the output once, as it was, those of a file in their order. A
 * window fires first when it has all lines that do not stray, as a watermark waits for each file, and then once for each line that comes
 * later: nothing of that depends on batches, restarts or the order in which files are read. Which of the lines that stray come in time does.
 */
import { textsOf, type Committed } from '../lib/committed.ts'
import type { Difference } from '../lib/sequence-check.ts'
import { LINE_FILES, linesOf, TUMBLING_MS, type Line } from './lines.ts'

interface Firing {
  readonly key: string
  readonly window: { readonly start: number; readonly end: number }
  readonly count: number
  readonly lines: readonly string[]
}
interface Window {
  readonly straight: ReadonlySet<string>
  readonly all: ReadonlySet<string>
  /** In which its firings come; empty before the first. */
  seen: ReadonlySet<string>
}
type Note = (kind: 'missing' | 'doubled' | 'wrong', what: string) => void

/** Adds to what has been found. The job has to have ended. */
export function compareLines(seed: number, committed: readonly Committed[], found: Difference): void {
  const lines = Array.from({ length: LINE_FILES }, (_, file) => linesOf(seed, file)).flat()
  const noteOf =
    (sink: string): Note =>
    (kind, what) => {
      found[kind]++
      if (found.examples.length < 8) found.examples.push(`${sink}: ${kind} ${what}`)
    }
  const read = (sink: string): readonly string[] => {
    const texts = textsOf(committed, sink)
    found.rows += texts.length
    return texts
  }
  compareCopies(lines, read('lines'), noteOf('lines'))
  const windows = windowsOf(lines)
  for (const text of read('tumbling')) compareFiring(windows, text, noteOf('tumbling'))
  for (const [name, { all, seen }] of windows)
    for (const line of all.difference(seen)) noteOf('tumbling')('missing', `line ${line} in the window ${name}`)
}

function compareCopies(lines: readonly Line[], texts: readonly string[], note: Note): void {
  const due = new Set(lines.map((line) => JSON.stringify(line)))
  const left = new Set(due)
  const latest = new Map<number, number>()
  for (const text of texts) {
    if (!due.has(text)) {
      note('wrong', text)
      continue
    }
    if (!left.delete(text)) note('doubled', text)
    const { file, n } = JSON.parse(text) as Line
    // ORDER: the lines of a file come in order.
    if (n <= (latest.get(file) ?? -1)) note('wrong', `${text} after line ${latest.get(file)} of its file`)
    latest.set(file, n)
  }
  for (const text of left) note('missing', text)
}

function compareFiring(windows: ReadonlyMap<string, Window>, text: string, note: Note): void {
  const { key, window, count, lines } = JSON.parse(text) as Firing
  const due = windows.get(nameOf(key, window.start))
  const now = new Set(lines)
  const isWhole = count > 0 && now.size === count && lines.length === count
  if (due === undefined || window.end !== window.start + TUMBLING_MS || !isWhole) {
    note('wrong', text)
    return
  }
  const { straight, all, seen } = due
  const isFirst = seen.size === 0
  if (!isFirst && now.isSubsetOf(seen)) note('doubled', text)
  else if (!now.isSubsetOf(all) || !now.isSupersetOf(isFirst ? straight : seen)) note('wrong', `${text} after ${[...seen].join()}`)
  else if (!isFirst && now.size !== seen.size + 1) note('missing', `a firing between ${[...seen].join()} and ${text}`)
  due.seen = now.union(seen)
}

function windowsOf(lines: readonly Line[]): ReadonlyMap<string, Window> {
  const windows = Map.groupBy(lines, ({ key, at }) => nameOf(key, Math.floor(at / TUMBLING_MS) * TUMBLING_MS))
  const idsOf = (inside: readonly Line[]): ReadonlySet<string> => new Set(inside.map(({ file, n }) => `${file}-${n}`))
  return new Map(
    [...windows].map(([name, inside]): [string, Window] => [
      name,
      { all: idsOf(inside), straight: idsOf(inside.filter((line) => line.stray !== true)), seen: new Set() },
    ]),
  )
}

function nameOf(key: string, start: number): string {
  return `${key} ${start}`
}
