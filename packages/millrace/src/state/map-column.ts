import { keyIdentity } from '../serde/key.ts'
import type { MapCell, MapEntry } from './map-cell.ts'
import type { Key, MapHandle, TimersHandle, TtlDeclaration } from './contract.ts'
import { EntryColumn } from './entry-column.ts'
import { checkTime, type TimerPlace } from './timer-column.ts'
import type { TimerOwner } from './timer-queue.ts'

/** A map of each key, with TTL by entry (TT-3) when declared. Iteration is in order of insertion until a restore. */
export class MapColumn extends EntryColumn implements MapHandle {
  private readonly ttl: TtlDeclaration | undefined = this.declaration.ttl
  /** A key of it, in messages: it has nothing to do with keyBy. */
  private readonly what: string = `A key of the map state ${JSON.stringify(this.name)}`
  private sweepSlot: number = 0
  private sweepEntries: Iterator<MapEntry> | undefined = undefined

  private current(): MapCell | undefined {
    const slot = this.context.find()
    return slot < 0 ? undefined : this.cellAt(slot)
  }

  get size(): number {
    const cell = this.current()
    if (cell === undefined) return 0
    if (this.ttl === undefined) return cell.entries.size
    for (const entry of cell.entries.values()) if (entry.expiry <= this.context.now) this.drop(entry)
    return cell.entries.size
  }

  get(key: Key): unknown {
    const entry = this.current()?.entries.get(keyIdentity(key, this.what))
    if (entry === undefined || this.ttl === undefined) return entry?.value
    const value = entry.value
    return this.isVisible(entry, this.ttl) ? value : undefined
  }

  has(key: Key): boolean {
    const entry = this.current()?.entries.get(keyIdentity(key, this.what))
    return entry !== undefined && (this.ttl === undefined || this.isVisible(entry, this.ttl))
  }

  /** Whether an entry is handed out now. One that has expired goes, one that lives on may be refreshed. */
  private isVisible(entry: MapEntry, ttl: TtlDeclaration): boolean {
    const { now } = this.context
    if (entry.expiry <= now) {
      this.drop(entry)
      return ttl.expired === 'until-cleaned'
    }
    if (ttl.refreshOn === 'read-and-write') this.stampExpiry(entry, now + ttl.afterMs)
    return true
  }

  private stampExpiry(entry: MapEntry, expiry: number): void {
    if (entry.expiry === expiry) return
    this.mark(entry)
    entry.expiry = expiry
  }

  set(key: Key, value: unknown): void {
    const kept = typeof value === 'number' ? value : this.context.keep(value, this.name)
    const entry = this.put(this.context.slot(), key, keyIdentity(key, this.what))
    entry.value = kept
    if (this.ttl !== undefined) entry.expiry = this.context.now + this.ttl.afterMs
  }

  update(key: Key, change: (now: unknown) => unknown): void {
    this.set(key, change(this.get(key)))
  }

  delete(key: Key): void {
    const entry = this.current()?.entries.get(keyIdentity(key, this.what))
    if (entry !== undefined) this.drop(entry)
  }

  clear(): void {
    const slot = this.context.find()
    if (slot >= 0) this.dropAll(slot)
  }

  keys(): Iterable<Key> {
    return this.walkCurrent((entry) => entry.key)
  }

  values(): Iterable<unknown> {
    return this.walkCurrent((_entry, value) => value)
  }

  [Symbol.iterator](): Iterator<[Key, unknown]> {
    return this.walkCurrent((entry, value): [Key, unknown] => [entry.key, value])
  }

  /** Over the map of the key that is current now, whichever is current later. */
  private walkCurrent<T>(pick: (entry: MapEntry, value: unknown) => T): Generator<T, void, undefined> {
    return this.walkCell(this.current(), pick)
  }

  private *walkCell<T>(cell: MapCell | undefined, pick: (entry: MapEntry, value: unknown) => T): Generator<T, void, undefined> {
    if (cell === undefined) return
    for (const entry of cell.entries.values()) {
      // Cleared since: as with a Map, there is nothing more to come.
      if (cell.deadSince !== 0) return
      const value = entry.value
      if (this.ttl === undefined || this.isVisible(entry, this.ttl)) yield pick(entry, value)
    }
  }

  override sweep(count: number): boolean {
    if (this.ttl === undefined) return true
    for (let i = 0; i < count; i++) {
      const next = this.sweepEntries?.next()
      if (next === undefined || next.done === true) {
        this.sweepEntries = undefined
        if (this.sweepSlot >= this.context.table.high) {
          this.sweepSlot = 0
          return true
        }
        this.sweepEntries = this.cellAt(this.sweepSlot++)?.entries.values()
      } else this.sweepEntry(next.value, this.ttl)
    }
    return false
  }

  private sweepEntry(entry: MapEntry, ttl: TtlDeclaration): void {
    if (!entry.isPresent || entry.cell.deadSince !== 0) return
    if (entry.expiry <= this.context.now) this.drop(entry)
    // Restored from a time when the state had no TTL (TT-5): it counts from now on.
    else if (entry.expiry === Number.POSITIVE_INFINITY) this.stampExpiry(entry, this.context.now + ttl.afterMs)
  }
}

/** Any number of pending times a key, each at most once (TM-1). */
export class TimersColumn extends EntryColumn implements TimersHandle, TimerOwner {
  place!: TimerPlace

  times(): readonly number[] {
    const slot = this.context.find()
    const cell = slot < 0 ? undefined : this.cellAt(slot)
    return [...(cell?.entries.keys() ?? [])].map(Number).sort((a, b) => a - b)
  }

  add(at: number): void {
    checkTime(at, this.name)
    const time = at + 0
    const slot = this.context.slot()
    if (this.cellAt(slot)?.entries.has(time) === true) return
    this.put(slot, time, time).value = true
    this.place.queue.count(slot, 1)
    this.place.queue.push(time, slot, this.place.timer)
  }

  delete(at: number): void {
    const slot = this.context.find()
    if (slot >= 0) this.take(slot, at)
  }

  clear(): void {
    const slot = this.context.find()
    const cell = slot < 0 ? undefined : this.cellAt(slot)
    if (cell === undefined || cell.entries.size === 0) return
    this.place.queue.count(slot, -cell.entries.size)
    this.dropAll(slot)
  }

  /** Removes one time of a slot, if it is pending. */
  take(slot: number, at: number): void {
    const entry = this.cellAt(slot)?.entries.get(at)
    if (entry === undefined) return
    this.drop(entry)
    this.place.queue.count(slot, -1)
  }

  due(slot: number, time: number): number {
    return this.cellAt(slot)?.entries.has(time) === true ? time : Number.NaN
  }

  keep(slot: number, time: number, round: number): number {
    const entry = this.cellAt(slot)?.entries.get(time)
    if (entry === undefined || entry.keptIn === round) return Number.NaN
    entry.keptIn = round
    return time
  }

  protected override remembered(entry: MapEntry): void {
    this.place.queue.count(entry.cell.slot, 1)
    this.place.queue.push(entry.key as number, entry.cell.slot, this.place.timer)
  }

  protected override forgotten(entry: MapEntry): void {
    this.place.queue.count(entry.cell.slot, -1)
  }
}
