import { StreamError, type Details } from './errors.ts'

type Unit = 'ms' | 's' | 'm' | 'h' | 'd'
/** Milliseconds, or text such as `500ms`, `10s`, `5m`, `1h`, `30d`, `1h30m`. */
export type Duration = number | `${number}${Unit}` | `${number}d${number}h` | `${number}h${number}m` | `${number}m${number}s`

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const one = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)/

/**
 * Milliseconds of a duration, a finite number of at least 0. `of` is for its error.
 * @throws {INVALID_DURATION} for negative, infinite and unreadable ones
 */
export function durationMs(duration: Duration, what: string = 'duration', of: { readonly details?: Details } = {}): number {
  const ms = typeof duration === 'number' ? duration : parse(duration)
  if (Number.isFinite(ms) && ms >= 0) return ms
  const given = typeof duration === 'number' ? String(duration) : (JSON.stringify(duration) ?? String(duration))
  const isWithoutUnit = typeof duration === 'string' && /^\d+$/.test(duration)
  const how = isWithoutUnit
    ? `it has no unit. Write ${duration}ms, or with s, m, h or d.`
    : `write milliseconds (at least 0) or a text such as '500ms', '10s', '5m', '1h', '30d'.`
  throw new StreamError('INVALID_DURATION', `${what} is ${given}: ${how}`, of)
}

/** As one would write it: `500ms`, `10s`, `1h30m`. */
export function durationWritten(ms: number): string {
  const [unit, perUnit] = Object.entries(unitMs).findLast(([, each]) => ms >= each && (ms % each === 0 || each >= 60_000)) ?? ['ms', 1]
  const rest = ms % perUnit
  return `${Math.floor(ms / perUnit)}${unit}${rest === 0 ? '' : durationWritten(rest)}`
}

function parse(text: unknown): number {
  if (typeof text !== 'string' || text === '') return Number.NaN
  let rest: string = text
  let total = 0
  while (rest !== '') {
    const match = one.exec(rest)
    if (match === null) return Number.NaN
    total += Number(match[1]) * (unitMs[match[2] as string] as number)
    rest = rest.slice(match[0].length)
  }
  return total
}
