import type { Duration } from '../core/duration.ts'
import type { Timestamp } from '../core/time.ts'
import type { Sink } from '../connect/contract.ts'
import type { Key } from '../state/contract.ts'
import type { Aggregates, Results } from './aggregate-types.ts'
import type { KeyedProcess, Nothing, Out, PlainProcess, Tag, TimerSpecs } from './process-types.ts'
import type { States } from './state-types.ts'
import type { TimeWindow, WindowAssigner } from './window-types.ts'

/** Per-record code is synchronous: whatever returns a promise, if only for some records, does not compile. */
export type NotPromise<O> = [Extract<O, PromiseLike<unknown>>] extends [never]
  ? unknown
  : 'per-record code is synchronous: it may not return a promise'
/** The type of a stream's records. */
export type ElementOf<S> = S extends Stream<infer U> ? U : never
type Plain<O> = { [P in keyof O]: O[P] } & {}

/**
 * Records of one type on their way through a job. Every method adds a step to the job's plan and returns what comes out of it;
 * nothing runs before the job does. A stream may be read any number of times: each reader gets every record.
 *
 * A record is never changed once it was emitted: readers share it.
 */
export interface Stream<out T> {
  /** One record for each. The mapper returns a value, not a promise. */
  map<O>(mapper: (value: T) => O & NotPromise<O>): Stream<O>
  filter<Kept extends T>(predicate: (value: T) => value is Kept): Stream<Kept>
  filter(predicate: (value: T) => boolean): Stream<T>
  /** Any number of records for each, as an array or another iterable; also an endless one. */
  flatMap<O>(mapper: (value: T) => (readonly O[] | Iterable<O>) & (O extends string ? readonly O[] : unknown)): Stream<O>
  /**
   * The same records, by key: what the steps after it keep, they keep for each key, and one subtask of theirs gets all records of a
   * key, in the order in which each subtask before it sent them. The selector must always give the same key for the same record.
   */
  keyBy<const K extends Key>(selector: (value: T) => K): KeyedStream<T, K>
  /** The records of all, in no particular order between them. A stream united with itself gives each record twice. */
  union<S extends readonly Stream<unknown>[]>(...others: S): Stream<T | ElementOf<S[number]>>
  /** The general step: it sees each record, and emits what it likes, also to side outputs. */
  process<O = never, R = undefined>(id: string, process: PlainProcess<T, O, R>): Stream<O>
  /** What the step that this stream comes from sends to a tag. */
  side<S>(tag: Tag<S>): Stream<S>
  /** `step(this)`: for steps that are written as functions. */
  apply<O>(step: (stream: this) => O): O
  /**
   * In how many subtasks the step that this stream comes from runs; on a keyed stream, the steps that are made from what is
   * returned. The run's `parallelism` holds for all that do not say. Records change subtasks between steps of different
   * parallelism, which keeps no order.
   */
  parallelism(subtasks: number): this
  to(id: string, sink: Sink<T>): void
}

/** A stream whose records have keys. */
export interface KeyedStream<out T, out K> extends Stream<T> {
  /** The general step with a key: declared state, named timers, side outputs. */
  process<S extends States = {}, M extends TimerSpecs = {}, O = never, R = undefined>(
    id: string,
    process: KeyedProcess<T, K, S, M, O, R>,
  ): Stream<O>
  /** All records of a key so far, reduced to one, after each. The first comes out as it is. */
  reduce(id: string, reducer: (accumulated: T, value: T) => T): Stream<T>
  /** The records of a key in windows: say how late they may be, then what to compute. */
  window<W>(assigner: WindowAssigner<W, T>): WindowedStream<T, K, W>
  /** Aggregates over all records of a key so far, after each: `{ key, ...results }`. */
  aggregate<A extends Aggregates<T> & { key?: never }>(id: string, aggregates: A): Stream<Plain<{ readonly key: K } & Results<A>>>
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
