/**
 * What an operator keeps per key, and how it gets into and out of checkpoints. One `KeyedState` belongs to one operator in one
 * subtask; it is used on the task's thread only and is synchronous throughout.
 *
 * S1  A value is immutable once it was set or read; only accumulators change in place, between `touch` and the end of the call.
 * S2  `seal` is O(1). What was written before it is in the snapshot exactly as it was at `seal`, whatever is written afterwards:
 *     a slot that is written (or touched) before its turn is encoded first.
 * S3  One snapshot at a time. Until `complete(n)` everything that snapshot n covers (puts, deletes, dropped namespaces) stays
 *     pending: after `abort(n)` it joins the next snapshot.
 * S4  The key group of a key is computed when the key is inserted, never on a lookup.
 * S5  A delta holds exactly what changed since the last completed snapshot; base + deltas, merged in order, is the state.
 */
import type { Budget } from '../core/env.ts'
import type { StateSize } from './size.ts'

/** What a key may be: compared by what it holds, not by identity. */
export type Key = string | number | bigint | boolean | readonly Key[]

export interface TtlDeclaration {
  readonly afterMs: number
  readonly refreshOn: 'write' | 'read-and-write'
  readonly expired: 'never-returned' | 'until-cleaned'
}

/** A state or timer as declared, after defaults. Data, comparable with what a checkpoint holds. */
export interface StateDeclaration {
  /** `accumulator`: engine-owned, may be changed in place under `touch` (S1). */
  readonly kind: 'value' | 'list' | 'map' | 'accumulator' | 'timer' | 'timers'
  /** For `timer` and `timers`. */
  readonly domain?: 'event' | 'processing'
  readonly ttl?: TtlDeclaration
  /** Of an `accumulator`: `Aggregate.kind`. */
  readonly aggregate?: string
  /** Of the user's value format; stored with each chunk. */
  readonly version: number
  /** Of windows: which ones. State of others cannot be theirs. */
  readonly layout?: string
  /** `value` with a default for absent ones. */
  readonly initial?: () => unknown
  /** Applied at restore to each value, element or map value of another version. */
  readonly migrate?: (old: unknown, fromVersion: number) => unknown
  /** Throws a `StreamError` for a value that the user's schema does not let pass. */
  readonly validate?: (value: unknown) => unknown
}

/** Handles of the current key. What they mean is in the public types (`ValueState`, …). */
export interface ValueHandle {
  get(): unknown
  set(value: unknown): void
  update(change: (now: unknown) => unknown): void
  clear(): void
}
export interface ListHandle extends Iterable<unknown> {
  readonly size: number
  add(value: unknown): void
  replace(values: Iterable<unknown>): void
  clear(): void
}
export interface MapHandle extends Iterable<[Key, unknown]> {
  readonly size: number
  get(key: Key): unknown
  has(key: Key): boolean
  keys(): Iterable<Key>
  values(): Iterable<unknown>
  set(key: Key, value: unknown): void
  update(key: Key, change: (now: unknown) => unknown): void
  delete(key: Key): void
  clear(): void
}
/** One pending time; `set` moves it. A time is a safe integer or `TIMER_LIMIT` is thrown. */
export interface TimerHandle {
  readonly at: number | undefined
  set(at: number): void
  clear(): void
}
/** Any number of pending times, each at most once. */
export interface TimersHandle {
  /** Those that are pending, ascending: for whoever looks from outside. */
  times(): readonly number[]
  add(at: number): void
  delete(at: number): void
  clear(): void
}
/**
 * Accumulators by slot, for the engine's own operators (reduce, aggregate, windows). `slotOf` of the state gives the slot of a
 * key, inserting it.
 */
export interface AccumulatorColumn {
  /** Undefined when the slot has none. */
  get(slot: number): unknown
  /** NaN when the slot has none, or one that is no number. */
  numberAt(slot: number): number
  /** Replaces the accumulator (marks it dirty, S2). */
  put(slot: number, accumulator: unknown): void
  /** As `put` where nothing is to be marked: a number in place of one written before in this epoch; else false, and nothing is done. */
  replaceNumber(slot: number, accumulator: unknown): boolean
  /** To be called before an accumulator is changed in place. */
  touch(slot: number): void
  /** Numbers without boxing where all accumulators of the column are numbers; NaN-safe. */
  clear(slot: number): void
}

export interface FiredTimer {
  /** Index into `timerNames`. */
  readonly timer: number
  readonly at: number
}

/** What a task does with the state of any of its operators. */
export interface OperatorState {
  /** Processing time of the mail at hand; never decreases (rules 1.17). Set by the task. */
  now: number
  /** With `check: true`: throws where what handles gave out or took was changed in place since. {FROZEN_RECORD} */
  checkLent(): void
  /** No key is current: state used now is an error. */
  leave(): void

  /** Earliest pending time of a domain, +Infinity when there is none. Cheap. */
  nextTimer(domain: 'event' | 'processing'): number
  /**
   * Takes the earliest timer whose time is <= `upTo` (event) or < `upTo` (processing, TM-4), makes current what it is of, and returns
   * it; undefined when none is due. Order: by time; among equal times of one key by declaration, which a restore does not change;
   * else by the slots of the keys.
   */
  takeDue(domain: 'event' | 'processing', upTo: number): FiredTimer | undefined

