import { type Duration, durationMs } from '../core/duration.ts'
import { StreamError } from '../core/errors.ts'
import { shown } from '../plan/ids.ts'
import { MAX_WINDOW_MS, type WindowSpec } from '../windows/assigner.ts'
import { checkOptionNames, checkPerRecord } from './checks.ts'
import type { TimeWindow, WindowAssigner, WindowTime } from './window-types.ts'

/** Windows that a record may be in. */
const MAX_OVERLAP = 100_000

const specs = new WeakMap<object, WindowSpec>()

/**
 * Windows of one size that follow each other without a gap.
 * @throws {INVALID_DURATION} {INVALID_OPTION}
 *
 * @example
 * import { agg, arraySource, defineJob, printSink, tumbling } from 'millrace'
 * const job = defineJob('hourly', (job) => {
 *   job.from('payments', arraySource([{ card: 'a', amount: 3, at: 0 }]), { timestamp: (p) => p.at })
 *     .keyBy((p) => p.card)
 *     .window(tumbling('1h'))
 *     .aggregate('spent', { total: agg.sum((p) => p.amount) })
 *     .to('hours', printSink())
 * })
 * console.log(job.explain().steps.length) // 3
 */
export function tumbling(size: Duration, options: WindowTime = {}): WindowAssigner {
  const sizeMs = positive(size, 'The size of tumbling windows')
  return assigner({
    kind: 'time',
    sizeMs,
    slideMs: sizeMs,
    ...timeOf(options, { what: 'tumbling windows', limitMs: sizeMs, limit: 'size' }),
  })
}

/**
 * Windows of one size of which one begins with every slide: a record is in size / slide of them, or, when the slide is longer than
 * the size, in one or in none. Results cost as much as there are windows; records of aggregates are kept once, whatever the slide,
 * as long as the size is a multiple of it.
 * @throws {INVALID_DURATION} {INVALID_OPTION}
 */
export function sliding(size: Duration, slide: Duration, options: WindowTime = {}): WindowAssigner {
  const sizeMs = positive(size, 'The size of sliding windows')
  const slideMs = positive(slide, 'The slide of sliding windows')
  if (sizeMs / slideMs > MAX_OVERLAP)
    throw new StreamError(
      'INVALID_OPTION',
      `Sliding windows of ${shown(size)} every ${shown(slide)} would put each record into more than ${MAX_OVERLAP} windows. Use a longer slide.`,
    )
  return assigner({ kind: 'time', sizeMs, slideMs, ...timeOf(options, { what: 'sliding windows', limitMs: slideMs, limit: 'slide' }) })
}

/**
 * Windows of activity: they end when a key has had no record for `gap`. Two records exactly one gap apart are in one session.
 * A function gives each record a gap of its own.
 * @throws {INVALID_DURATION} {INVALID_OPTION}
 */
export function session<T = unknown>(
  gap: Duration | ((value: T) => Duration),
  options: Pick<WindowTime, 'time'> = {},
): WindowAssigner<TimeWindow, T> {
  checkTimeOptions(options, 'sessions', ['time'])
  const domain = domainOf(options, 'sessions')
  if (typeof gap === 'function') checkPerRecord(gap, { what: 'The gap of sessions' })
  if (typeof gap === 'function') return assigner({ kind: 'session', gap: gap as (value: unknown) => unknown, domain })
  return assigner({ kind: 'session', gap: positive(gap, 'The gap of sessions'), domain })
}

/**
 * Windows of the last `size` records of a key, one whenever `slide` records have come since the one before (`size` when not given,
 * so that each record is in one). Results have no window and carry the time of the record that completes them.
 * @throws {INVALID_OPTION}
 */
export function countWindow(size: number, slide: number = size): WindowAssigner<undefined> {
  for (const [what, count] of [
    ['size', size],
    ['slide', slide],
  ] as const)
    if (!Number.isSafeInteger(count) || count < 1)
      throw new StreamError('INVALID_OPTION', `The ${what} of a count window is ${shown(count)}: it may be a whole number from 1.`)
  return assigner({ kind: 'count', size, slide })
}

/** What an assigner says. @throws {INVALID_JOB} for what is none; `what` is how the message calls it */
export function windowSpecOf(what: string, of: unknown): WindowSpec {
  const found = typeof of === 'object' && of !== null ? specs.get(of) : undefined
  if (found !== undefined) return found
  throw new StreamError(
    'INVALID_JOB',
    `${what} was given ${shown(of)}: make windows with tumbling(), sliding(), session() or countWindow().`,
  )
}

function assigner<W, T>(spec: WindowSpec): WindowAssigner<W, T> {
  const made: WindowAssigner<W, T> = Object.freeze({ '~millrace': 'window' as const })
  specs.set(made, spec)
  return made
}

function positive(duration: Duration, what: string): number {
  const ms = durationMs(duration, what)
  if (Number.isSafeInteger(ms) && ms > 0 && ms <= MAX_WINDOW_MS) return ms
  throw new StreamError(
    'INVALID_DURATION',
    `${what} is ${shown(duration)}: it may be a whole number of milliseconds from 1 to ${MAX_WINDOW_MS}.`,
  )
}

function domainOf({ time = 'event' }: WindowTime, what: string): 'event' | 'processing' {
  if (time === 'event' || time === 'processing') return time
  throw new StreamError('INVALID_OPTION', `The time of ${what} is ${shown(time)}: it may be 'event' or 'processing'.`)
}

function checkTimeOptions(options: WindowTime, what: string, allowed: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new StreamError('INVALID_OPTION', `The options of ${what} are ${shown(options)}: write an object, with ${allowed.join(', ')}.`)
  checkOptionNames(options, `What ${what} are made with`, allowed)
}

/** Of the windows that `what` names; their offset is less than `limitMs`, their size or slide. */
interface Offsets {
  readonly what: string
  readonly limitMs: number
  readonly limit: 'size' | 'slide'
}

/** WA-3. */
function timeOf(
  options: WindowTime,
  { what, limitMs, limit }: Offsets,
): { readonly domain: 'event' | 'processing'; readonly offsetMs: number } {
  checkTimeOptions(options, what, ['offset', 'time'])
  const domain = domainOf(options, what)
  const { offset = 0 } = options
  // Numbers may be negative here: windows may begin before a whole multiple.
  const isBefore = typeof offset === 'number' && offset < 0
  if (typeof offset === 'string' && offset.startsWith('-'))
    throw new StreamError('INVALID_OPTION', `The offset of ${what} is '${offset}': one before zero is a number of milliseconds.`)
  const offsetMs = durationMs(isBefore ? -offset : offset, `The offset of ${what}`) * (isBefore ? -1 : 1)
  if (Number.isSafeInteger(offsetMs) && Math.abs(offsetMs) < limitMs) return { domain, offsetMs }
  throw new StreamError(
    'INVALID_OPTION',
    `The offset of ${what} is ${shown(offset)}: it may be a whole number of milliseconds that is less than their ${limit}.`,
  )
}
