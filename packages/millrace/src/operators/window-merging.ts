/**
 * Puts slices together to overlapping windows, at a few merges a key and slide however many slices a window has. Slices are taken in
 * blocks of as many as make a window: a window is the end of one block and the beginning of the next. The ends of a block are
 * computed all at once, from its last slice backwards; the beginning of the next grows by a slice with each window.
 *
 * Where blocks begin is fixed by time, not by what has happened, so that a sum of floats is the same after a restore.
 *
 * @source van Herk, Gil and Werman: the algorithm for running minima and maxima, for any associative operation
 */
import type { AccumulatorColumn, Key } from '../state/contract.ts'
import { KeyIndex } from '../state/key-index.ts'
import type { Pane } from '../state/pane-table.ts'
import type { PaneState } from '../state/window-state.ts'
import type { SlidingWindows } from '../windows/assigner.ts'
import type { AggregateFunctions, AggregateParts } from './window-contents.ts'

type Steps<T> = Generator<undefined, T, undefined>
type Accumulators = readonly (readonly unknown[])[]

/** Keys between two pauses. */
const KEYS_PER_STEP = 32

/** Accumulators that belong to no state, by key. */
export interface Merged {
  readonly count: number
  readonly keys: readonly Key[]
  readonly accumulators: Accumulators
  find(key: Key): number
}

export class SliceMerging {
  readonly #state: PaneState
  readonly #windows: SlidingWindows
  readonly #parts: AggregateParts
  readonly #stride: number
  /**
   * By the slice with which they begin; all up to the end of one block. Every so many are kept, and those that are between the first
   * window and the next of them: as many as twice the root of the slices of a block, for one more merge a key and slide.
   */
  readonly #ends = new Map<number, Merged>()
  #beginning: { readonly block: number; upTo: number; readonly merged: Running } | undefined
  /** A record has come to a slice that was merged since a window last fired: what would be kept for later would be thrown away too. */
  #wasForgotten = false

  constructor(state: PaneState, windows: SlidingWindows, parts: AggregateParts) {
    this.#state = state
    this.#windows = windows
    this.#parts = parts
    this.#stride = Math.ceil(Math.sqrt(windows.sizeMs / windows.slideMs))
  }

