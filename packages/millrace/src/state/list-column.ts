import type { BlockEntries } from './block.ts'
import { Column } from './column.ts'
import type { ListHandle, ListSlots, TtlDeclaration } from './contract.ts'
import { DirtySlots } from './epochs.ts'
import { APPEND, EXPIRY, REPLACE } from './format.ts'
import { PAGE_BITS, PAGE_MASK } from './pages.ts'
import { heapBytesOf, meanOf, SAMPLED_CELLS } from './size.ts'
import type { ValueReader } from './value-codec.ts'

/**
 * The list of one key. Elements are only ever appended to `items`, or `items` is replaced, so a snapshot needs to remember no
 * more than an array and how much of it.
 */
class ListCell {
  items: unknown[] = []
  /** So many leading items have expired and are no part of the list any more (L3). */
  head: number = 0
  /** Of each item, when the state has a TTL; ascending (L3). */
  expiries: number[] | undefined
  stamp: number = 0
  /** So many leading items are in what completed snapshots hold; -1: the list was replaced since. */
  base: number = 0
  /** Epoch sealed by the snapshot for which the list was last encoded, with how many items; 0 when it was replaced since. */
  encodedIn: number = 0
  encodedCount: number = 0

  constructor(expires: boolean) {
    this.expiries = expires ? [] : undefined
  }
}

/** What is left to encode of one list: items from `at` to `end`. */
interface Capture {
  readonly slot: number
  readonly items: readonly unknown[]
  readonly expiries: readonly number[] | undefined
  readonly end: number
  at: number
  isReplace: boolean
}

/**
 * A list of each key, with TTL by element (TT-3) when declared.
 *
 * L1  A delta holds the items appended since the last completed snapshot, or the whole list when it was replaced since.
 * L2  A list of any length is encoded in entries of at most {@link ENTRY_ITEMS} items: one REPLACE, then APPENDs.
 * L3  Items expire in their order: one that is added would outlive those before it, or they are made to expire with it (after a
 *     restart the clock or the TTL may be another). So looking for what has expired takes no longer than there is of it. Such items
 *     are passed over by `head`, which is in no delta: what is stored of them says when they expire. When they are half of all, the
 *     list is replaced.
 */
export class ListColumn extends Column implements ListHandle, ListSlots {
  private readonly ttl: TtlDeclaration | undefined = this.declaration.ttl
  private readonly expires: boolean = this.declaration.ttl !== undefined
  private readonly pages: (ListCell | undefined)[][] = []
  private readonly dirty: DirtySlots = new DirtySlots()
  private captures: Capture[] = []
  /** In all lists. */
  private itemCount: number = 0
  private sweepSlot: number = 0

  cover(page: number): void {
    if (page === this.pages.length) this.pages.push([])
  }

  private cellAt(slot: number): ListCell | undefined {
    const page = this.pages[slot >>> PAGE_BITS] as (ListCell | undefined)[]
    const index = slot & PAGE_MASK
    return index < page.length ? page[index] : undefined
  }

  private cellFor(slot: number): ListCell {
    const before = this.cellAt(slot)
    if (before !== undefined) return before
    const page = this.pages[slot >>> PAGE_BITS] as (ListCell | undefined)[]
    const index = slot & PAGE_MASK
    while (page.length <= index) page.push(undefined)
    return (page[index] = new ListCell(this.expires))
  }

  /** The list of the current key as it is to be read, without what has expired; undefined when it is empty. */
  private visible(): ListCell | undefined {
    const slot = this.context.find()
    const cell = slot < 0 ? undefined : this.cellAt(slot)
    if (cell === undefined || this.ttl === undefined || cell.items.length === 0) return cell
    this.prune(slot, cell)
    if (this.ttl.refreshOn === 'read-and-write' && cell.items.length > 0) this.refresh(slot, cell, this.context.now + this.ttl.afterMs)
    return cell
  }

  addTo(slot: number, value: unknown): void {
    this.context.current = slot
    this.add(value)
  }

  replaceAt(slot: number, values: readonly unknown[]): void {
    this.context.current = slot
    this.replace(values)
  }

  countOf(slot: number): number {
    const cell = this.cellAt(slot)
    return cell === undefined ? 0 : cell.items.length - cell.head
  }

  /** The list of a slot as it is now. */
  valuesOf(slot: number): Iterable<unknown> {
    const cell = this.cellAt(slot)
    const items = cell?.items ?? []
    const { length } = items
    return { [Symbol.iterator]: () => someOf(items, cell?.head ?? 0, length) }
  }

  get size(): number {
    const cell = this.visible()
    return cell === undefined ? 0 : cell.items.length - cell.head
  }

  /** Over the list as it is now, whatever is written meanwhile. */
  [Symbol.iterator](): Iterator<unknown> {
    const slot = this.context.find()
    const before = this.ttl?.expired === 'until-cleaned' && slot >= 0 ? this.cellAt(slot)?.items : undefined
    const cell = this.visible()
    const items = before ?? cell?.items ?? []
    return someOf(items, before === undefined ? (cell?.head ?? 0) : 0, items.length)
  }

