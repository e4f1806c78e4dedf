import { copyString } from '../serde/strings.ts'
import type { Key } from './contract.ts'
import type { EntryWriter } from './entry-writer.ts'
import type { Epochs } from './epochs.ts'
import { lengthened, PAGE_BITS, PAGE_MASK, pageSize, IntList } from './pages.ts'
import { heapBytesOf, meanOf } from './size.ts'

/**
 * Slots, each of which stands for what an operator keeps under one key, or under one key in one window; columns hold the things
 * themselves. Who finds a slot again, and how, is for those who extend this.
 *
 * K1  A slot that has nothing left is given out again only after a completed checkpoint covers the deletion, and only if it is still
 *     empty then: until that the tombstone needs the key. Windows that no snapshot has seen need none (M1, N1).
 * K2  The key group is computed when a key is inserted (S4), or known from the block it is restored from.
 */
export abstract class SlotTable {
  /** Slots given out so far, freed ones included. */
  high: number = 0
  /** Slots that have something. */
  liveKeys: number = 0
  /** Called before a slot is given out for which a page was made or has grown, with the slots that it now has room for. */
  onPage: (page: number, slots: number) => void = () => undefined
  /** Called when a slot is taken from its key. */
  onRelease: (slot: number) => void = () => undefined
  protected readonly epochs: Epochs
  protected readonly maxParallelism: number
  private readonly pages: KeyPage[] = []
  private readonly free: IntList = new IntList()
  /** Slots that lost their last thing, by how far a checkpoint covers that: not yet sealed, sealed, complete. */
  private emptied: IntList = new IntList()
  private sealed: IntList[] = []
  private released: IntList[] = []

  constructor(epochs: Epochs, maxParallelism: number) {
    this.epochs = epochs
    this.maxParallelism = maxParallelism
  }

  /** Slot of the current key, which has none. @throws {INVALID_KEY} */
  abstract insert(key: Key): number
  /** The slot of an entry of a block, inserted when it is new. `namespace` is NaN where there is none. */
  abstract restoreSlot(key: Key, group: number, namespace: number): number
  /** A block drops all that a key group has in a window. */
  restoreDrop(_namespace: number, _group: number): void {}
  /** All blocks have been applied. */
  endRestore(): void {}

  /** The slot is taken from its key. */
  protected abstract forget(slot: number, key: Key): void

  /** Each slot is of a window. */
  get hasWindows(): boolean {
    return false
  }

  /** Which window the slot is of; NaN when the operator has none. */
  namespaceOf(_slot: number): number {
    return Number.NaN
  }

  /** What the slot holds is no part of the snapshot at hand, nor of later ones: its window was dropped before. */
  isDropped(_slot: number): boolean {
    return false
  }

  /** A slot for a key, found by nobody yet. */
  protected take(key: Key, group: number): number {
    this.releaseSome(2)
    const slot = this.free.length > 0 ? this.free.pop() : this.nextSlot()
    ;(this.pages[slot >>> PAGE_BITS] as KeyPage).set(slot & PAGE_MASK, key, group)
    // It may get nothing after all.
    this.noteEmpty(slot)
    return slot
  }

  private nextSlot(): number {
    const slot = this.high++
    const page = slot >>> PAGE_BITS
    const index = slot & PAGE_MASK
    const existing = this.pages[page]
    if (existing !== undefined && index < existing.groups.length) return slot
    const size = pageSize(page, index)
    if (existing === undefined) this.pages.push(new KeyPage(size))
    else existing.grow(size)
    this.cover(page, size)
    this.onPage(page, size)
    return slot
  }

  /** There is room for so many slots of a page. */
  protected cover(_page: number, _slots: number): void {}

  keyOf(slot: number): Key {
    const page = this.pages[slot >>> PAGE_BITS] as KeyPage
    const at = slot & PAGE_MASK
    const other = page.others === undefined ? undefined : page.others[at]
    return other === undefined ? (page.numbers[at] as number) : other
  }

  groupOf(slot: number): number {
    return (this.pages[slot >>> PAGE_BITS] as KeyPage).groups[slot & PAGE_MASK] as number
  }

  /** A state or timer of this slot came to hold something. */
  gained(slot: number): void {
    const uses = (this.pages[slot >>> PAGE_BITS] as KeyPage).uses
    const at = (slot & PAGE_MASK) << 1
    if (uses[at] === 0) this.liveKeys++
    uses[at] = (uses[at] as number) + 1
  }

  /** A state or timer of this slot holds nothing any more. */
  lost(slot: number): void {
    const page = this.pages[slot >>> PAGE_BITS] as KeyPage
    const at = (slot & PAGE_MASK) << 1
    const left = ((page.uses[at] as number) - 1) | 0
    page.uses[at] = left
    if (left !== 0) return
    this.liveKeys--
    this.noteEmpty(slot)
  }

