import type { Duration } from '../core/duration.ts'
import type { Timestamp } from '../core/time.ts'
import type { Aggregates, Results } from './aggregate-types.ts'
import type { Nothing, Out, Tag } from './process-types.ts'
import type { Stream } from './stream-types.ts'

type Plain<O> = { [P in keyof O]: O[P] } & {}

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
export interface WindowTime {
  /** Windows begin at whole multiples of their size (or slide) since the epoch plus this; less than the size (or slide), also below zero as a number. */
  offset?: Duration
  /** `event` unless said otherwise. `processing`: by the clock of the machine when a record comes. */
  time?: 'event' | 'processing'
}

type OfWindow<W> = [W] extends [undefined] ? {} : { readonly window: W }

/** Records of a key in windows. What it has so far is said before the step that ends it. */
export interface WindowedStream<T, K, W = TimeWindow> {
  /** For so long after the end of a window the watermark may pass before its records are late; each that comes in that time fires the window again, for its key. */
  allowedLateness(lateness: Duration): WindowedStream<T, K, W>
  /** Records that are late for all their windows go there, as they came; without it they are counted and dropped. */
  lateTo<L>(this: WindowedStream<L, K, W>, tag: Tag<L>): WindowedStream<T, K, W>
  /** One row for each key and window when it fires: `{ key, window, ...results }`, with the time of the window's end - 1. */
  aggregate<A extends Aggregates<T> & { key?: never; window?: never }>(
    id: string,
    aggregates: A,
  ): Stream<Plain<{ readonly key: K } & OfWindow<W> & Results<A>>>
  /** Called with all records of a key and window, in order of arrival, when it fires. */
  process<O = never>(
    id: string,
    onWindow: (
      context: { readonly key: K; readonly window: W; readonly watermark: Timestamp; readonly now: Timestamp },
      values: Iterable<T>,
      out: Out<O>,
    ) => Nothing,
  ): Stream<O>
}
