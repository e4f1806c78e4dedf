import { type Duration, durationMs } from '../core/duration.ts'
import { StreamError } from '../core/errors.ts'
import { shown } from '../plan/ids.ts'
import type { WindowSpec } from '../windows/assigner.ts'
import type { TimeWindow, WindowAssigner, WindowTime } from './window-types.ts'

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
  return assigner({ kind: 'time', sizeMs, slideMs: sizeMs, ...timeOf(options, sizeMs, 'tumbling') })
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
  return assigner({ kind: 'time', sizeMs, slideMs, ...timeOf(options, slideMs, 'sliding') })
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
  const { domain } = timeOf(options, 1, 'session')
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
      throw new StreamError('INVALID_OPTION', `The ${what} of a count window is ${String(count)}: it may be a whole number from 1.`)
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
  if (Number.isSafeInteger(ms) && ms > 0) return ms
  throw new StreamError('INVALID_DURATION', `${what} is ${shown(duration)}: it may be a whole number of milliseconds from 1.`)
}

/** WA-3. */
function timeOf(
  { offset = 0, time = 'event' }: WindowTime,
  limitMs: number,
  what: string,
): { readonly domain: 'event' | 'processing'; readonly offsetMs: number } {
  if (time !== 'event' && time !== 'processing')
    throw new StreamError('INVALID_OPTION', `The time of ${what} windows is ${shown(time)}: it may be 'event' or 'processing'.`)
  // Numbers may be negative here: windows may begin before a whole multiple.
  const offsetMs =
    typeof offset === 'number' && offset < 0
      ? -durationMs(-offset, `The offset of ${what} windows`)
      : durationMs(offset, `The offset of ${what} windows`)
  if (Number.isSafeInteger(offsetMs) && Math.abs(offsetMs) < limitMs) return { domain: time, offsetMs }
  throw new StreamError(
    'INVALID_OPTION',
    `The offset of ${what} windows is ${shown(offset)}: it may be a whole number of milliseconds that is less than their ${what === 'sliding' ? 'slide' : 'size'}.`,
  )
}
