import { keyIdentity } from '../serde/key.ts'
import type { BlockEntries } from './block.ts'
import { Column } from './column.ts'
import type { Key } from './contract.ts'
import { DirtyObjects } from './epochs.ts'
import { CLEAR, ENTRY_DELETE, ENTRY_PUT, EXPIRY } from './format.ts'
import { ownKey } from './slot-table.ts'
import { MapCell, MapEntry } from './map-cell.ts'
import { ObjectList, PAGE_BITS, PAGE_MASK } from './pages.ts'
import { heapBytesOf, meanOf, SAMPLED_CELLS } from './size.ts'
import type { ValueReader } from './value-codec.ts'

/**
 * A column with any number of entries a key, each with its own delta: maps, and sets of timers.
 *
 * M1  A cell that was cleared in an epoch that the snapshot covers is no part of it, nor are its entries.
 * M2  In a snapshot, the clear before a cell comes before all entries of the cell.
 */
export abstract class EntryColumn extends Column {
  protected readonly expires: boolean = this.declaration.ttl !== undefined
  protected readonly withValues: boolean = this.declaration.kind === 'map'
  protected entryCount: number = 0
  private readonly pages: (MapCell | undefined)[][] = []
  private readonly dirtyEntries: DirtyObjects<MapEntry> = new DirtyObjects()
  private readonly dirtyClears: DirtyObjects<MapCell> = new DirtyObjects()
  /** The snapshot at hand looks at every cell, in order of slots, not at lists. */
  private walker: CellWalker | undefined = undefined
  /** Cells that were cleared since such a snapshot was sealed. */
  private detached: MapCell[] = []
  /** A snapshot that looked at every cell was aborted: the next must do so too. */
  private leftAll: boolean = false
  /** Deleted entries, by how far a checkpoint covers that: not yet sealed, sealed, complete. */
  private graves: ObjectList<MapEntry> = new ObjectList()
  private sealedGraves: ObjectList<MapEntry>[] = []
  private openGraves: ObjectList<MapEntry>[] = []

  cover(page: number): void {
    if (page === this.pages.length) this.pages.push([])
  }

  /** The cell of a slot, or undefined when it never had an entry. */
  protected cellAt(slot: number): MapCell | undefined {
    const page = this.pages[slot >>> PAGE_BITS] as (MapCell | undefined)[]
    const index = slot & PAGE_MASK
    return index < page.length ? page[index] : undefined
  }

  private cellFor(slot: number): MapCell {
    return this.cellAt(slot) ?? this.setCell(new MapCell(slot, 0))
  }

  private setCell(cell: MapCell): MapCell {
    const page = this.pages[cell.slot >>> PAGE_BITS] as (MapCell | undefined)[]
    const index = cell.slot & PAGE_MASK
    while (page.length <= index) page.push(undefined)
    page[index] = cell
    return cell
  }

  /** The entry of a subkey, marked so that it may be changed; a new one has the value undefined. @throws {INVALID_KEY} */
  protected put(slot: number, key: Key, identity: string | number): MapEntry {
    const cell = this.cellFor(slot)
    const present = cell.entries.get(identity)
    if (present !== undefined) {
      this.mark(present)
      return present
    }
    this.entryCount++
    if (cell.entries.size === 0) this.context.table.gained(slot)
    let entry = cell.graves?.get(identity)
    if (entry === undefined) {
      entry = new MapEntry(cell, ownKey(key), identity, undefined, this.epoch)
      this.dirtyEntries.push(entry)
    } else {
      this.mark(entry)
      cell.graves?.delete(identity)
      entry.isPresent = true
    }
    cell.entries.set(identity, entry)
    return entry
  }

  /** C2; before an entry changes. */
  protected mark(entry: MapEntry): void {
    if (entry.stamp === this.epoch) return
    if (this.context.epochs.sealed !== 0 && this.coversEntry(entry)) this.encodeEntry(entry)
    entry.stamp = this.epoch
    this.dirtyEntries.push(entry)
  }

  /** The entry is present. */
  protected drop(entry: MapEntry): void {
    this.mark(entry)
    const { cell } = entry
    entry.isPresent = false
    entry.value = undefined
    cell.entries.delete(entry.identity)
    cell.graves ??= new Map()
    cell.graves.set(entry.identity, entry)
    this.entryCount--
    if (cell.entries.size === 0) this.context.table.lost(cell.slot)
    // Whoever deletes much frees as much: there are never more than the last checkpoints have left.
    if (this.openGraves.length > 0) this.free(2)
    if (entry.gravedIn === this.epoch) return
    entry.gravedIn = this.epoch
    this.graves.push(entry)
  }

