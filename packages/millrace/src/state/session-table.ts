import { keyGroupOf } from '../core/key-group.ts'
import { keyHash } from '../serde/key.ts'
import type { Key } from './contract.ts'
import { KeyIndex } from './key-index.ts'
import { lengthened, PAGE_BITS, PAGE_MASK } from './pages.ts'
import { ownKey, SlotTable } from './slot-table.ts'

/** Places in a row: the next window of the key, the number of this one, its bounds. */
const NEXT = 0
const NUMBER = 1
const START = 2
const END = 3
const ROW = 4

/**
 * Slots of windows that belong to one key each: any number of them a key. The namespace of one is a number that no other of the
 * operator has had since it was started, so that a tombstone never meets its successor.
 *
 * M1  A window that no snapshot has seen, as it began in this epoch, is dropped as a whole and leaves no tombstone: its slot is given out
 *     again at once (as N1 of the pane table).
 * M2  Bounds are kept twice: in two accumulators, which snapshots know, and here, where looking at a window touches one cache line. Who
 *     changes the one changes the other; after a restore they are set from the accumulators.
 */
export class SessionTable extends SlotTable {
  private readonly heads: KeyIndex = new KeyIndex()
  /** {@link ROW} numbers for each slot. */
  private readonly rows: Float64Array[] = []
  /** Epoch in which the window of a slot began, 0 when it was restored. */
  private readonly births: Int32Array[] = []
  private last: number = 0

  override get hasWindows(): boolean {
    return true
  }

  protected override cover(page: number, slots: number): void {
    this.rows[page] = this.rows[page] === undefined ? new Float64Array(slots * ROW) : lengthened(this.rows[page], slots * ROW)
    this.births[page] = this.births[page] === undefined ? new Int32Array(slots) : lengthened(this.births[page], slots)
  }

  /** The first one of a key, or -1. @throws {INVALID_KEY} */
  first(key: Key): number {
    return this.heads.find(key)
  }

  /** Another one of the same key, or -1 after the last. */
  after(slot: number): number {
    return (this.rows[slot >>> PAGE_BITS] as Float64Array)[((slot & PAGE_MASK) << 2) | NEXT] as number
  }

  private follow(slot: number, next: number): void {
    ;(this.rows[slot >>> PAGE_BITS] as Float64Array)[((slot & PAGE_MASK) << 2) | NEXT] = next
  }

  startOf(slot: number): number {
    return (this.rows[slot >>> PAGE_BITS] as Float64Array)[((slot & PAGE_MASK) << 2) | START] as number
  }

  /** Exclusive. */
  endOf(slot: number): number {
    return (this.rows[slot >>> PAGE_BITS] as Float64Array)[((slot & PAGE_MASK) << 2) | END] as number
  }

  /** M2. */
  setBounds(slot: number, start: number, end: number): void {
    const row = this.rows[slot >>> PAGE_BITS] as Float64Array
    const at = (slot & PAGE_MASK) << 2
    row[at | START] = start
    row[at | END] = end
  }

  /** One more for a key. @throws {INVALID_KEY} */
  insert(key: Key): number {
    const group = keyGroupOf(keyHash(key), this.maxParallelism)
    return this.insertInto(ownKey(key), group, ++this.last, this.epochs.epoch)
  }

  private insertInto(key: Key, group: number, number: number, bornIn: number): number {
    const slot = this.take(key, group)
    ;(this.rows[slot >>> PAGE_BITS] as Float64Array)[((slot & PAGE_MASK) << 2) | NUMBER] = number
    ;(this.births[slot >>> PAGE_BITS] as Int32Array)[slot & PAGE_MASK] = bornIn
    return slot
  }

  /** With its first thing a window is there. */
  override gained(slot: number): void {
    const before = this.liveKeys
    super.gained(slot)
    if (this.liveKeys > before) this.link(slot)
  }

  private link(slot: number): void {
    const key = this.keyOf(slot)
    const head = this.heads.find(key)
    if (head < 0) {
      this.heads.add(key, slot)
      this.follow(slot, -1)
    } else {
      this.follow(slot, this.after(head))
      this.follow(head, slot)
    }
  }

  override namespaceOf(slot: number): number {
    return (this.rows[slot >>> PAGE_BITS] as Float64Array)[((slot & PAGE_MASK) << 2) | NUMBER] as number
  }

  /** With its last thing a window is gone. */
  override lost(slot: number): void {
    const before = this.liveKeys
    super.lost(slot)
    if (this.liveKeys === before) return
    this.unlink(slot)
    super.noteEmpty(slot)
  }

  /** M1; false: each thing has to be removed. */
  dropUnseen(slot: number): boolean {
    if ((this.births[slot >>> PAGE_BITS] as Int32Array)[slot & PAGE_MASK] !== this.epochs.epoch) return false
    this.unlink(slot)
    this.vacate(slot)
    return true
  }

  /** A new one gets something at once. */
  protected override noteEmpty(_slot: number): void {}

  private unlink(slot: number): void {
    const key = this.keyOf(slot)
    const head = this.heads.find(key)
    if (head === slot) {
      this.heads.remove(key)
      const next = this.after(slot)
      if (next >= 0) this.heads.add(key, next)
      return
    }
    for (let at = head; at >= 0; at = this.after(at)) {
      if (this.after(at) !== slot) continue
      this.follow(at, this.after(slot))
      return
    }
  }

  protected override indexBytesOf(key: Key): number {
    return super.indexBytesOf(key) + ROW * Float64Array.BYTES_PER_ELEMENT + Int32Array.BYTES_PER_ELEMENT
  }

  protected forget(_slot: number, _key: Key): void {}

  restoreSlot(key: Key, group: number, namespace: number): number {
    for (let slot = this.heads.find(key); slot >= 0; slot = this.after(slot)) if (this.namespaceOf(slot) === namespace) return slot
    if (namespace > this.last) this.last = namespace
    const slot = this.insertInto(key, group, namespace, 0)
    // All that a block has of it may be that it is gone.
    super.noteEmpty(slot)
    return slot
  }
}
