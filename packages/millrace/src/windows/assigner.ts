/** Which windows a record belongs to. Pure. */

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

/**
 * Start of the last window that has begun at a timestamp (WA-2).
 * @source Flink `TimeWindow.getWindowStartWithOffset`
 */
export function windowStart(timestamp: number, offset: number, size: number): number {
  const rest = (timestamp - offset) % size
  // `+ 0`: -0 is 0.
  return timestamp - (rest < 0 ? rest + size : rest) + 0
}

/** WO-1: from this watermark on a window takes no more records. */
export function cleanupTime(maxTimestamp: number, latenessMs: number): number {
  const time = maxTimestamp + latenessMs
  return time > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : time
}

/** Slices of one slide can be put together to any of the windows. */
export function isSliceable({ sizeMs, slideMs }: SlidingWindows): boolean {
  return sizeMs % slideMs === 0
}

/** For people, and to compare with what a checkpoint holds. */
export function windowsText(windows: WindowSpec): string {
  if (windows.kind === 'count')
    return windows.size === windows.slide ? `of ${windows.size} records` : `of ${windows.size} records every ${windows.slide}`
  const time = windows.domain === 'event' ? '' : ' in processing time'
  if (windows.kind === 'session') return `sessions${typeof windows.gap === 'number' ? ` with a gap of ${windows.gap} ms` : ''}${time}`
  const { sizeMs, slideMs, offsetMs } = windows
  const offset = offsetMs === 0 ? '' : ` from ${offsetMs} ms`
  return sizeMs === slideMs ? `of ${sizeMs} ms${offset}${time}` : `of ${sizeMs} ms every ${slideMs} ms${offset}${time}`
}