  /** Removes all entries of a slot, in constant time. */
  protected dropAll(slot: number): void {
    const cell = this.cellAt(slot)
    if (cell === undefined || cell.entries.size === 0) return
    cell.deadSince = this.epoch
    if (this.walker !== undefined) this.detached.push(cell)
    this.dirtyClears.push(this.setCell(new MapCell(slot, this.epoch)))
    this.entryCount -= cell.entries.size
    this.context.table.lost(slot)
  }

  // ------------------------------------------------------------ snapshots

  seal(): void {
    const { epochs, table } = this.context
    const all = this.leftAll || this.dirtyEntries.isOverfull(this.entryCount) || this.dirtyClears.isOverfull(table.high)
    this.dirtyEntries.seal(all)
    this.dirtyClears.seal(all)
    this.leftAll = all
    this.walker = all || epochs.full ? new CellWalker(table.high) : undefined
    this.detached = []
    if (this.graves.length > 0) this.sealedGraves.push(this.graves)
    this.graves = new ObjectList()
    this.epoch = epochs.epoch
  }

  encode(count: number): boolean {
    if (this.walker !== undefined) return this.walk(this.walker, count)
    for (let i = 0; i < count; i++) {
      const cell = this.dirtyClears.next()
      if (cell !== undefined) {
        if (this.coversClear(cell)) this.encodeClear(cell)
        continue
      }
      const entry = this.dirtyEntries.next()
      if (entry === undefined) return true
      if (this.coversEntry(entry)) this.encodeEntry(entry)
    }
    return false
  }

  private walk(walker: CellWalker, count: number): boolean {
    for (let i = 0; i < count; i++) {
      const entry = walker.nextEntry()
      if (entry !== undefined) {
        if (this.coversEntry(entry)) this.encodeEntry(entry)
        continue
      }
      if (walker.slot >= walker.high && this.detached.length === 0) return true
      const cell = walker.slot < walker.high ? this.cellAt(walker.slot++) : this.detached.pop()
      if (cell === undefined) continue
      if (this.coversClear(cell)) this.encodeClear(cell)
      walker.enter(cell)
    }
    return false
  }

  /** M1. */
  private isDeadToSnapshot(cell: MapCell): boolean {
    return cell.deadSince !== 0 && cell.deadSince <= this.context.epochs.sealed
  }

  private coversEntry(entry: MapEntry): boolean {
    const { epochs } = this.context
    return epochs.covers(entry.stamp) && !(epochs.full && entry.fullIn === epochs.sealed) && !this.isDeadToSnapshot(entry.cell)
  }

  private coversClear(cell: MapCell): boolean {
    const { epochs } = this.context
    return !epochs.full && cell.clearStamp !== 0 && epochs.covers(cell.clearStamp) && !this.isDeadToSnapshot(cell)
  }

  private encodeClear(cell: MapCell): void {
    const { entries, epochs } = this.context
    this.begin(cell.slot, CLEAR)
    entries.end()
    cell.clearStamp = -epochs.sealed
    this.dirtyClears.wasEncoded(cell)
  }

  private encodeEntry(entry: MapEntry): void {
    const { entries, epochs } = this.context
    const { cell } = entry
    // M2
    if (this.coversClear(cell)) this.encodeClear(cell)
    if (entry.isPresent) {
      this.begin(cell.slot, this.expires ? ENTRY_PUT | EXPIRY : ENTRY_PUT)
      entries.key(entry.key)
      if (this.expires) entries.out.f64(entry.expiry)
      if (this.withValues) entries.value(entry.value, this.codec)
      else entries.out.u8(0)
      entries.end()
    } else if (!epochs.full) {
      this.begin(cell.slot, ENTRY_DELETE)
      entries.key(entry.key)
      entries.end()
    }
    if (epochs.full) entry.fullIn = epochs.sealed
    else {
      entry.stamp = -epochs.sealed
      this.dirtyEntries.wasEncoded(entry)
    }
  }

  complete(): void {
    this.dirtyEntries.complete()
    this.dirtyClears.complete()
    this.openGraves.push(...this.sealedGraves)
    this.sealedGraves = []
    this.endSnapshot()
    this.leftAll = false
  }

  abort(): void {
    const isWalked = this.walker === undefined || (this.walker.isDone && this.detached.length === 0)
    const all = this.leftAll && (this.context.epochs.full || !isWalked)
    this.dirtyEntries.abort(all)
    this.dirtyClears.abort(all)
    this.leftAll = all
    this.endSnapshot()
  }

  private endSnapshot(): void {
    this.walker = undefined
    this.detached = []
  }

