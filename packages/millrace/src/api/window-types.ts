import type { Duration } from '../core/duration.ts'
import type { Timestamp } from '../core/time.ts'

/** [start, end), in ms since the epoch. */
export interface TimeWindow {
  readonly start: Timestamp
  readonly end: Timestamp
}
/** How records are put into windows of type W; made by `tumbling`, `sliding`, `session` and `countWindow`. */
export interface WindowAssigner<out W = TimeWindow, in T = unknown> {
  readonly '~millrace': 'window'
  readonly '~window'?: W
  readonly '~of'?: (value: T) => void
}
/** When windows begin, and by which clock. */
export interface WindowTime {
  /** Windows begin at whole multiples of their size (or slide) since the epoch plus this; less than the size (or slide), also below zero as a number. */
  offset?: Duration
  /** `event` unless said otherwise. `processing`: by the clock of the machine when a record comes. */
  time?: 'event' | 'processing'
}