  /** All that the slot has goes at once, and is not told as lost one by one. */
  protected vacate(slot: number): void {
    ;(this.pages[slot >>> PAGE_BITS] as KeyPage).uses[(slot & PAGE_MASK) << 1] = 0
    this.liveKeys--
    this.release(slot)
  }

  protected noteEmpty(slot: number): void {
    const { uses } = this.pages[slot >>> PAGE_BITS] as KeyPage
    const at = ((slot & PAGE_MASK) << 1) + 1
    if (uses[at] === this.epochs.epoch) return
    uses[at] = this.epochs.epoch
    this.emptied.push(slot)
  }

  seal(): void {
    if (this.emptied.length === 0) return
    this.sealed.push(this.emptied)
    this.emptied = new IntList()
  }

  /** Writes up to `count` entries of the snapshot at hand that belong to no column; true when none is left. */
  encode(_entries: EntryWriter, _rows: number, _count: number): boolean {
    return true
  }

  /** What was sealed is covered. An aborted checkpoint leaves it for the next. */
  complete(): void {
    for (const list of this.sealed) this.released.push(list)
    this.sealed = []
  }

  abort(): void {}

  /** Frees up to `count` slots that K1 allows to; true when none is left to look at. */
  releaseSome(count: number): boolean {
    for (let i = 0; i < count && this.released.length > 0; i++) {
      const list = this.released[this.released.length - 1] as IntList
      if (list.length === 0) this.released.pop()
      else this.releaseEmpty(list.pop())
    }
    return this.released.length === 0
  }

  private releaseEmpty(slot: number): void {
    const page = this.pages[slot >>> PAGE_BITS] as KeyPage
    const at = slot & PAGE_MASK
    const emptiedIn = page.uses[(at << 1) + 1] as number
    if (page.uses[at << 1] !== 0 || emptiedIn === FREED || emptiedIn >= this.epochs.low) return
    this.forget(slot, this.keyOf(slot))
    this.release(slot)
  }

  /** Gives a slot back. */
  protected release(slot: number): void {
    const page = this.pages[slot >>> PAGE_BITS] as KeyPage
    const at = slot & PAGE_MASK
    if (page.others !== undefined) page.others[at] = undefined
    page.uses[(at << 1) + 1] = FREED
    this.onRelease(slot)
    this.free.push(slot)
  }

  /** An estimate (state/size.ts): pages, and the index with the keys that are no numbers. */
  sizeBytes(): number {
    const paged = this.pages.reduce((sum, { groups }) => sum + groups.length * SLOT_BYTES, 0)
    return paged + this.slots * meanOf(this.high, (slot) => this.indexBytesOf(this.keyOf(slot)))
  }

  /** That the index takes for a slot, with its key. */
  protected indexBytesOf(key: Key): number {
    return typeof key === 'number' ? NUMBER_ENTRY_BYTES : textBytesOf(key)
  }

  /** Slots that are given out and have nothing. */
  get empty(): number {
    return this.slots - this.liveKeys
  }

  get slots(): number {
    return this.high - this.free.length
  }
}

const FREED = -1
/** Of number, group and uses. */
const SLOT_BYTES = 18
export const NUMBER_ENTRY_BYTES = 16
/** Of a Map from text to slot, and the place of the key in its page. */
const TEXT_ENTRY_BYTES = 52

/** Of a key that is no number, in an index of its own. */
export function textBytesOf(key: Key): number {
  return TEXT_ENTRY_BYTES + heapBytesOf(key)
}

class KeyPage {
  numbers: Float64Array
  /** Keys that are no numbers; allocated when there is one. */
  others: (Key | undefined)[] | undefined = undefined
  groups: Uint16Array
  /** Two for each slot: how many states and timers hold something; the epoch in which that last became none. */
  uses: Int32Array

  constructor(size: number) {
    this.numbers = new Float64Array(size)
    this.groups = new Uint16Array(size)
    this.uses = new Int32Array(size * 2)
  }

  grow(size: number): void {
    this.numbers = lengthened(this.numbers, size)
    this.groups = lengthened(this.groups, size)
    this.uses = lengthened(this.uses, size * 2)
  }

  set(at: number, key: Key, group: number): void {
    this.groups[at] = group
    if (typeof key === 'number') this.numbers[at] = key
    else {
      this.others ??= []
      while (this.others.length < at) this.others.push(undefined)
      this.others[at] = key
    }
  }
}

/** What the table keeps: no slice of a longer string, no array that its owner may change; -0 is 0. */
export function ownKey(key: Key): Key {
  if (typeof key === 'number') return key + 0
  if (typeof key === 'object') return Object.freeze(key.map(ownKey))
  if (typeof key === 'string') return key.length > 12 ? copyString(key) : key
  return key
}