  add(value: unknown): void {
    const kept = typeof value === 'number' ? value : this.context.keep(value, this.name)
    const slot = this.context.slot()
    const cell = this.cellFor(slot)
    if (cell.stamp !== this.epoch) this.mark(slot, cell)
    if (this.ttl !== undefined) this.stampNext(slot, cell, this.context.now + this.ttl.afterMs)
    cell.items.push(kept)
    this.itemCount++
    if (cell.items.length === 1) this.context.table.gained(slot)
  }

  replace(values: Iterable<unknown>): void {
    const kept: unknown[] = []
    for (const value of values) kept.push(typeof value === 'number' ? value : this.context.keep(value, this.name))
    const expiry = this.ttl === undefined ? 0 : this.context.now + this.ttl.afterMs
    const slot = kept.length === 0 ? this.context.find() : this.context.slot()
    if (slot < 0) return
    this.replaceItems(slot, this.cellFor(slot), kept, this.expires ? kept.map(() => expiry) : undefined)
  }

  clear(): void {
    this.replace([])
  }

  private replaceItems(slot: number, cell: ListCell, items: unknown[], expiries: number[] | undefined): void {
    if (items.length === 0 && cell.items.length === 0) return
    if (cell.stamp !== this.epoch) this.mark(slot, cell)
    const before = cell.items.length
    this.itemCount += items.length - before
    cell.items = items
    cell.head = 0
    cell.expiries = expiries
    cell.base = -1
    cell.encodedIn = 0
    if (before === 0 && items.length > 0) this.context.table.gained(slot)
    if (before > 0 && items.length === 0) this.context.table.lost(slot)
  }

  /** Before an item is added. L3: none before it expires later. */
  private stampNext(slot: number, cell: ListCell, expiry: number): void {
    const expiries = cell.expiries as number[]
    const last = expiries.length - 1
    if (last >= 0 && (expiries[last] as number) > expiry) this.restamp(slot, cell, (each) => Math.min(each, expiry))
    cell.expiries?.push(expiry)
  }

  /** Gives what is left of the list other times at which to expire. */
  private restamp(slot: number, cell: ListCell, change: (expiry: number) => number): void {
    this.replaceItems(slot, cell, cell.items.slice(cell.head), cell.expiries?.slice(cell.head).map(change))
  }

  /** Removes what has expired: takes no longer than what there is to remove (L3). */
  private prune(slot: number, cell: ListCell): void {
    const { now } = this.context
    const { items } = cell
    const expiries = cell.expiries as number[]
    let head = cell.head
    while (head < items.length && (expiries[head] as number) <= now) head++
    if (head === cell.head) return
    // What was handed out once more must not come back with a restore.
    const isReplaced = 2 * head >= items.length || this.ttl?.expired === 'until-cleaned'
    if (isReplaced) this.replaceItems(slot, cell, items.slice(head), expiries.slice(head))
    else cell.head = head
  }

  private refresh(slot: number, cell: ListCell, expiry: number): void {
    const expiries = cell.expiries as number[]
    if (expiries[cell.head] === expiry && expiries[expiries.length - 1] === expiry) return
    this.restamp(slot, cell, () => expiry)
  }

  /** C2; before the list changes. */
  private mark(slot: number, cell: ListCell): void {
    const { epochs } = this.context
    this.settle(cell)
    if (epochs.sealed !== 0 && this.dirty.covers(epochs, slot, cell.stamp)) this.capture(slot, cell)
    cell.stamp = this.epoch
    this.dirty.push(slot, this.context.table.high)
  }

  /** What a snapshot has encoded counts once it is complete. */
  private settle(cell: ListCell): void {
    if (cell.encodedIn === 0 || cell.encodedIn >= this.context.epochs.low) return
    cell.base = cell.encodedCount
    cell.encodedIn = 0
  }

  // ------------------------------------------------------------ snapshots

  seal(): void {
    const { epochs, table } = this.context
    this.dirty.seal(epochs.full, table.high)
    this.epoch = epochs.epoch
  }

  encode(count: number): boolean {
    const { epochs } = this.context
    for (let i = 0; i < count; i++) {
      const capture = this.captures[this.captures.length - 1]
      if (capture !== undefined) {
        if (this.encodeSome(capture)) this.captures.pop()
        continue
      }
      const slot = this.dirty.next()
      if (slot < 0) return true
      const cell = this.cellAt(slot)
      if (cell === undefined || !epochs.covers(cell.stamp) || this.context.table.isDropped(slot)) continue
      this.settle(cell)
      this.capture(slot, cell)
    }
    return false
  }

  /** Takes note of what the snapshot holds of a list; the encoding comes later, in pieces. */
  private capture(slot: number, cell: ListCell): void {
    const { epochs } = this.context
    const end = cell.items.length
    const isReplace = epochs.full || cell.base < 0
    const at = isReplace ? 0 : cell.base
    if (end > at || (isReplace && !epochs.full))
      this.captures.push({ slot, items: cell.items, expiries: cell.expiries, end, at, isReplace })
    if (!epochs.full) cell.stamp = -epochs.sealed
    cell.encodedIn = epochs.sealed
    cell.encodedCount = end
    this.dirty.wasEncoded(slot)
  }

