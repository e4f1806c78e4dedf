import type { Timestamp } from '../core/time.ts'
import type { StateHandles, Frozen } from './state-types.ts'

/** What a callback may return that has nothing to say. */
export type Nothing = void | undefined

/** A side output: its id and the type of what goes there. Made by `outputTag`. */
export interface Tag<in out T> {
  readonly id: string
  readonly '~tag'?: (value: T) => T
}

/** Where a process function sends records. A record is never changed once it was emitted. */
export interface Out<T> {
  emit(value: T | Frozen<T>): void
  /** To the side output of a tag; nobody has to read it. */
  side<S>(tag: Tag<S>, value: NoInfer<S | Frozen<S>>): void
}

/** One pending time per key and name: setting it again moves it. */
export interface Timer {
  /** The pending time, undefined when none is. */
  readonly at: Timestamp | undefined
  set(at: Timestamp): void
  clear(): void
}

/** Any number of pending times per key and name, each at most once. */
export interface Timers {
  add(at: Timestamp): void
  delete(at: Timestamp): void
  clear(): void
}

/** A timer as declared: `eventTimer()`, `processingTimers()`, …. The declaration is the type of the handle. */
export interface TimerSpec<out Handle> {
  readonly '~millrace': 'timer'
  readonly '~handle'?: Handle
}
/** Timers by name, as a process function declares them. */
export type TimerSpecs = Record<string, TimerSpec<unknown>>
/** The handles of declared timers: what `context.timers` is. */
export type TimerHandles<M> = { readonly [N in keyof M]: M[N] extends TimerSpec<infer Handle> ? Handle : never }

/** What `open` is told. */
export interface OpenContext {
  /** The step's address, `step/ID`. */
  readonly step: string
  /** From 0. */
  readonly subtask: number
  readonly subtasks: number
  /** Aborted when the subtask is to end. */
  readonly signal: AbortSignal
}

/** What a keyed process function sees besides the record: valid during the call only. */
export interface KeyContext<K, S, M, R = undefined> {
  readonly key: K
  /** What `open` returned. */
  readonly resource: R
  readonly state: StateHandles<S>
  readonly timers: TimerHandles<M>
  /** Event time of the record, or the time of the timer; undefined when the record has none. */
  readonly timestamp: Timestamp | undefined
  /** No record at or before this time will come, late ones excepted. -Infinity before the first, +Infinity after all input. */
  readonly watermark: Timestamp
  /** Processing time. */
  readonly now: Timestamp
}

/** What a process function without a key sees besides the record. */
export interface PlainContext<R = undefined> {
  readonly resource: R
  readonly timestamp: Timestamp | undefined
  readonly watermark: Timestamp
  readonly now: Timestamp
}

/**
 * What all keyed process functions share. Methods are synchronous. `open` and `close` run once per subtask. The output type is
 * said once: annotate `out: Out<…>` in any one method.
 */
export interface ProcessBase<K, S, M, O, R = undefined> {
  state?: S
  timers?: M
  /** Once per subtask; what it returns is `context.resource`. */
  open?(context: OpenContext): R | Promise<R>
  close?(resource: R): Nothing | Promise<void>
  /** One method for each declared timer. */
  onTimer?: { [N in keyof M]?: (at: Timestamp, context: KeyContext<K, S, M, R>, out: Out<O>) => Nothing }
}

/** Without a key there is no state and no timer. */
export interface PlainProcess<T, O, R = undefined> {
  open?(context: OpenContext): R | Promise<R>
  close?(resource: R): Nothing | Promise<void>
  onRecord(value: T, context: PlainContext<R>, out: Out<O>): Nothing
}

/** A process function with a key, declared state and named timers. */
export interface KeyedProcess<T, K, S, M, O, R = undefined> extends ProcessBase<K, S, M, O, R> {
  onRecord(value: T, context: KeyContext<K, S, M, R>, out: Out<O>): Nothing
}
