import { tableText } from '../core/text-layout.ts'
import { ageText, bytesText, countText, durationText, momentText, pluralText, spanText, watermarkText } from './format.ts'
import { watermarksText } from './inspect-text.ts'
import type { StoredMapEntry, StoredValue } from './key-view.ts'
import type { KeyReport, StepReport } from './state-data.ts'
import { valueText } from './value-text.ts'
import { isBound, windowsText, type WindowSpan } from './window-view.ts'

/** Characters of one value, and of one key in a list. */
const VALUE_CHARACTERS = 1_000
const KEY_CHARACTERS = 60

/** What a step has in all, for people. */
export function stepText(report: StepReport, nowMs: number): string {
  const { step, keys, states, largest } = report
  const lines = [headText(report, step, nowMs), `${pluralText(keys, 'key')}, ${watermarksText(report.watermarks)}`]
  if (report.windows !== undefined) lines.push(windowsText(report.windows))
  lines.push('')
  const stateRows = states.map(({ name, kind, keys: own, entries, bytes, ttlMs }) => [
    name,
    kind,
    countText(own),
    countText(entries),
    bytesText(bytes),
    ttlMs === undefined ? '' : `ttl ${durationText(ttlMs)}`,
  ])
  lines.push(...tableText([['STATE', 'KIND', 'KEYS', 'ENTRIES', 'SIZE', ''], ...stateRows], { right: [2, 3, 4] }))
  const hidden = keys - largest.length
  if (largest.length > 0) {
    const rows = largest.map(({ key, entries, bytes, group, states: own }) => [
      valueText(key, KEY_CHARACTERS),
      countText(entries),
      bytesText(bytes),
      String(group),
      own.length === states.length ? 'all' : own.join(', '),
    ])
    lines.push('', ...tableText([['KEY', 'ENTRIES', 'SIZE', 'GROUP', 'STATES'], ...rows], { right: [1, 2, 3] }))
  }
  if (hidden > 0) lines.push(`... and ${pluralText(hidden, 'key')} that take no more room; --limit N lists more`)
  return `${lines.join('\n')}\n`
}

interface Context {
  readonly nowMs: number
  /** Entries of a list or map that are shown. */
  readonly limit: number
}

/** What a step keeps for one key, for people. */
export function keyText(report: KeyReport, context: Context): string {
  const { step, key, group, watermark, states, windows } = report
  const hasSpans = states.some(({ contents }) => contents.some(({ window }) => window !== undefined))
  return `${[
    headText(report, `${step}, key ${valueText(key, VALUE_CHARACTERS)}`, context.nowMs),
    `key group ${group}, watermark ${watermarkText(watermark)}`,
    ...(windows === undefined ? [] : [windows]),
    '',
    ...tableText(
      hasSpans
        ? [['WINDOW', 'STATE', 'KIND', 'VALUE'], ...windowRows(report, context)]
        : [['STATE', 'KIND', 'VALUE'], ...states.flatMap((state) => stateRows(state, context))],
    ),
  ].join('\n')}\n`
}

type KeyState = KeyReport['states'][number]

function stateRows({ name, kind, contents }: KeyState, context: Context): readonly (readonly string[])[] {
  if (contents.length === 0) return [[name, kind, '-']]
  return contents.flatMap(({ content }) => {
    const [first = '', ...more] = contentLines(content, kind, context)
    return [[name, kind, first], ...more.map((line) => ['', '', line])]
  })
}

/** One window after the other, the earliest first. */
function windowRows({ states }: KeyReport, context: Context): readonly (readonly string[])[] {
  const windows = new Map<number, { readonly window: WindowSpan; readonly states: KeyState[] }>()
  for (const state of states) {
    for (const { window, content } of state.contents) {
      if (window === undefined) continue
      const found = windows.get(window.start) ?? { window, states: [] }
      windows.set(window.start, found)
      if (!isBound(state.name)) found.states.push({ ...state, contents: [{ content }] })
    }
  }
  const inOrder = [...windows.values()].toSorted((a, b) => a.window.start - b.window.start)
  return inOrder.flatMap(({ window, states: own }) =>
    own.flatMap((state) => stateRows(state, context)).map((row, index) => [index === 0 ? spanText(window) : '', ...row]),
  )
}

function headText({ job, checkpoint, createdAtMs }: StepReport | KeyReport, what: string, nowMs: number): string {
  return `${what}: as of checkpoint ${checkpoint} of the job ${job}, ${ageText(nowMs - createdAtMs)}`
}

type Content = KeyReport['states'][number]['contents'][number]['content']

function contentLines(content: Content, kind: string, context: Context): readonly string[] {
  const isTime = kind.endsWith('timer') || kind.endsWith('timers')
  switch (content.form) {
    case 'one':
      return [isTime ? timeText(content.value) : storedText(content, context.nowMs)]
    case 'list':
      return limited(
        pluralText(content.elements.length, 'element'),
        content.elements,
        (element) => storedText(element, context.nowMs),
        context,
      )
    case 'entries':
      return isTime ? timeLines(content.entries, context) : mapLines(content.entries, context)
  }
}

function mapLines(entries: readonly StoredMapEntry[], context: Context): readonly string[] {
  const title = `${countText(entries.length)} ${entries.length === 1 ? 'entry' : 'entries'}`
  return limited(title, entries, (entry) => `${valueText(entry.key, KEY_CHARACTERS)} => ${storedText(entry, context.nowMs)}`, context)
}

/** The earliest first: that is the one that fires next. */
function timeLines(entries: readonly StoredMapEntry[], context: Context): readonly string[] {
  const times = entries.map(({ key }) => key as number).sort((a, b) => a - b)
  return limited(`${countText(times.length)} pending`, times, timeText, context)
}

function limited<T>(title: string, all: readonly T[], text: (each: T) => string, { limit }: Context): readonly string[] {
  const hidden = all.length - limit
  const more = hidden > 0 ? [`  ... and ${countText(hidden)} more; --limit N shows more`] : []
  return [title, ...all.slice(0, limit).map((each) => `  ${text(each)}`), ...more]
}

function timeText(at: unknown): string {
  return `fires at ${momentText(at as number)}`
}

function storedText({ value, expiry }: StoredValue, nowMs: number): string {
  const text = valueText(value, VALUE_CHARACTERS)
  if (expiry === Number.POSITIVE_INFINITY) return text
  return expiry <= nowMs ? `${text} (expired ${ageText(nowMs - expiry)})` : `${text} (expires in ${durationText(expiry - nowMs)})`
}
