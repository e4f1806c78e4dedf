import { keyGroupOf } from '../core/key-group.ts'
import { keyHash, keyIdentity } from '../serde/key.ts'
import { copyString } from '../serde/strings.ts'
import type { Key } from './contract.ts'
import type { Epochs } from './epochs.ts'
import { IntIndex } from './int-index.ts'
import { NumberIndex } from './number-index.ts'
import { lengthened, PAGE_BITS, PAGE_MASK, pageSize, SlotList } from './pages.ts'
import { heapBytesOf, meanOf } from './size.ts'
import { TextIndex } from './text-index.ts'

/**
 * The keys of one operator in one subtask, each with a slot under which all its states and timers are found: one lookup a
 * record, however many states.
 *
 * K1  A slot whose key has nothing left is given to another key only after a completed checkpoint covers the deletion, and only
 *     if it is still empty then: until that the tombstone needs the key.
 * K2  The key group is computed when a key is inserted (S4), or known from the block it is restored from.
 */
export class KeyTable {
  /** Slots given out so far, freed ones included. */
  high: number = 0
  /** Keys that have something. */
  liveKeys: number = 0
  /** Called before a slot is given out for which a page was made or has grown, with the slots that it now has room for. */
  onPage: (page: number, slots: number) => void = () => undefined
  /** Called when a slot is taken from its key. */
  onRelease: (slot: number) => void = () => undefined
  private readonly epochs: Epochs
  private readonly maxParallelism: number
  private readonly pages: KeyPage[] = []
  readonly integers: IntIndex = new IntIndex()
  private readonly numbers: NumberIndex = new NumberIndex()
  private readonly texts: TextIndex = new TextIndex()
  private nanSlot: number = -1
  private readonly free: SlotList = new SlotList()
  /** Slots that lost their last thing, by how far a checkpoint covers that: not yet sealed, sealed, complete. */
  private emptied: SlotList = new SlotList()
  private sealed: SlotList[] = []
  private released: SlotList[] = []

  constructor(epochs: Epochs, maxParallelism: number) {
    this.epochs = epochs
    this.maxParallelism = maxParallelism
  }

  /** Slot of a key, or -1. */
  find(key: Key): number {
    if (typeof key === 'number') {
      const integer = key | 0
      if (integer === key) return this.integers.find(integer)
    }
    return this.findOther(key)
  }

  private findOther(key: Key): number {
    if (typeof key === 'number') return key === key ? this.numbers.find(key) : this.nanSlot
    return this.texts.find(typeof key === 'string' && key.charCodeAt(0) !== 0 ? key : (keyIdentity(key) as string))
  }

  /** The key must not be there. @throws {INVALID_KEY} */
  insert(key: Key): number {
    return this.insertInto(key, keyGroupOf(keyHash(key), this.maxParallelism))
  }

  insertInto(key: Key, group: number): number {
    this.releaseSome(2)
    const own = ownKey(key)
    const slot = this.free.length > 0 ? this.free.pop() : this.nextSlot()
    const page = this.pages[slot >>> PAGE_BITS] as KeyPage
    page.set(slot & PAGE_MASK, own, group)
    if (typeof own !== 'number')
      this.texts.add(typeof own === 'string' && own.charCodeAt(0) !== 0 ? own : (keyIdentity(own) as string), slot)
    else if ((own | 0) === own) this.integers.add(own, slot)
    else if (own === own) this.numbers.add(own, slot)
    else this.nanSlot = slot
    // A key may be inserted and get nothing after all.
    this.noteEmpty(page, slot)
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
    this.onPage(page, size)
    return slot
  }

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
    this.noteEmpty(page, slot)
  }

  private noteEmpty(page: KeyPage, slot: number): void {
    const at = ((slot & PAGE_MASK) << 1) + 1
    if (page.uses[at] === this.epochs.epoch) return
    page.uses[at] = this.epochs.epoch
    this.emptied.push(slot)
  }

  seal(): void {
    if (this.emptied.length === 0) return
    this.sealed.push(this.emptied)
    this.emptied = new SlotList()
  }

  /** What was sealed is covered. An aborted checkpoint leaves it for the next. */
  complete(): void {
    for (const list of this.sealed) this.released.push(list)
    this.sealed = []
  }

  /** Frees up to `count` slots that K1 allows to; true when none is left to look at. */
  releaseSome(count: number): boolean {
    for (let i = 0; i < count; i++) {
      const list = this.released[this.released.length - 1]
      if (list === undefined) return true
      if (list.length === 0) this.released.pop()
      else this.release(list.pop())
    }
    return this.released.length === 0
  }

  private release(slot: number): void {
    const page = this.pages[slot >>> PAGE_BITS] as KeyPage
    const at = slot & PAGE_MASK
    const emptiedIn = page.uses[(at << 1) + 1] as number
    if (page.uses[at << 1] !== 0 || emptiedIn === FREED || emptiedIn >= this.epochs.low) return
    const key = this.keyOf(slot)
    if (typeof key !== 'number') this.texts.remove(typeof key === 'string' && key.charCodeAt(0) !== 0 ? key : (keyIdentity(key) as string))
    else if ((key | 0) === key) this.integers.remove(key)
    else if (key === key) this.numbers.remove(key)
    else this.nanSlot = -1
    if (page.others !== undefined) page.others[at] = undefined
    page.uses[(at << 1) + 1] = FREED
    this.onRelease(slot)
    this.free.push(slot)
  }

  /** An estimate (state/size.ts): pages, and the index with the keys that are no numbers. */
  sizeBytes(): number {
    const paged = this.pages.reduce((sum, { groups }) => sum + groups.length * 18, 0)
    const others = this.texts.count
    const each = others === 0 ? 0 : meanOf(this.high, (slot) => heapBytesOf(this.keyOf(slot)))
    return paged + (this.slots - others) * 16 + others * TEXT_ENTRY_BYTES + this.high * each
  }

  /** Slots of keys that have nothing. */
  get empty(): number {
    return this.slots - this.liveKeys
  }

  get slots(): number {
    return this.high - this.free.length
  }
}

const FREED = -1
/** Of a Map from text to slot, and the place of the key in its page. */
const TEXT_ENTRY_BYTES = 52

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