  /** Where the block begins that the window's first slice is in. */
  #blockOf(start: number): number {
    const { sizeMs, offsetMs } = this.#windows
    const rest = (start - offsetMs) % sizeMs
    return start - (rest < 0 ? rest + sizeMs : rest)
  }

  /** Slices of a window that have something: those in the block of the first one, the last first, and those of the next block. */
  partsOf(start: number): readonly [front: readonly Pane[], back: readonly Pane[]] {
    const { sizeMs } = this.#windows
    const middle = this.#blockOf(start) + sizeMs
    return [this.#panes(start, middle).reverse(), this.#panes(middle, start + sizeMs)]
  }

  #panes(from: number, to: number): Pane[] {
    const found: Pane[] = []
    for (let slice = from; slice < to; slice += this.#windows.slideMs) {
      const pane = this.#state.table.panes.get(slice)
      if (pane !== undefined) found.push(pane)
    }
    return found
  }

  /** The part of a window that is in the block of its first slice. May be changed by who asks: it is for this window alone. */
  *front(start: number): Steps<Merged> {
    const { sizeMs, slideMs } = this.#windows
    const known = this.#ends.get(start)
    this.#ends.delete(start)
    if (known !== undefined) return known
    const keeps = !this.#wasForgotten
    this.#wasForgotten = false
    const block = this.#blockOf(start)
    for (const slice of this.#ends.keys()) if (slice < start || slice >= block + sizeMs) this.#ends.delete(slice)
    const running = new Running(this.#parts)
    let slice = block + sizeMs
    for (const kept of this.#ends.keys()) slice = Math.min(slice, kept)
    const nearest = this.#ends.get(slice)
    if (nearest !== undefined) yield* running.addAll(nearest)
    const stride = this.#stride * slideMs
    for (slice -= slideMs; slice >= start; slice -= slideMs) {
      const pane = this.#state.table.panes.get(slice)
      if (pane !== undefined) yield* this.#addTo(running, pane)
      if (keeps && slice > start && (slice - start < stride || (slice - block) % stride === 0)) this.#ends.set(slice, yield* running.copy())
    }
    return running
  }

  /** How many ends of a block are kept just now. */
  get kept(): number {
    return this.#ends.size
  }

  /** The part that is in the next block; read only. */
  *back(start: number): Steps<Merged> {
    const { sizeMs, slideMs } = this.#windows
    const block = this.#blockOf(start) + sizeMs
    if (this.#beginning?.block !== block) this.#beginning = { block, upTo: block, merged: new Running(this.#parts) }
    const beginning = this.#beginning
    for (; beginning.upTo < start + sizeMs; beginning.upTo += slideMs) {
      const pane = this.#state.table.panes.get(beginning.upTo)
      if (pane !== undefined) yield* this.#addTo(beginning.merged, pane)
    }
    return beginning.merged
  }

  *#addTo(running: Running, pane: Pane): Steps<void> {
    const { table } = this.#state
    let left = KEYS_PER_STEP
    for (let slot = pane.head; slot >= 0; slot = table.after(slot)) {
      running.add(table.keyOf(slot), slot)
      if (--left > 0) continue
      left = KEYS_PER_STEP
      yield
    }
  }

  /** A slice has changed. */
  forget(slice: number): void {
    for (const start of this.#ends.keys()) if (start <= slice && this.#blockOf(start) === this.#blockOf(slice)) this.#wasForgotten = true
    if (this.#wasForgotten) this.#ends.clear()
    if (this.#beginning !== undefined && slice >= this.#beginning.block && slice < this.#beginning.upTo) this.#beginning = undefined
  }
}

function copyOf(aggregate: AggregateFunctions, accumulator: unknown): unknown {
  return typeof accumulator === 'object' ? aggregate.merge(aggregate.create(), accumulator) : accumulator
}

/** Grows slice by slice. */
class Running implements Merged {
  readonly keys: Key[] = []
  readonly accumulators: unknown[][]
  readonly #index = new KeyIndex()
  readonly #parts: AggregateParts

  constructor(parts: AggregateParts) {
    this.#parts = parts
    this.accumulators = parts.names.map(() => [])
  }

  get count(): number {
    return this.keys.length
  }

  find(key: Key): number {
    return this.#index.find(key)
  }

  add(key: Key, slot: number): void {
    const { columns, aggregates } = this.#parts
    let at = this.#index.find(key)
    const isNew = at < 0
    if (isNew) this.#index.add(key, (at = this.keys.push(key) - 1))
    for (let i = 0; i < columns.length; i++) {
      const aggregate = aggregates[i] as AggregateFunctions
      const own = this.accumulators[i] as unknown[]
      if (isNew) own.push(aggregate.create())
      const right = (columns[i] as AccumulatorColumn).get(slot)
      if (right !== undefined) own[at] = aggregate.merge(own[at], right)
    }
  }

  /** What another has, copied; this one is empty. */
  *addAll(from: Merged): Steps<void> {
    const { aggregates } = this.#parts
    for (let at = 0; at < from.count; at++) {
      const key = from.keys[at] as Key
      this.#index.add(key, this.keys.push(key) - 1)
      for (const [i, own] of this.accumulators.entries()) own.push(copyOf(aggregates[i] as AggregateFunctions, from.accumulators[i]?.[at]))
      if (at % KEYS_PER_STEP === KEYS_PER_STEP - 1) yield
    }
  }

  /** As it is now: keys and their places are shared, accumulators are not. */
  *copy(): Steps<Merged> {
    const { aggregates } = this.#parts
    const { keys } = this
    const count = keys.length
    const accumulators: unknown[][] = []
    for (const [i, own] of this.accumulators.entries()) {
      const aggregate = aggregates[i] as AggregateFunctions
      const copied: unknown[] = []
      for (let at = 0; at < count; at++) {
        copied.push(copyOf(aggregate, own[at]))
        if (at % KEYS_PER_STEP === KEYS_PER_STEP - 1) yield
      }
      accumulators.push(copied)
    }
    const find = (key: Key): number => {
      const at = this.#index.find(key)
      return at < count ? at : -1
    }
    return { count, keys, accumulators, find }
  }
}

/** One accumulator of one key over several slices. */
export function mergedOf(
  { table }: PaneState,
  panes: readonly Pane[],
  key: Key,
  column: AccumulatorColumn,
  aggregate: AggregateFunctions,
): unknown {
  let merged = aggregate.create()
  for (const pane of panes) {
    const slot = table.find(pane, key)
    const right = slot < 0 ? undefined : column.get(slot)
    if (right !== undefined) merged = aggregate.merge(merged, right)
  }
  return merged
}