  /** Keys that have something. Cheap. */
  readonly keyCount: number
  /** The shortest time to live that is declared, +Infinity when there is none. */
  readonly shortestTtlMs: number
  /** There is something to `free`. Cheap. */
  readonly canFree: boolean
  /** So many deletions wait for the next snapshot, or for `forget`, until their memory is free; some may be free already. Cheap. */
  readonly awaiting: number
  /**
   * Gives back the memory of deleted entries and keys, where a completed snapshot covers that, for as long as the budget lasts; true
   * when nothing such is left. Costs what was deleted.
   */
  free(budget: Budget): boolean
  /**
   * Frees, and then removes expired values for as long as the budget lasts, read or not (TT-4); those that were restored without an
   * expiry get one (TT-5). True at the end of a round over all values. Costs what there is of them.
   */
  sweep(budget: Budget): boolean

  readonly snapshots: SnapshotPort
  readonly statistics: StateStatistics
  /** An estimate of what each state takes in memory. Costs a few microseconds a state. */
  sizes(): readonly StateSize[]
}

/** State by the current key. */
export interface KeyedState extends OperatorState {
  /** The current key; undefined outside a key context. */
  readonly key: Key | undefined
  /** Makes a key current. */
  setKey(key: Key): void
  /** Makes a key current; its slot, inserted when it is new. */
  slotOf(key: Key): number
  /** Finds the slots of keys that are 32-bit integers, -1 where there is none; the current key stays. Short, for per-record code. */
  readonly integers: { find(key: number): number }
  /** Makes a key current of which it is known that it has this slot, or -1 that it has none. */
  enter(key: Key, slot: number): void

  value(name: string): ValueHandle
  list(name: string): ListHandle
  /** As `list`, by slot. */
  lists(name: string): ListSlots
  map(name: string): MapHandle
  accumulator(name: string): AccumulatorColumn
  timer(name: string): TimerHandle
  timers(name: string): TimersHandle

  /** Declared timers, in order of declaration. */
  readonly timerNames: readonly string[]
}

/** Lists by slot. */
export interface ListSlots {
  addTo(slot: number, value: unknown): void
  valuesOf(slot: number): Iterable<unknown>
  countOf(slot: number): number
  replaceAt(slot: number, values: readonly unknown[]): void
}

export interface StateStatistics {
  readonly keys: number
  readonly slots: number
  readonly pendingTimers: number
  /** Deleted map entries and timers that are still kept, for a snapshot or until they are freed. */
  readonly deleted: number
}

export interface StateBlock {
  readonly group: number
  /** Self-contained, see state/block.ts. */
  readonly bytes: Uint8Array
  readonly entries: number
}

export interface SnapshotPort {
  /** S2. `full`: all that is live, for portable snapshots and foreign hosts; a full one does not depend on earlier ones. */
  seal(checkpoint: number, mode: 'delta' | 'full'): void
  /** Encodes for as long as the budget lasts; true when nothing is left to encode. */
  encode(budget: Budget): boolean
  /** After `encode`, or a write, threw as a value cannot be stored: where that value is. */
  readonly unstorable: { readonly state: string; readonly key: Key } | undefined
  /** After `encode` returned true: one block per key group that has something, ascending by group. Given out once. */
  takeBlocks(): readonly StateBlock[]
  complete(checkpoint: number): void
  /** Also how a savepoint ends: it is no link of the chain of deltas, so all stays pending (rules 1.24). */
  abort(checkpoint: number): void
  /**
   * For a job without checkpoints, now and then: lets go of what is kept for the next snapshot, as if one had completed. O(1).
   */
  forget(): void
  /**
   * Applies a block of a checkpoint; blocks of one group are applied oldest first, before any record. `keep` says which
   * states of the block are applied by name (others are ignored: they were dropped by the user's word).
   */
  restore(block: Uint8Array, keep: (state: string) => boolean): void
  /** After the last block. */
  endRestore(): void
  /** As `restore`, some entries with each `next`: a block may be large, and `migrate` slow. */
  restoreInSteps(block: Uint8Array, keep: (state: string) => boolean): Generator<undefined, void, undefined>
}

/** A declaration as it is stored and compared: without its functions. */
export type DeclaredState = Omit<StateDeclaration, 'initial' | 'migrate' | 'validate'>

export function declaredStates(states: Readonly<Record<string, StateDeclaration>>): Record<string, DeclaredState> {
  return Object.fromEntries(
    Object.entries(states).map(([name, { initial: _initial, migrate: _migrate, validate: _validate, ...data }]) => [name, data]),
  )
}

/** Options of `createHeapState`. */
export interface HeapStateOptions {
  /** Whose state it is, for messages. */
  readonly owner?: string
  readonly declarations: Readonly<Record<string, StateDeclaration>>
  readonly maxParallelism: number
  /** Test and `check: true` mode: values are deep-frozen when they are written, restored or read, and what cannot be frozen is compared. */
  readonly freeze: 'always' | 'sampled'
  /** The job writes objects with these fields into a restored state that holds none such; once for each state, without a schema. */
  readonly newShape?: (state: string, fields: readonly string[], stored: readonly (readonly string[])[]) => void
}
