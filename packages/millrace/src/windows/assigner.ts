/** Which windows a record belongs to. Pure. */
export { windowStart } from '../core/window-start.ts'

/** [start, end): the greatest timestamp of a window is `end - 1` (WA-1). */
export interface TimeWindow {
  readonly start: number
  readonly end: number
}

/** A tumbling window slides by its size. A slide above the size leaves gaps. */
export interface SlidingWindows {
  readonly kind: 'time'
  readonly domain: 'event' | 'processing'
  readonly sizeMs: number
  readonly slideMs: number
  readonly offsetMs: number
}
export interface SessionWindows {
  readonly kind: 'session'
  readonly domain: 'event' | 'processing'
  /** In ms; or what gives it for a record. */
  readonly gap: number | ((value: unknown) => unknown)
}
/** The last `size` records of a key, whenever `slide` of them have come since. */
export interface CountWindows {
  readonly kind: 'count'
  readonly size: number
  readonly slide: number
}
export type WindowSpec = SlidingWindows | SessionWindows | CountWindows

/** Of a size or a gap: added to any timestamp that a record may have, it leaves a safe integer. 3,170 years. */
export const MAX_WINDOW_MS: number = 100_000_000_000_000

/** WO-1: from this watermark on a window takes no more records. */
export function cleanupTime(maxTimestamp: number, latenessMs: number): number {
  const time = maxTimestamp + latenessMs
  return time > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : time
}

/** Slices of one slide can be put together to any of the windows. */
export function isSliceable({ sizeMs, slideMs }: SlidingWindows): boolean {
  return sizeMs % slideMs === 0
}
