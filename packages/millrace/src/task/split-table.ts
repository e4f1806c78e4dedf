/**
 * The splits of one reader: position, event time and idleness of each, and which of them holds the watermark back.
 *
 * P1  The watermark is the minimum over splits that have neither ended nor are idle, and it never goes back.
 * P2  A split that has not given a batch yet holds the watermark at -Infinity (rules 1.13).
 * P3  The cost of a batch is O(log splits): an indexed heap, no scan.
 */
import type { SplitState } from '../checkpoint/manifest.ts'
import type { Plain } from '../connect/contract.ts'

export interface Split {
  readonly name: string
  position: Plain
  maxTimestamp: number
  ended: boolean
  idle: boolean
  /** Since when it is known to have nothing, on the reader's idle clock; undefined while that is not known. */
  silentSinceMs: number | undefined
  /** Its promise: no further record at or before this. */
  watermark: number
  /** Order of announcement: decides among equals. */
  readonly order: number
  /** Place in the heap, -1 when it takes no part. */
  place: number
}

export class SplitTable {
  readonly #splits = new Map<string, Split>()
  readonly #heap: Split[] = []
  readonly #outOfOrdernessMs: number
  #liveCount = 0

  constructor(outOfOrdernessMs: number) {
    this.#outOfOrdernessMs = outOfOrdernessMs
  }

  get(name: string): Split | undefined {
    return this.#splits.get(name)
  }

  values(): IterableIterator<Split> {
    return this.#splits.values()
  }

  /** A split is announced, or found in the restored checkpoint. */
  add(name: string, state: SplitState): Split {
    const split: Split = {
      name,
      position: state.position,
      maxTimestamp: state.maxTimestamp,
      ended: state.ended,
      idle: false,
      silentSinceMs: undefined,
      watermark: this.#promise(state.maxTimestamp),
      order: this.#splits.size,
      place: -1,
    }
    this.#splits.set(name, split)
    if (!split.ended) {
      this.#liveCount++
      this.#insert(split)
    }
    return split
  }

  /** A batch of it has been taken in whole. `isActive`: it had records; one without wakes no idle split (ID-1). */
  advance(split: Split, batch: { readonly maxTimestamp: number; readonly position: Plain; readonly isActive: boolean }): void {
    split.position = batch.position
    if (!batch.isActive) return
    split.silentSinceMs = undefined
    if (batch.maxTimestamp > split.maxTimestamp) split.maxTimestamp = batch.maxTimestamp
    split.watermark = this.#promise(split.maxTimestamp)
    split.idle = false
    if (split.place < 0) this.#insert(split)
    else this.#down(split.place)
  }

  end(split: Split): void {
    if (!split.ended) this.#liveCount--
    split.ended = true
    this.#remove(split)
  }

  /** It stops holding the watermark back, until it gives records again. */
  markIdle(split: Split): void {
    split.idle = true
    this.#remove(split)
  }

  /** Those that have not ended and are like this, in order of announcement. */
  live(isLike: (split: Split) => boolean): Split[] {
    return [...this.#splits.values()].filter((split) => !split.ended && isLike(split))
  }

  /** One of those that hold the watermark. */
  findActive(isLike: (split: Split) => boolean): Split | undefined {
    return this.#heap.find(isLike)
  }

  /** The split that holds the watermark back; undefined when none does. */
  first(): Split | undefined {
    return this.#heap[0]
  }

  /** Undefined when no split takes part. */
  watermark(): number | undefined {
    return this.#heap[0]?.watermark
  }

  /** How many have not ended. */
  get liveCount(): number {
    return this.#liveCount
  }

  hasActive(): boolean {
    return this.#heap.length > 0
  }

  allEnded(): boolean {
    if (this.#heap.length > 0) return false
    for (const split of this.#splits.values()) if (!split.ended) return false
    return true
  }

  snapshot(): Record<string, SplitState> {
    return Object.fromEntries(
      [...this.#splits.values()].map(({ name, position, maxTimestamp, ended }) => [name, { position, maxTimestamp, ended }]),
    )
  }

  #promise(maxTimestamp: number): number {
    return maxTimestamp - this.#outOfOrdernessMs - 1
  }

  #insert(split: Split): void {
    split.place = this.#heap.length
    this.#heap.push(split)
    this.#up(split.place)
  }

  #remove(split: Split): void {
    const place = split.place
    if (place < 0) return
    const last = this.#heap.pop() as Split
    split.place = -1
    if (last === split) return
    this.#put(last, place)
    this.#up(place)
    this.#down(last.place)
  }

  #put(split: Split, place: number): void {
    this.#heap[place] = split
    split.place = place
  }

  #up(from: number): void {
    const split = this.#heap[from] as Split
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = this.#heap[parent] as Split
      if (!isBefore(split, above)) break
      this.#put(above, place)
      place = parent
    }
    this.#put(split, place)
  }

  #down(from: number): void {
    const split = this.#heap[from] as Split
    let place = from
    for (;;) {
      const left = place * 2 + 1
      if (left >= this.#heap.length) break
      const right = left + 1
      const child = right < this.#heap.length && isBefore(this.#heap[right] as Split, this.#heap[left] as Split) ? right : left
      if (!isBefore(this.#heap[child] as Split, split)) break
      this.#put(this.#heap[child] as Split, place)
      place = child
    }
    this.#put(split, place)
  }
}

function isBefore(a: Split, b: Split): boolean {
  return a.watermark < b.watermark || (a.watermark === b.watermark && a.order < b.order)
}
