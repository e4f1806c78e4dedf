import type { BlockEntries } from './block.ts'
import { Column } from './column.ts'
import { DirtySlots } from './epochs.ts'
import { DELETE, EXPIRY, PUT } from './format.ts'
import { lengthened, PAGE_BITS, PAGE_MASK } from './pages.ts'
import { heapBytesOf, meanOf } from './size.ts'
import type { ValueReader } from './value-codec.ts'

export const ABSENT: number = 0
export const NUMBER: number = 1
export const OBJECT: number = 2

/**
 * Cells of consecutive slots, 16 bytes each, so that reading and marking a number touches one cache line.
 *
 *     | value f64; NaN when absent, NaN itself, or no number | stamp i32 | ABSENT, NUMBER or OBJECT i32 |
 */
export class CellPage {
  cells: Float64Array
  ints: Int32Array
  /** What is no number; allocated when there is one. */
  objects: unknown[] | undefined = undefined
  /** A second number of each slot, for columns that have one: when the value expires, or where a timer stands in the queue. */
  extra: Float64Array | undefined = undefined

  constructor(size: number) {
    this.cells = new Float64Array(size * 2)
    this.ints = new Int32Array(this.cells.buffer)
    for (let i = 0; i < size; i++) this.cells[i << 1] = Number.NaN
  }

  grow(size: number): void {
    const before = this.cells.length >> 1
    this.cells = lengthened(this.cells, size * 2)
    this.ints = new Int32Array(this.cells.buffer)
    for (let i = before; i < size; i++) this.cells[i << 1] = Number.NaN
    if (this.extra !== undefined) this.extra = lengthened(this.extra, size).fill(Number.POSITIVE_INFINITY, before)
    if (this.objects !== undefined) while (this.objects.length < size) this.objects.push(undefined)
  }
}

/** A column with at most one thing a key: values, accumulators, single timers. */
export abstract class SlotColumn extends Column {
  protected readonly pages: CellPage[] = []
  /** `cells` and `ints` of the pages, one step nearer for per-record code. */
  protected readonly cellsOf: Float64Array[] = []
  protected readonly intsOf: Int32Array[] = []
  protected readonly dirty: DirtySlots = new DirtySlots()
  /** Each value is followed by `extra` in blocks. */
  protected readonly expires: boolean = this.declaration.ttl !== undefined

  cover(number: number, slots: number): void {
    let page = this.pages[number]
    if (page === undefined) {
      page = new CellPage(slots)
      if (this.hasExtra()) page.extra = new Float64Array(slots).fill(Number.POSITIVE_INFINITY)
    } else page.grow(slots)
    this.pages[number] = page
    this.cellsOf[number] = page.cells
    this.intsOf[number] = page.ints
  }

  protected hasExtra(): boolean {
    return this.expires
  }

  /** What the slot holds; undefined when it holds nothing. */
  protected load(slot: number): unknown {
    const page = this.pages[slot >>> PAGE_BITS] as CellPage
    const index = slot & PAGE_MASK
    const number = page.cells[index << 1] as number
    return number === number ? number : loadOther(page, index)
  }

  protected store(slot: number, value: unknown): void {
    const page = this.pages[slot >>> PAGE_BITS] as CellPage
    const index = slot & PAGE_MASK
    const at = (index << 2) + 2
    if (page.ints[at] !== this.epoch) this.mark(page, slot)
    if (typeof value === 'number' && page.ints[at + 1] === NUMBER) page.cells[index << 1] = value
    else this.replace(page, slot, value)
  }

  /** C2; to be called before the cell changes. */
  protected mark(page: CellPage, slot: number): void {
    const at = ((slot & PAGE_MASK) << 2) + 2
    const { epochs } = this.context
    if (epochs.sealed !== 0 && this.dirty.covers(epochs, slot, page.ints[at] as number)) this.encodeCell(page, slot)
    page.ints[at] = this.epoch
    this.dirty.push(slot, this.context.table.high)
  }

  /** Stores without a mark. */
  protected replace(page: CellPage, slot: number, value: unknown): void {
    const index = slot & PAGE_MASK
    const at = (index << 2) + 3
    const before = page.ints[at]
    if (before === ABSENT) this.context.table.gained(slot)
    if (typeof value === 'number') {
      page.ints[at] = NUMBER
      page.cells[index << 1] = value
      if (before === OBJECT) (page.objects as unknown[])[index] = undefined
      return
    }
    page.ints[at] = OBJECT
    page.cells[index << 1] = Number.NaN
    page.objects ??= emptyOf(page.cells.length >> 1)
    page.objects[index] = value
  }

