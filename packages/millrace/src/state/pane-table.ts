import { invariant } from '../core/errors.ts'
import { keyGroupOf } from '../core/key-group.ts'
import { keyHash } from '../serde/key.ts'
import type { Key } from './contract.ts'
import type { EntryWriter } from './entry-writer.ts'
import type { Epochs } from './epochs.ts'
import { IntIndex } from './int-index.ts'
import { KeyDictionary } from './key-dictionary.ts'
import { KeyIndex } from './key-index.ts'
import { lengthened, PAGE_BITS, PAGE_MASK } from './pages.ts'
import { NUMBER_ENTRY_BYTES, SlotTable } from './slot-table.ts'

const NO_INDEX = new KeyIndex()
const NO_CODES = new IntIndex()
/** Code of a number: it has none. */
const NO_CODE = -1
/** Up to here keys are found one by one, so that a window of few keys has no index. */
const FEW = 4

/** What an operator keeps for one window, or a slice of windows, of all keys. */
export class Pane {
  readonly start: number
  /** One of few keys has no index: to be asked for slots, the table knows all. */
  isIndexed: boolean = false
  /** Of keys that are numbers; empty, and shared, while there is none. */
  index: KeyIndex = NO_INDEX
  /** Of the others, by their codes; as `index`. */
  codes: IntIndex = NO_CODES
  count: number = 0
  /** Its slots are a chain in order of insertion; -1 ends it. */
  head: number = -1
  tail: number = -1
  readonly bornIn: number
  /** Epoch in which it was dropped, 0 while it lives. */
  diedIn: number = 0
  /** While a checkpoint is restored: key groups that a later block has dropped. */
  dropped: Uint8Array | undefined = undefined

  constructor(start: number, bornIn: number) {
    this.start = start
    this.bornIn = bornIn
  }
}

/**
 * Slots of keys in windows that many keys share. Windows begin and end for all keys at once, so each is an index of its own, and
 * dropping one is one entry for each of its key groups, whatever the number of keys.
 *
 * N1  A dropped pane keeps its slots until a completed checkpoint holds the drop: the snapshot at hand may need what they held. One
 *     that no snapshot has seen gives them back at once.
 * N2  A pane that was dropped does not come back: its records are late from then on.
 */
export class PaneTable extends SlotTable {
  /** By start. */
  readonly panes: Map<number, Pane> = new Map()
  /** By slot. */
  private readonly owners: Pane[][] = []
  private readonly links: Int32Array[] = []
  private readonly codes: Int32Array[] = []
  private readonly dictionary: KeyDictionary
  /** Dropped ones: not yet sealed, in the snapshot at hand, and those whose slots may be given back. */
  private dead: Pane[] = []
  private sealedDead: Pane[] = []
  private readonly releasing: Pane[] = []
  private drops: DropCursor = new DropCursor()
  /** One that is in no table: for whoever has none yet. */
  readonly nowhere: Pane = new Pane(Number.NaN, 0)

  constructor(epochs: Epochs, maxParallelism: number) {
    super(epochs, maxParallelism)
    this.dictionary = new KeyDictionary(maxParallelism)
  }

  override get hasWindows(): boolean {
    return true
  }

  protected override cover(page: number, slots: number): void {
    if (page === this.owners.length) this.owners.push([])
    this.links[page] = this.links[page] === undefined ? new Int32Array(slots) : lengthened(this.links[page], slots)
    this.codes[page] = this.codes[page] === undefined ? new Int32Array(slots) : lengthened(this.codes[page], slots)
  }

  insert(_key: Key): number {
    invariant(false, 'a key is inserted without a window')
  }

  open(start: number): Pane {
    const pane = new Pane(start, this.epochs.epoch)
    this.panes.set(start, pane)
    return pane
  }

  /** Slot of a key in a pane, inserted when it is new. @throws {INVALID_KEY} */
  slotIn(pane: Pane, key: Key): number {
    if (typeof key === 'number') {
      const slot = this.slotOfNumber(pane, key)
      return slot >= 0 ? slot : this.insertInto(pane, key + 0, keyGroupOf(keyHash(key), this.maxParallelism), NO_CODE)
    }
    const { dictionary } = this
    let code = dictionary.find(key)
    if (code < 0) code = dictionary.add(key)
    else {
      // As a rule the window is the one in which the key was last new.
      const last = dictionary.lastSlotOf(code)
      if (this.codeOf(last) === code && this.ownerOf(last) === pane) return last
      const slot = this.slotOfCode(pane, code)
      if (slot >= 0) return slot
    }
    return this.insertInto(pane, dictionary.keyOf(code), dictionary.groupOf(code), code)
  }

