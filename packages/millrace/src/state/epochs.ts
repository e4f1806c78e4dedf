import { invariant } from '../core/errors.ts'
import { ObjectList, IntList } from './pages.ts'

/**
 * Which writes belong to which snapshot. Every slot of a column, map entry and list carries a stamp: the epoch of its last
 * write; when it has been encoded for a snapshot, the negative epoch that the snapshot sealed.
 *
 * E1  An epoch ends at `seal`. `low` is the oldest one that no completed snapshot covers.
 * E2  A delta covers the stamps e with low <= e <= sealed, and the -e with low <= e < sealed: encoded for a snapshot that was
 *     aborted since. So an abort costs nothing, and nothing is encoded twice for one snapshot. A full snapshot covers whatever was
 *     not written since; it leaves the stamps alone, as it may not count for the deltas (rules 1.24).
 * E3  Before a write changes what a snapshot covers, it is encoded (S2); then it gets the stamp of the current epoch.
 */
export class Epochs {
  epoch: number = 1
  low: number = 1
  /** Epoch that the snapshot at hand ended; 0 when there is none. */
  sealed: number = 0
  full: boolean = false

  seal(full: boolean): void {
    invariant(this.sealed === 0, 'S3: a snapshot was sealed before the one before it was completed or aborted')
    this.sealed = this.epoch++
    this.full = full
  }

  complete(): void {
    this.low = this.sealed + 1
    this.sealed = 0
  }

  abort(): void {
    this.sealed = 0
  }

  /** Whether the snapshot at hand still needs what bears this stamp, as it is now; of a full one, unless it was encoded before. */
  covers(stamp: number): boolean {
    if (this.sealed === 0) return false
    if (this.full) return stamp !== this.epoch
    return stamp > 0 ? stamp >= this.low && stamp <= this.sealed : -stamp >= this.low && -stamp < this.sealed
  }

  /** True when a completed snapshot covers everything that bears this stamp. */
  isDurable(stamp: number): boolean {
    return (stamp > 0 ? stamp : -stamp) < this.low
  }
}

/** The slots of one column that a snapshot has to look at: those written in an epoch that is not covered, or all in a full one. */
export class DirtySlots {
  private current: IntList = new IntList()
  /** Of aborted snapshots; `leftAll`: it could be any slot. */
  private left: IntList[] = []
  private leftAll: boolean = false
  /** In this epoch slots were given out again and again, so that the list had to be given up. */
  private currentAll: boolean = false
  private walked: IntList[] = []
  private list: number = 0
  private index: number = 0
  /** Each slot that was encoded, once: what is left of the snapshot if it is aborted. */
  private encoded: IntList = new IntList()
  private full: boolean = false
  private all: boolean = false
  private high: number = 0

  /** `high`: slots given out so far. */
  push(slot: number, high: number): void {
    if (this.current.length >= 2 * high + 1024) {
      this.currentAll = true
      this.current = new IntList()
    }
    this.current.push(slot)
  }

  /** O(1) but for the count of aborted snapshots. `high`: slots given out so far. */
  seal(full: boolean, high: number): void {
    this.walked = this.left
    if (this.current.length > 0) this.walked.push(this.current)
    let listed = 0
    for (const each of this.walked) listed += each.length
    // Aborted again and again before they were walked, the lists would grow without end.
    this.all = this.leftAll || this.currentAll || listed > 2 * high + 1024
    this.currentAll = false
    if (this.all) this.walked = []
    this.current = new IntList()
    this.left = []
    this.encoded = new IntList()
    this.list = 0
    this.index = 0
    this.full = full
    this.high = high
  }

  /** The next slot to look at, or -1. It may have been encoded before, or twice. */
  next(): number {
    if (this.full || this.all) return this.index < this.high ? this.index++ : -1
    for (let list = this.walked[this.list]; list !== undefined; list = this.walked[++this.list]) {
      if (this.index < list.length) return list.at(this.index++)
      this.index = 0
    }
    return -1
  }

  /** Whether a slot with this stamp has still to be encoded before it may be written. */
  covers(epochs: Epochs, slot: number, stamp: number): boolean {
    if (this.full && (slot < this.index || slot >= this.high)) return false
    return epochs.covers(stamp)
  }

  /** To be told of each slot that was encoded. */
  wasEncoded(slot: number): void {
    if (!this.full) this.encoded.push(slot)
  }

  complete(): void {
    this.walked = []
    this.leftAll = false
    this.encoded = new IntList()
  }

  abort(): void {
    this.leftAll = this.all && (this.full || this.index < this.high)
    this.left = this.full
      ? this.walked
      : this.leftAll
        ? []
        : [this.encoded, ...this.walked.slice(this.list)].filter((list) => list.length > 0)
    this.walked = []
    this.encoded = new IntList()
  }
}

/** As {@link DirtySlots} for objects. It cannot walk over all there are: `isOverfull` asks its owner to. */
export class DirtyObjects<T> {
  private current: ObjectList<T> = new ObjectList()
  private left: ObjectList<T>[] = []
  private walked: ObjectList<T>[] = []
  private list: number = 0
  private index: number = 0
  private encoded: ObjectList<T> = new ObjectList()

  push(item: T): void {
    this.current.push(item)
  }

  /** Since the last snapshot was sealed. */
  get listed(): number {
    return this.current.length
  }

  /** True when aborted snapshots have left so many that looking at all `existing` objects takes less. Before `seal`. */
  isOverfull(existing: number): boolean {
    if (this.left.length === 0) return false
    let listed = this.current.length
    for (const each of this.left) listed += each.length
    return listed > 2 * existing + 1024
  }

  /** `drop`: the owner looks at all objects itself. */
  seal(drop: boolean): void {
    this.walked = drop ? [] : this.left
    if (!drop && this.current.length > 0) this.walked.push(this.current)
    this.current = new ObjectList()
    this.left = []
    this.encoded = new ObjectList()
    this.list = 0
    this.index = 0
  }

  next(): T | undefined {
    for (let list = this.walked[this.list]; list !== undefined; list = this.walked[++this.list]) {
      if (this.index < list.length) return list.at(this.index++)
      this.index = 0
    }
    return undefined
  }

  wasEncoded(item: T): void {
    this.encoded.push(item)
  }

  complete(): void {
    this.walked = []
    this.encoded = new ObjectList()
  }

  /** `forget`: the owner will look at all objects itself. */
  abort(forget: boolean): void {
    this.left = forget ? [] : [this.encoded, ...this.walked.slice(this.list)].filter((list) => list.length > 0)
    this.walked = []
    this.encoded = new ObjectList()
  }
}
