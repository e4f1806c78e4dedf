import type { Duration } from '../core/duration.ts'
import type { StandardSchema } from './standard-schema.ts'

/** What state hands out: deeply readonly. It is never changed in place; write the new value back. */
export type Frozen<T> = T extends string | number | bigint | boolean | symbol | null | undefined
  ? T
  : T extends (...a: never) => unknown
    ? T
    : T extends ArrayBufferView | ArrayBuffer
      ? T
      : T extends Date
        ? FrozenDate
        : T extends ReadonlyMap<infer A, infer B>
          ? ReadonlyMap<A, Frozen<B>>
          : T extends ReadonlySet<infer A>
            ? ReadonlySet<Frozen<A>>
            : T extends object
              ? { readonly [P in keyof T]: Frozen<T[P]> }
              : T
/** A `Date` without what changes it. */
export type FrozenDate = Pick<Date, Exclude<keyof Date, `set${string}`>>

/** One value per key. `Absent` is what `get` returns when nothing was set: nothing, if the state has an `initial`. */
export interface ValueState<T, Absent = undefined> {
  /** The value, else what `initial` makes, else undefined. */
  get(): Frozen<T> | Absent
  /** Writing undefined is the same as `clear`. */
  set(value: T | Frozen<T>): void
  /** `set(change(get()))`. */
  update(change: (now: Frozen<T> | Absent) => T | Frozen<T>): void
  clear(): void
}

/** A list per key, in order of adding. */
export interface ListState<T> extends Iterable<Frozen<T>> {
  readonly size: number
  add(value: T | Frozen<T>): void
  replace(values: Iterable<T | Frozen<T>>): void
  clear(): void
}

/** The reading half of a map state. The order of its entries does not outlive a restore. */
export interface ReadonlyMapState<K, V> extends Iterable<[K, Frozen<V>]> {
  readonly size: number
  get(key: K): Frozen<V> | undefined
  has(key: K): boolean
  keys(): Iterable<K>
  values(): Iterable<Frozen<V>>
}

/** A map per key, whose entries are stored one by one. */
export interface MapState<K, V> extends ReadonlyMapState<K, V> {
  set(key: K, value: V | Frozen<V>): void
  update(key: K, change: (now: Frozen<V> | undefined) => V | Frozen<V>): void
  delete(key: K): void
  clear(): void
}

/** A state as declared: `valueState()`, `listState()` or `mapState()`. The declaration is the type of the handle. */
export interface StateSpec<out Handle> {
  readonly '~millrace': 'state'
  readonly '~handle'?: Handle
}

/** What all kinds of state can be told. */
export interface StateOptions {
  /**
   * How long a value lives, in processing time. By default counted from the last write, and a value is never returned after its
   * time. Lists and maps: per value.
   */
  ttl?: Duration | { after: Duration; refreshOn?: 'write' | 'read-and-write'; expired?: 'never-returned' | 'until-cleaned' }
  /** Of the form of the values, a whole number; default 1. Stored with them; raise it together with a `migrate`. */
  version?: number
}

/** What states that hold values of the type `T` can be told besides. */
export interface ValueOptions<T> extends StateOptions {
  /**
   * A Standard Schema, synchronous. A restore looks at the first 1,000 values of the state in each subtask, and at all that were
   * migrated; what the schema would make of them is not used.
   */
  schema?: StandardSchema<T>
  /**
   * Makes a value of now out of one of an older version, when a checkpoint is restored: a value, an element of a list, a value of a
   * map. `old` is its own, and may be changed in place.
   */
  migrate?: (old: unknown, fromVersion: number) => T
}

/** States by name, as a process function declares them. */
export type States = Record<string, StateSpec<unknown>>
/** The handles of declared states: what `context.state` is. */
export type StateHandles<S> = { readonly [N in keyof S]: S[N] extends StateSpec<infer Handle> ? Handle : never }
