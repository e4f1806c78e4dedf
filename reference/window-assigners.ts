// Which windows a record belongs to.
import { int, modulo } from './fields.ts'
import type { TimeWindow } from './handles.ts'
import { assertNever, type AssignerSpec, type GapSpec, type Row, type TimeDomain } from './program.ts'

/** The only window of count and global windows: it has no end (WA-8). */
export const GLOBAL: TimeWindow = { start: -Infinity, end: Infinity }

/** WA-1. */
export function maxTimestamp(window: TimeWindow): number {
  return window.end - 1
}

/** The time by which windows are assigned and end; undefined where they have no end. */
export function windowDomain(assigner: AssignerSpec): TimeDomain | undefined {
  return assigner.kind === 'count' || assigner.kind === 'global' ? undefined : assigner.time
}

/** WA-2: `%` has the sign of the dividend. */
export function windowStart(at: number, offset: number, size: number): number {
  const remainder = (at - offset) % size
  return (remainder < 0 ? at - (remainder + size) : at - remainder) + 0
}

/** The windows of a value at a time, in the order in which they are gone through. */
export function assign(spec: AssignerSpec, value: Row, at: number): TimeWindow[] {
  switch (spec.kind) {
    case 'tumbling': {
      const start = windowStart(at, spec.offset, spec.size)
      return [{ start, end: start + spec.size }]
    }
    case 'sliding': {
      const windows: TimeWindow[] = []
      for (let start = windowStart(at, spec.offset, spec.slide); start > at - spec.size; start -= spec.slide)
        windows.push({ start, end: start + spec.size })
      return windows
    }
    case 'cumulative': {
      const start = windowStart(at, spec.offset, spec.size)
      const ends = Array.from({ length: spec.size / spec.step }, (_, i) => start + (i + 1) * spec.step)
      return ends.filter((end) => end > at).map((end) => ({ start, end }))
    }
    case 'session':
      return [{ start: at, end: at + gapOf(spec.gap, value) }]
    case 'count':
    case 'global':
      return [GLOBAL]
    default:
      return assertNever(spec)
  }
}

function gapOf(gap: number | GapSpec, value: Row): number {
  return typeof gap === 'number' ? gap : dynamicGap(gap)(value)
}

/** What `session` is given when the gap depends on the value. */
export function dynamicGap({ field, least, modulo: by }: GapSpec): (value: Row) => number {
  return (value) => least + modulo(int(value, field), by)
}
