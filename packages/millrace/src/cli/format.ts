/** Figures for people: how the command line writes sizes, times and counts. Pure, ASCII only. */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEAR = 365.25 * DAY
/** What a `Date` can hold. */
const LAST_MOMENT = 8.64e15

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** Three digits, powers of 1,000: `0 B`, `34.5 kB`, `1.20 GB`. */
export function bytesText(bytes: number): string {
  let value = bytes
  let unit = 0
  // 999,500 would be written as 1,000 kB.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000
    unit++
  }
  return `${unit === 0 ? String(Math.round(value)) : threeDigits(value)} ${units[unit]}`
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0)
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2)
}

/** Whole, with commas, whatever the machine's language is: `1,234,567`. */
export function countText(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 record`, `2,000 records`. */
export function pluralText(count: number, word: string): string {
  return `${countText(count)} ${word}${count === 1 ? '' : 's'}`
}

/** Whole, and 100% only for all: `0%`, `99%`. */
export function percentText(share: number): string {
  return `${Math.floor(share * 100)}%`
}

/** Per second: `0/s`, `2.5/s`, `512,345/s`. */
export function rateText(perSecond: number): string {
  const isSmall = perSecond > 0 && perSecond < 9.95
  return `${isSmall ? perSecond.toFixed(1) : countText(perSecond)}/s`
}

/** At most two units: `340 ms`, `1.2 s`, `59 s`, `2m 05s`, `3h 04m`, `2d 3h`, `25.4 years`. */
export function durationText(ms: number): string {
  if (ms < 0) return `-${durationText(-ms)}`
  if (!Number.isFinite(ms)) return 'for ever'
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 9_950) return `${(ms / SECOND).toFixed(1)} s`
  if (ms < 59_500) return `${Math.round(ms / SECOND)} s`
  if (ms < HOUR - SECOND / 2) return twoUnits(ms, SECOND, 60, 'm', 's')
  if (ms < DAY - MINUTE / 2) return twoUnits(ms, MINUTE, 60, 'h', 'm')
  if (ms < 2 * YEAR) return twoUnits(ms, HOUR, 24, 'd', 'h')
  return `${(ms / YEAR).toFixed(1)} years`
}

function twoUnits(ms: number, smallMs: number, perLarge: number, large: string, small: string): string {
  const smalls = Math.round(ms / smallMs)
  const rest = String(smalls % perLarge)
  return `${countText(Math.floor(smalls / perLarge))}${large} ${perLarge === 60 ? rest.padStart(2, '0') : rest}${small}`
}

/** `3.2 s ago`; clocks of two machines may differ, so a future is `just now`. */
export function ageText(ms: number): string {
  return ms < 100 ? 'just now' : `${durationText(ms)} ago`
}

/** A wall-clock or event time, in UTC: `2001-06-30 23:50:00`. */
export function momentText(ms: number): string {
  if (!(Math.abs(ms) <= LAST_MOMENT)) return String(ms)
  return new Date(ms).toISOString().slice(0, -5).replace('T', ' ')
}

/** `2020-01-01 00:00:00 to 01:00:00`, with milliseconds where there are some. */
export function spanText({ start, end }: { readonly start: number; readonly end: number }): string {
  if (!(Math.abs(start) <= LAST_MOMENT && Math.abs(end) <= LAST_MOMENT)) return `${start} to ${end}`
  const isWhole = start % SECOND === 0 && end % SECOND === 0
  const [from, to] = [start, end].map((ms) => {
    const text = new Date(ms).toISOString().replace('T', ' ')
    return isWhole ? text.slice(0, -5) : text.slice(0, -1)
  }) as [string, string]
  const isOneDay = from.slice(0, -(isWhole ? 8 : 12)) === to.slice(0, -(isWhole ? 8 : 12))
  return `${from} to ${isOneDay ? to.slice(isWhole ? -8 : -12) : to}`
}

/** A watermark, whose ends are no times. */
export function watermarkText(watermark: number): string {
  if (watermark === Number.NEGATIVE_INFINITY) return 'before all records'
  return watermark === Number.POSITIVE_INFINITY ? 'end of input' : momentText(watermark)
}

/** Replacer for JSON.stringify: what JSON cannot hold becomes readable text. */
export function jsonValue(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (value instanceof Map) return [...value]
  return value instanceof Set ? [...value] : value
}