  sizeBytes(): number {
    let cells = 0
    let entries = 0
    let bytes = 0
    const { high } = this.context.table
    meanOf(high, (slot) => {
      const cell = this.cellAt(slot)
      if (cell === undefined) return 0
      cells++
      let left = SAMPLED_ENTRIES
      for (const { key, value } of cell.entries.values()) {
        if (left-- === 0) break
        entries++
        bytes += heapBytesOf(key) + heapBytesOf(value)
      }
      return 0
    })
    const share = cells / Math.max(1, Math.min(high, SAMPLED_CELLS))
    const count = this.entryCount + this.deleted
    return high * (8 + share * CELL_BYTES) + count * ENTRY_BYTES + (entries === 0 ? 0 : (bytes / entries) * this.entryCount)
  }

  release(slot: number): void {
    const page = this.pages[slot >>> PAGE_BITS] as (MapCell | undefined)[]
    if ((slot & PAGE_MASK) < page.length) page[slot & PAGE_MASK] = undefined
  }

  override free(count: number): boolean {
    for (let i = 0; i < count; i++) {
      const list = this.openGraves[this.openGraves.length - 1]
      if (list === undefined) return true
      if (list.length === 0) {
        this.openGraves.pop()
        continue
      }
      const entry = list.pop()
      const { graves } = entry.cell
      if (!this.context.epochs.isDurable(entry.stamp) || graves?.get(entry.identity) !== entry) continue
      graves.delete(entry.identity)
    }
    return this.openGraves.length === 0
  }

  override get deleted(): number {
    return this.graves.length + lengthOf(this.sealedGraves) + lengthOf(this.openGraves)
  }

  override get awaiting(): number {
    // One entry for each that is there takes no more than that does.
    return this.graves.length + this.dirtyClears.listed + Math.max(0, this.dirtyEntries.listed - this.entryCount)
  }

  // ------------------------------------------------------------ restore

  restore(slot: number, entry: BlockEntries, values: ValueReader): void {
    const cell = this.cellFor(slot)
    if (entry.op === CLEAR) {
      if (cell.entries.size > 0) this.context.table.lost(slot)
      this.entryCount -= cell.entries.size
      for (const each of cell.entries.values()) this.unrestore(each)
      cell.entries.clear()
      return
    }
    const key = entry.subkey()
    const identity = keyIdentity(key)
    const present = cell.entries.get(identity)
    if (entry.op === ENTRY_PUT) this.restorePut(present ?? new MapEntry(cell, key, identity, undefined, 0), entry, values)
    else if (present !== undefined) {
      cell.entries.delete(identity)
      this.entryCount--
      if (cell.entries.size === 0) this.context.table.lost(slot)
      this.unrestore(present)
    }
  }

  /** An older block had it. It may stand on a list, as it was migrated: no snapshot covers it any more. */
  private unrestore(entry: MapEntry): void {
    entry.stamp = 0
    this.forgotten(entry)
  }

  private restorePut(entry: MapEntry, block: BlockEntries, values: ValueReader): void {
    const { cell, identity } = entry
    const { version } = block.row
    entry.value = this.withValues
      ? this.upgrade.valueOf(values.read(block.valueStart, block.valueEnd, block.isInline), version, this.context.table.keyOf(cell.slot))
      : true
    entry.expiry = block.expiry
    if (this.withValues && this.upgrade.isNeeded(version)) this.mark(entry)
    if (cell.entries.has(identity)) return
    if (cell.entries.size === 0) this.context.table.gained(cell.slot)
    cell.entries.set(identity, entry)
    this.entryCount++
    this.remembered(entry)
  }

  /** An entry came with a block, and one went. */
  protected remembered(_entry: MapEntry): void {}
  protected forgotten(_entry: MapEntry): void {}
}

/** Of one map, for an estimate; what a cell and an entry with its place in the map take. */
const SAMPLED_ENTRIES = 8
const CELL_BYTES = 260
const ENTRY_BYTES = 144

function lengthOf(lists: readonly ObjectList<MapEntry>[]): number {
  return lists.reduce((sum, { length }) => sum + length, 0)
}

/** Where a snapshot that looks at every cell stands. */
class CellWalker {
  slot: number = 0
  readonly high: number
  private cell: MapCell | undefined = undefined
  private entries: Iterator<MapEntry> | undefined = undefined
  private inGraves: boolean = false

  constructor(high: number) {
    this.high = high
  }

  get isDone(): boolean {
    return this.slot >= this.high && this.entries === undefined
  }

  enter(cell: MapCell): void {
    this.cell = cell
    this.entries = cell.entries.values()
    this.inGraves = false
  }

  /** The next entry of the cell entered last, the deleted ones after the others; undefined at its end. */
  nextEntry(): MapEntry | undefined {
    if (this.entries === undefined) return undefined
    const next = this.entries.next()
    if (next.done !== true) return next.value
    const graves = this.inGraves ? undefined : this.cell?.graves
    this.inGraves = true
    this.entries = graves?.values()
    return this.nextEntry()
  }
}
