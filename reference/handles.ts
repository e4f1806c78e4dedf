// The handles that user functions see, in the api's words. The engine's real handles fit these, and so do the reference's own.
import type { Json, Key, Row, TtlSpec } from './program.ts'

/** `get` gives the initial value, or undefined without one, when nothing is set. */
export interface ValueHandle<T, Absent = undefined> {
  get(): T | Absent
  set(value: T): void
  update(change: (now: T | Absent) => T): void
  clear(): void
}
export interface ListHandle<T> extends Iterable<T> {
  readonly size: number
  add(value: T): void
  replace(values: Iterable<T>): void
  clear(): void
}
export interface MapHandle<K, V> extends Iterable<[K, V]> {
  readonly size: number
  get(key: K): V | undefined
  has(key: K): boolean
  keys(): Iterable<K>
  values(): Iterable<V>
  set(key: K, value: V): void
  update(key: K, change: (now: V | undefined) => V): void
  delete(key: K): void
  clear(): void
}
/** One pending time per key and name: setting moves it. */
export interface TimerHandle {
  readonly at: number | undefined
  set(at: number): void
  clear(): void
}
/** Any number of pending times per key and name, each at most once. */
export interface TimersHandle {
  add(at: number): void
  delete(at: number): void
  clear(): void
}

/** What stands for an output tag: the engine's tags fit it. */
export interface TagHandle {
  readonly id: string
}
/** Makes the tag that `out.side` is called with; an oracle passes the engine's `outputTag`, one object per id. */
export type TagOf = (id: string) => TagHandle
export interface OutHandle {
  emit(value: Row): void
  side(tag: TagHandle, value: Row): void
}

export interface PlainContext {
  readonly timestamp: number | undefined
  readonly watermark: number
  readonly now: number
}
export interface KeyedContext<S = Record<string, unknown>, M = Record<string, unknown>> extends PlainContext {
  readonly key: Key
  readonly state: S
  readonly timers: M
}

/** `window` is undefined in count and global windows. */
export interface WindowContext {
  readonly key: Key
  readonly window: TimeWindow | undefined
  readonly watermark: number
  readonly now: number
}
/** [start, end) (WA-1). */
export interface TimeWindow {
  readonly start: number
  readonly end: number
}

/** A state declaration as data: `initial` is the value itself, of value states only. */
export interface StateDeclaration {
  readonly kind: 'value' | 'list' | 'map'
  readonly initial?: Json
  readonly ttl?: TtlSpec
}
/** eventTimer, processingTimer, eventTimers, processingTimers. */
export type TimerDeclaration = 'event' | 'processing' | 'events' | 'processings'

export interface PlainBehaviour {
  onRecord(value: Row, context: PlainContext, out: OutHandle): void
}
export interface WindowBehaviour {
  onWindow(context: WindowContext, values: Iterable<Row>, out: OutHandle): void
}
type OnTimer<S, M> = (at: number, context: KeyedContext<S, M>, out: OutHandle) => void
export interface TypedKeyedBehaviour<S, M> {
  readonly states: { readonly [N in keyof S]: StateDeclaration }
  readonly timers: { readonly [N in keyof M]: TimerDeclaration }
  onRecord(value: Row, context: KeyedContext<S, M>, out: OutHandle): void
  readonly onTimer: { readonly [N in keyof M]: OnTimer<S, M> }
}
/** A keyed process function with its declarations as data. */
export interface KeyedBehaviour {
  readonly states: Readonly<Record<string, StateDeclaration>>
  readonly timers: Readonly<Record<string, TimerDeclaration>>
  onRecord(value: Row, context: KeyedContext, out: OutHandle): void
  readonly onTimer: Readonly<Record<string, OnTimer<Record<string, unknown>, Record<string, unknown>>>>
}
