/** Windows in words: in messages, in what explain() says, and as the layout of their state, which a restore compares. */
import { type Duration, durationMs, durationWritten } from '../core/duration.ts'
import type { SlidingWindows, WindowSpec } from '../windows/assigner.ts'
import type { WindowNode } from './nodes.ts'

export { WINDOW_END, WINDOW_START } from '../windows/names.ts'

/** `windows of 10m every 1m`, `sessions with a gap of 15m`, `windows of 3 records`. */
export function windowsText(windows: WindowSpec): string {
  switch (windows.kind) {
    case 'count':
      return windows.size === windows.slide ? `windows of ${recordsText(windows.size)}` : lastRecordsText(windows)
    case 'session': {
      const gap = typeof windows.gap === 'number' ? `a gap of ${durationWritten(windows.gap)}` : 'a gap for each record'
      return `sessions with ${gap}${clockText(windows)}`
    }
    case 'time': {
      const { sizeMs, slideMs } = windows
      const every = sizeMs === slideMs ? '' : ` every ${durationWritten(slideMs)}`
      return `windows of ${durationWritten(sizeMs)}${every}${offsetText(windows)}${clockText(windows)}`
    }
  }
}

const FROM_SLICES = ', from slices'

/**
 * How state of windows lies in a checkpoint. Slices of tumbling windows are the windows themselves.
 *
 * STATE FORMAT: checkpoints hold these words, and state of other words is not restored.
 */
export function layoutText(windows: WindowSpec, operator: WindowNode['operator']): string {
  const isSliced = operator === 'sliced' && windows.kind === 'time' && windows.sizeMs !== windows.slideMs
  return `${windowsText(windows)}${isSliced ? FROM_SLICES : ''}`
}

/** How long what is kept together lasts: a window, or one of its slices. Undefined where that is not said: sessions, counts. */
export function paneMsOf(layout: string): number | undefined {
  const [, size, slide] = /^windows of ([\da-z.]+)(?: every ([\da-z.]+))?(?= from |,| in |$)/.exec(layout) ?? []
  if (size === undefined) return undefined
  return durationMs((layout.endsWith(FROM_SLICES) ? (slide ?? size) : size) as Duration)
}

function recordsText(count: number): string {
  return `${count} record${count === 1 ? '' : 's'}`
}

function lastRecordsText({ size, slide }: { readonly size: number; readonly slide: number }): string {
  return `windows of the last ${recordsText(size)}, every ${recordsText(slide)}`
}

function offsetText({ offsetMs }: SlidingWindows): string {
  if (offsetMs === 0) return ''
  return ` from ${offsetMs < 0 ? '-' : ''}${durationWritten(Math.abs(offsetMs))}`
}

function clockText({ domain }: { readonly domain: 'event' | 'processing' }): string {
  return domain === 'event' ? '' : ' in processing time'
}