  /** Writes one entry of a list (L2); true when it was the last. An entry ends early before a value of another form (V1). */
  private encodeSome(capture: Capture): boolean {
    const { entries } = this.context
    const { slot, items } = capture
    const head = (capture.isReplace ? REPLACE : APPEND) | (this.expires ? EXPIRY : 0)
    this.begin(slot, head)
    if (!capture.isReplace) entries.out.varint(capture.at)
    capture.isReplace = false
    const counted = entries.out.position
    entries.out.u8(0)
    const start = entries.out.position
    let count = 0
    for (; capture.at < capture.end && count < ENTRY_ITEMS && entries.out.position - start < ENTRY_BYTES; capture.at++) {
      const writer = this.codec.write(items[capture.at])
      const isInline = writer !== this.codec.writer
      if (isInline && count > 0) break
      if (this.expires) entries.out.f64((capture.expiries as number[])[capture.at] as number)
      entries.bytes(writer)
      count++
      if (!isInline) continue
      entries.markInline()
      capture.at++
      break
    }
    entries.out.bytes[counted] = count
    entries.end()
    return capture.at >= capture.end
  }

  complete(): void {
    this.dirty.complete()
    this.captures = []
  }

  abort(): void {
    this.dirty.abort()
    this.captures = []
  }

  sizeBytes(): number {
    let cells = 0
    let items = 0
    let bytes = 0
    const { high } = this.context.table
    meanOf(high, (slot) => {
      const cell = this.cellAt(slot)
      if (cell !== undefined) cells++
      const count = Math.min(cell?.items.length ?? 0, SAMPLED_ITEMS)
      for (let i = 0; i < count; i++) bytes += heapBytesOf(cell?.items[i])
      items += count
      return 0
    })
    const share = cells / Math.max(1, Math.min(high, SAMPLED_CELLS))
    return (
      high * (8 + share * CELL_BYTES) + this.itemCount * (this.expires ? 24 : 12) + (items === 0 ? 0 : (bytes / items) * this.itemCount)
    )
  }

  release(slot: number): void {
    const page = this.pages[slot >>> PAGE_BITS] as (ListCell | undefined)[]
    if ((slot & PAGE_MASK) >= page.length) return
    // Of a window that was dropped as a whole it is full.
    this.itemCount -= page[slot & PAGE_MASK]?.items.length ?? 0
    page[slot & PAGE_MASK] = undefined
  }

  // ------------------------------------------------------------ restore, TTL

  restore(slot: number, entry: BlockEntries, values: ValueReader): void {
    const cell = this.cellFor(slot)
    const before = cell.items.length
    if (entry.op === REPLACE) {
      cell.items = []
      cell.head = 0
      cell.base = 0
      if (this.expires) cell.expiries = []
    } else if (entry.from !== before) entry.fail(`a list of ${before} elements is to be continued after ${entry.from}`)
    const key = this.context.table.keyOf(slot)
    entry.elements(values, (value, expiry) => {
      cell.items.push(this.upgrade.valueOf(value, entry.row.version, key))
      if (this.expires) cell.expiries?.push(expiry)
    })
    if (cell.expiries !== undefined) ascend(cell.expiries, before)
    const isOld = this.upgrade.isNeeded(entry.row.version)
    if (isOld && cell.stamp !== this.epoch) this.mark(slot, cell)
    this.itemCount += cell.items.length - before
    cell.base = isOld || cell.base < 0 ? -1 : cell.items.length
    if (before === 0 && cell.items.length > 0) this.context.table.gained(slot)
    if (before > 0 && cell.items.length === 0) this.context.table.lost(slot)
  }

  override sweep(count: number): boolean {
    const { ttl } = this
    if (ttl === undefined) return true
    const { table, now } = this.context
    const end = Math.min(table.high, this.sweepSlot + count)
    for (let slot = this.sweepSlot; slot < end; slot++) {
      const cell = this.cellAt(slot)
      if (cell === undefined || cell.items.length === 0) continue
      this.prune(slot, cell)
      // Restored from a time when the state had no TTL (TT-5): those count from now on.
      if (cell.expiries?.at(-1) === Number.POSITIVE_INFINITY) this.restamp(slot, cell, (expiry) => Math.min(expiry, now + ttl.afterMs))
    }
    this.sweepSlot = end < table.high ? end : 0
    return this.sweepSlot === 0
  }
}

/** Fits in one byte of a varint. */
const ENTRY_ITEMS = 127
const ENTRY_BYTES = 8192
/** Of one list, for an estimate. */
const SAMPLED_ITEMS = 8
const CELL_BYTES = 136

function* someOf(items: readonly unknown[], from: number, end: number): Generator<unknown, void, undefined> {
  for (let i = from; i < end; i++) yield items[i]
}

/** L3, for expiries of which those from `from` on were added. */
function ascend(expiries: number[], from: number): void {
  for (let i = expiries.length - 2; i >= 0; i--) {
    const next = expiries[i + 1] as number
    if ((expiries[i] as number) > next) expiries[i] = next
    else if (i < from) return
  }
}