  /** No mark and no effect when the slot holds nothing. */
  protected remove(slot: number): void {
    const page = this.pages[slot >>> PAGE_BITS] as CellPage
    const at = ((slot & PAGE_MASK) << 2) + 2
    if (page.ints[at + 1] === ABSENT) return
    if (page.ints[at] !== this.epoch) this.mark(page, slot)
    this.empty(page, slot)
  }

  /** Empties a cell that holds something, without a mark. */
  protected empty(page: CellPage, slot: number): void {
    clearCell(page, slot & PAGE_MASK)
    this.context.table.lost(slot)
  }

  sizeBytes(): number {
    const slots = this.pages.reduce((sum, { cells }) => sum + (cells.length >> 1), 0)
    const isWith = (what: 'objects' | 'extra'): number => (this.pages.some((page) => page[what] !== undefined) ? 8 : 0)
    const { high } = this.context.table
    const each = isWith('objects') === 0 ? 0 : meanOf(high, (slot) => heapBytesOf(this.objectAt(slot)))
    return slots * (16 + isWith('objects') + isWith('extra')) + high * each
  }

  private objectAt(slot: number): unknown {
    return (this.pages[slot >>> PAGE_BITS] as CellPage).objects?.[slot & PAGE_MASK]
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
      const slot = this.dirty.next()
      if (slot < 0) return true
      const page = this.pages[slot >>> PAGE_BITS] as CellPage
      const at = ((slot & PAGE_MASK) << 2) + 2
      if (epochs.covers(page.ints[at] as number) && !this.context.table.isDropped(slot)) this.encodeCell(page, slot)
    }
    return false
  }

  private encodeCell(page: CellPage, slot: number): void {
    const index = slot & PAGE_MASK
    const { entries, epochs } = this.context
    if (page.ints[(index << 2) + 3] !== ABSENT) {
      this.begin(slot, this.expires ? PUT | EXPIRY : PUT)
      if (this.expires) entries.out.f64((page.extra as Float64Array)[index] as number)
      const number = page.cells[index << 1] as number
      entries.value(number === number ? number : loadOther(page, index), this.codec)
      entries.end()
    } else if (!epochs.full) {
      this.begin(slot, DELETE)
      entries.end()
    }
    if (epochs.full) return
    page.ints[(index << 2) + 2] = -epochs.sealed
    this.dirty.wasEncoded(slot)
  }

  complete(): void {
    this.dirty.complete()
  }

  abort(): void {
    this.dirty.abort()
  }

  release(slot: number): void {
    const page = this.pages[slot >>> PAGE_BITS] as CellPage
    const index = slot & PAGE_MASK
    page.ints[(index << 2) + 2] = 0
    // Of a window that was dropped as a whole.
    if (page.ints[(index << 2) + 3] !== ABSENT) clearCell(page, index)
  }

  restore(slot: number, entry: BlockEntries, values: ValueReader): void {
    if (entry.op === DELETE) {
      const page = this.pages[slot >>> PAGE_BITS] as CellPage
      if (page.ints[((slot & PAGE_MASK) << 2) + 3] !== ABSENT) this.empty(page, slot)
      return
    }
    const page = this.pages[slot >>> PAGE_BITS] as CellPage
    const { version } = entry.row
    const value = this.upgrade.valueOf(
      values.read(entry.valueStart, entry.valueEnd, entry.isInline),
      version,
      this.context.table.keyOf(slot),
    )
    if (this.upgrade.isNeeded(version)) {
      if (page.ints[((slot & PAGE_MASK) << 2) + 2] !== this.epoch) this.mark(page, slot)
      // As with `set`: nothing is what `migrate` made of it.
      if (value === undefined) return this.remove(slot)
    }
    this.replace(page, slot, value)
    if (page.extra !== undefined && this.expires) page.extra[slot & PAGE_MASK] = entry.expiry
  }
}

function clearCell(page: CellPage, index: number): void {
  page.ints[(index << 2) + 3] = ABSENT
  page.cells[index << 1] = Number.NaN
  if (page.objects !== undefined) page.objects[index] = undefined
}

export function loadOther(page: CellPage, index: number): unknown {
  const tag = page.ints[(index << 2) + 3]
  return tag === OBJECT ? (page.objects as unknown[])[index] : tag === NUMBER ? Number.NaN : undefined
}

/** As long as it will be, so that no element is ever written beyond the end. */
function emptyOf(length: number): unknown[] {
  const objects: unknown[] = []
  while (objects.length < length) objects.push(undefined)
  return objects
}