  /** Slot of a key in a pane, or -1. @throws {INVALID_KEY} */
  find(pane: Pane, key: Key): number {
    if (typeof key === 'number') return this.slotOfNumber(pane, key)
    const code = this.dictionary.find(key)
    return code < 0 ? -1 : this.slotOfCode(pane, code)
  }

  private slotOfNumber(pane: Pane, key: number): number {
    if (pane.isIndexed) return pane.index.find(key)
    let slot = pane.head
    while (slot >= 0 && !Object.is(this.keyOf(slot), key + 0)) slot = this.after(slot)
    return slot
  }

  private slotOfCode(pane: Pane, code: number): number {
    if (pane.isIndexed) return pane.codes.find(code)
    let slot = pane.head
    while (slot >= 0 && this.codeOf(slot) !== code) slot = this.after(slot)
    return slot
  }

  private codeOf(slot: number): number {
    return (this.codes[slot >>> PAGE_BITS] as Int32Array)[slot & PAGE_MASK] as number
  }

  private insertInto(pane: Pane, key: Key, group: number, code: number): number {
    // First of all: a slot may be given back for this one, and what has no use then may lose its code.
    if (code !== NO_CODE) this.dictionary.use(code)
    const slot = this.take(key, group)
    ;(this.codes[slot >>> PAGE_BITS] as Int32Array)[slot & PAGE_MASK] = code
    if (code !== NO_CODE) this.dictionary.setLastSlot(code, slot)
    const owners = this.owners[slot >>> PAGE_BITS] as Pane[]
    while (owners.length < (slot & PAGE_MASK)) owners.push(pane)
    owners[slot & PAGE_MASK] = pane
    this.link(pane, slot)
    this.liveKeys++
    pane.count++
    if (pane.isIndexed) addTo(pane, key, code, slot)
    else if (pane.count > FEW) this.makeIndex(pane)
    return slot
  }

  private makeIndex(pane: Pane): void {
    pane.isIndexed = true
    for (let slot = pane.head; slot >= 0; slot = this.after(slot)) addTo(pane, this.keyOf(slot), this.codeOf(slot), slot)
  }

  private link(pane: Pane, slot: number): void {
    ;(this.links[slot >>> PAGE_BITS] as Int32Array)[slot & PAGE_MASK] = -1
    if (pane.tail < 0) pane.head = slot
    else (this.links[pane.tail >>> PAGE_BITS] as Int32Array)[pane.tail & PAGE_MASK] = slot
    pane.tail = slot
  }

  /** The slot after this one in its pane, or -1. */
  after(slot: number): number {
    return (this.links[slot >>> PAGE_BITS] as Int32Array)[slot & PAGE_MASK] as number
  }

  override namespaceOf(slot: number): number {
    return this.ownerOf(slot).start
  }

  private ownerOf(slot: number): Pane {
    return (this.owners[slot >>> PAGE_BITS] as Pane[])[slot & PAGE_MASK] as Pane
  }

  /** In constant time. */
  drop(pane: Pane): void {
    this.panes.delete(pane.start)
    this.liveKeys -= pane.count
    this.dictionary.nextPeriod()
    pane.diedIn = this.epochs.epoch
    if (pane.bornIn === this.epochs.epoch) this.releasing.push(pane)
    else this.dead.push(pane)
  }

  override isDropped(slot: number): boolean {
    const { diedIn } = this.ownerOf(slot)
    return diedIn !== 0 && diedIn <= this.epochs.sealed
  }

  /** They live and die with their pane. */
  override gained(_slot: number): void {}
  override lost(_slot: number): void {}
  protected override noteEmpty(_slot: number): void {}
  protected forget(_slot: number, _key: Key): void {}

  // ------------------------------------------------------------ snapshots

  override seal(): void {
    this.sealedDead = this.dead
    this.dead = []
    this.drops = new DropCursor()
  }

  override encode(entries: EntryWriter, rows: number, count: number): boolean {
    if (this.epochs.full) return true
    let left = count * SLOTS_PER_STEP
    for (const { drops } = this; drops.pane < this.sealedDead.length; drops.next()) {
      const pane = this.sealedDead[drops.pane] as Pane
      left = this.findGroups(pane, drops, left)
      if (left <= 0) return false
      for (let group = drops.groups.pop(); group !== undefined; group = drops.groups.pop())
        for (let row = 0; row < rows; row++) entries.drop(group, row, pane.start)
    }
    return true
  }

