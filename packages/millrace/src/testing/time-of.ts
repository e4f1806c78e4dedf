import { StreamError } from '../core/errors.ts'
import type { Timestamp } from '../core/time.ts'
import { shown } from '../plan/ids.ts'

/** A moment: milliseconds since the epoch, a date, or text of ISO 8601 with its zone, such as `2026-03-01T10:00:00Z`. */
export type Moment = Timestamp | Date | string

/** The furthest moment that a `Date` can hold. */
const LAST_MS = 8.64e15
const ZONED = /(Z|[+-]\d\d:?\d\d)$/i
const DAY = /^\d{4}-\d\d-\d\d$/

/** @throws {INVALID_OPTION} for what is no moment, or text that means another one in another time zone */
export function momentMs(moment: unknown, what: string): number {
  if (typeof moment === 'string') return checked(textMs(moment, what), moment, what)
  return checked(moment instanceof Date ? moment.getTime() : moment, moment, what)
}

export function goesBack(what: string, { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): StreamError {
  const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()]
  return new StreamError('INVALID_OPTION', `${what} does not go back: ${from} was reached before ${to}.`)
}

function textMs(text: string, what: string): number {
  const ms = Date.parse(text)
  if (!Number.isNaN(ms) && !ZONED.test(text) && !DAY.test(text))
    throw new StreamError(
      'INVALID_OPTION',
      `${what} is '${text}', which is another moment in each time zone: write the zone too, '${text}Z' for UTC.`,
    )
  return ms
}

function checked(ms: unknown, moment: unknown, what: string): number {
  if (typeof ms === 'number' && Number.isSafeInteger(ms) && Math.abs(ms) <= LAST_MS) return ms
  throw new StreamError(
    'INVALID_OPTION',
    `${what} is ${shown(moment)}: it may be whole milliseconds since 1970, a Date, or text such as '2026-03-01T10:00:00Z'.`,
  )
}
