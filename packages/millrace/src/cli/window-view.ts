/** The windows of a step, as the command line shows them. */
import type { KeyedPart } from '../checkpoint/manifest.ts'
import { paneMsOf, WINDOW_END, WINDOW_START } from '../plan/window-layout.ts'
import { pluralText, spanText } from './format.ts'
import type { KeyContent } from './key-view.ts'
import type { StateCount } from './state-count.ts'

/** Which windows a step has open. */
export interface WindowsReport {
  /** In words: `windows of 10m every 1m, from slices`. */
  readonly layout: string
  /** Windows, slices or sessions that hold something; of count windows each key has one. */
  readonly count: number | undefined
  /** From the first to the end of the last one, where they are of one length. */
  readonly span?: WindowSpan
}
/** [start, end), in ms since the epoch. */
export interface WindowSpan {
  readonly start: number
  readonly end: number
}

/** `starts`: namespaces of all that hold something. */
export function windowsReport(
  { states }: KeyedPart,
  counts: ReadonlyMap<string, StateCount>,
  starts: ReadonlySet<number>,
): WindowsReport | undefined {
  const layout = layoutOf(states)
  if (layout === undefined) return undefined
  const paneMs = paneMsOf(layout)
  if (paneMs === undefined) return { layout, count: isSessions(states) ? (counts.get(WINDOW_START)?.entries ?? 0) : undefined }
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (const start of starts) {
    first = Math.min(first, start)
    last = Math.max(last, start)
  }
  return { layout, count: starts.size, ...(starts.size === 0 ? {} : { span: { start: first, end: last + paneMs } }) }
}

/** `windows of 1h: 3 windows, 2020-01-01 00:00:00 to 03:00:00`. */
export function windowsText({ layout, count, span }: WindowsReport): string {
  if (count === undefined) return layout
  const noun = layout.startsWith('sessions') ? 'session' : layout.endsWith('slices') ? 'slice' : 'window'
  return `${layout}: ${pluralText(count, noun)}${span === undefined ? '' : `, ${spanText(span)}`}`
}

/** For the contents of one key: what says which window a namespace is. */
export function windowOfKey({ states }: KeyedPart, contents: readonly KeyContent[]): (namespace: number) => WindowSpan | undefined {
  const paneMs = paneMsOf(layoutOf(states) ?? '')
  if (paneMs !== undefined) return (start) => ({ start, end: start + paneMs })
  const bound = (name: string, namespace: number): unknown => {
    const found = contents.find((each) => each.state === name && each.namespace === namespace)?.content
    return found?.form === 'one' ? found.value : undefined
  }
  return (namespace) => {
    const [start, end] = [bound(WINDOW_START, namespace), bound(WINDOW_END, namespace)]
    return typeof start === 'number' && typeof end === 'number' ? { start, end } : undefined
  }
}

/** What a session keeps of itself is shown as its window. */
export function isBound(state: string): boolean {
  return state === WINDOW_START || state === WINDOW_END
}

function layoutOf(states: KeyedPart['states']): string | undefined {
  return Object.values(states).find(({ layout }) => layout !== undefined)?.layout
}

function isSessions(states: KeyedPart['states']): boolean {
  return Object.hasOwn(states, WINDOW_START)
}