  /** Looks at up to `left` slots for their key groups; gives what is left, 0 when that was not enough. */
  private findGroups(pane: Pane, drops: DropCursor, left: number): number {
    drops.seen ??= new Uint8Array(this.maxParallelism)
    if (!drops.hasBegun) drops.slot = pane.head
    drops.hasBegun = true
    let looks = left
    for (; drops.slot >= 0; drops.slot = this.after(drops.slot)) {
      if (looks-- <= 0) return 0
      drops.add(this.groupOf(drops.slot))
    }
    for (const group of drops.groups) drops.seen[group] = 0
    return looks
  }

  override complete(): void {
    for (const pane of this.sealedDead) this.releasing.push(pane)
    this.sealedDead = []
  }

  override abort(): void {
    this.dead = [...this.sealedDead, ...this.dead]
    this.sealedDead = []
  }

  protected override release(slot: number): void {
    const code = this.codeOf(slot)
    if (code !== NO_CODE) {
      ;(this.codes[slot >>> PAGE_BITS] as Int32Array)[slot & PAGE_MASK] = NO_CODE
      this.dictionary.unuse(code)
    }
    super.release(slot)
  }

  override releaseSome(count: number): boolean {
    let left = count
    for (let pane = this.releasing.at(-1); pane !== undefined; pane = this.releasing.at(-1)) {
      for (; pane.head >= 0; left--) {
        if (left <= 0) return false
        const slot = pane.head
        pane.head = this.after(slot)
        this.release(slot)
      }
      this.releasing.pop()
    }
    return this.dictionary.trimSome(left)
  }

  /** Of a key that is no number the dictionary has one, however many windows it is in. */
  protected override indexBytesOf(_key: Key): number {
    return NUMBER_ENTRY_BYTES + PLACE_BYTES
  }

  override sizeBytes(): number {
    return super.sizeBytes() + this.dictionary.sizeBytes()
  }

  // ------------------------------------------------------------ restore

  restoreSlot(key: Key, group: number, namespace: number): number {
    const pane = this.panes.get(namespace) ?? this.restorePane(namespace)
    if (pane.dropped?.[group] === 1) this.purge(pane)
    return this.slotIn(pane, key)
  }

  private restorePane(start: number): Pane {
    const pane = new Pane(start, 0)
    this.panes.set(start, pane)
    return pane
  }

  /** Takes effect with `endRestore`: so a pane is gone through once, not once for each of its groups. */
  override restoreDrop(namespace: number, group: number): void {
    const pane = this.panes.get(namespace)
    if (pane === undefined) return
    pane.dropped ??= new Uint8Array(this.maxParallelism)
    pane.dropped[group] = 1
  }

  override endRestore(): void {
    for (const pane of this.panes.values()) {
      if (pane.dropped !== undefined) this.purge(pane)
      if (pane.count === 0) this.panes.delete(pane.start)
    }
  }

  private purge(pane: Pane): void {
    const dropped = pane.dropped as Uint8Array
    pane.dropped = undefined
    let slot = pane.head
    pane.head = pane.tail = -1
    while (slot >= 0) {
      const next = this.after(slot)
      if (dropped[this.groupOf(slot)] === 0) this.link(pane, slot)
      else {
        if (pane.isIndexed) removeFrom(pane, this.keyOf(slot), this.codeOf(slot))
        pane.count--
        this.liveKeys--
        this.release(slot)
      }
      slot = next
    }
  }
}

function addTo(pane: Pane, key: Key, code: number, slot: number): void {
  if (code === NO_CODE) {
    if (pane.index === NO_INDEX) pane.index = new KeyIndex()
    pane.index.add(key, slot)
  } else {
    if (pane.codes === NO_CODES) pane.codes = new IntIndex()
    pane.codes.add(code, slot)
  }
}

function removeFrom(pane: Pane, key: Key, code: number): void {
  if (code === NO_CODE) pane.index.remove(key)
  else pane.codes.remove(code)
}

const SLOTS_PER_STEP = 32
/** Of a slot: its pane, its place in the chain of that, its code. */
const PLACE_BYTES = 16

/** How far a snapshot has come with the panes that were dropped before it. */
class DropCursor {
  pane: number = 0
  hasBegun: boolean = false
  slot: number = -1
  /** Of the pane so far. */
  groups: number[] = []
  seen: Uint8Array | undefined = undefined

  add(group: number): void {
    const seen = this.seen as Uint8Array
    if (seen[group] === 1) return
    seen[group] = 1
    this.groups.push(group)
  }

  next(): void {
    this.pane++
    this.hasBegun = false
  }
}
