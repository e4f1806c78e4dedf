import { refusePromise } from '../core/errors.ts'
import type { AccumulatorColumn, TtlDeclaration, ValueHandle } from './contract.ts'
import { PAGE_BITS, PAGE_MASK } from './pages.ts'
import { seldom, type Seldom } from './seldom.ts'
import { ABSENT, type CellPage, loadOther, SlotColumn } from './slot-column.ts'

/**
 * Single values without TTL. `get` and `set` are per-record code: PAGE_BITS, PAGE_MASK, NUMBER and the calls of seldom.ts stand there as literals, since
 * an imported constant is loaded each time, and what is seldom is left to other functions, so that they stay short enough to be
 * compiled together with their callers. bench/state.ts shows what they cost.
 */
export class ValueColumn extends SlotColumn implements ValueHandle, Seldom {
  get(): unknown {
    const slot = this.context.current
    if (slot >= 0) {
      const number = (this.cellsOf[slot >>> 16] as Float64Array)[(slot & 0xffff) << 1] as number
      if (number === number) return number
    }
    return seldom(0, this, undefined)
  }

  getOther(): unknown {
    const slot = this.context.find()
    const value = slot < 0 ? undefined : this.load(slot)
    return value === undefined ? this.initial() : value
  }

  /** `undefined` clears (ST-2): an absent value reads as undefined. */
  set(value: unknown): void {
    const slot = this.context.current
    if (slot >= 0 && typeof value === 'number') {
      const ints = this.intsOf[slot >>> 16] as Int32Array
      const at = ((slot & 0xffff) << 2) | 2
      if (ints[at] === this.epoch && ints[at | 1] === 1) {
        ;(this.cellsOf[slot >>> 16] as Float64Array)[(slot & 0xffff) << 1] = value
        return
      }
    }
    seldom(1, this, value)
  }

  /** Everything but a number in place of a number written before in this epoch. */
  setOther(value: unknown): void {
    if (value === undefined) this.clear()
    else this.store(this.context.slot(), typeof value === 'number' ? value : this.context.keep(value, this.name))
  }

  update(change: (now: unknown) => unknown): void {
    this.set(change(this.get()))
  }

  clear(): void {
    const slot = this.context.find()
    if (slot >= 0) this.remove(slot)
  }

  protected initial(): unknown {
    const { initial } = this.declaration
    if (initial === undefined) return undefined
    const value = initial()
    if (typeof value === 'object' && value !== null) refusePromise(value)
    return this.context.freezeSome(value)
  }
}

/** Single values that expire (TT-1 to TT-6): `extra` holds when. */
export class ExpiringValueColumn extends ValueColumn {
  private readonly ttl: TtlDeclaration = this.declaration.ttl as TtlDeclaration
  private cursor: number = 0

  override get(): unknown {
    const slot = this.context.find()
    const value = slot < 0 ? undefined : this.load(slot)
    if (value === undefined) return this.initial()
    const page = this.pages[slot >>> PAGE_BITS] as CellPage
    if (isExpired(page, slot, this.context.now)) {
      this.remove(slot)
      return this.ttl.expired === 'until-cleaned' ? value : this.initial()
    }
    if (this.ttl.refreshOn === 'read-and-write') this.stampExpiry(page, slot)
    return value
  }

  override set(value: unknown): void {
    const slot = this.context.slot()
    if (value === undefined) return this.remove(slot)
    this.store(slot, this.context.keep(value, this.name))
    ;((this.pages[slot >>> PAGE_BITS] as CellPage).extra as Float64Array)[slot & PAGE_MASK] = this.context.now + this.ttl.afterMs
  }

  override clear(): void {
    const slot = this.context.find()
    if (slot >= 0) this.remove(slot)
  }

  private stampExpiry(page: CellPage, slot: number): void {
    const expiry = this.context.now + this.ttl.afterMs
    const extra = page.extra as Float64Array
    if (extra[slot & PAGE_MASK] === expiry) return
    if (page.ints[((slot & PAGE_MASK) << 2) + 2] !== this.epoch) this.mark(page, slot)
    extra[slot & PAGE_MASK] = expiry
  }

  override sweep(count: number): boolean {
    const end = Math.min(this.context.table.high, this.cursor + count)
    for (let slot = this.cursor; slot < end; slot++) {
      const page = this.pages[slot >>> PAGE_BITS] as CellPage
      const at = ((slot & PAGE_MASK) << 2) + 3
      if (page.ints[at] === ABSENT) continue
      if (isExpired(page, slot, this.context.now)) this.remove(slot)
      // Restored from a time when the state had no TTL (TT-5): it counts from now on.
      else if ((page.extra as Float64Array)[slot & PAGE_MASK] === Number.POSITIVE_INFINITY) this.stampExpiry(page, slot)
    }
    this.cursor = end < this.context.table.high ? end : 0
    return this.cursor === 0
  }
}

function isExpired(page: CellPage, slot: number, now: number): boolean {
  return ((page.extra as Float64Array)[slot & PAGE_MASK] as number) <= now
}

/** What the engine's own operators keep by slot. */
export class AccumulatorSlots extends SlotColumn implements AccumulatorColumn {
  get(slot: number): unknown {
    const number = (this.cellsOf[slot >>> 16] as Float64Array)[(slot & 0xffff) << 1] as number
    return number === number ? number : this.getOther(slot)
  }

  numberAt(slot: number): number {
    return (this.cellsOf[slot >>> 16] as Float64Array)[(slot & 0xffff) << 1] as number
  }

  private getOther(slot: number): unknown {
    return loadOther(this.pages[slot >>> PAGE_BITS] as CellPage, slot & PAGE_MASK)
  }

  replaceNumber(slot: number, accumulator: unknown): boolean {
    if (typeof accumulator !== 'number') return false
    const ints = this.intsOf[slot >>> 16] as Int32Array
    const at = ((slot & 0xffff) << 2) | 2
    if (ints[at] !== this.epoch || ints[at | 1] !== 1) return false
    ;(this.cellsOf[slot >>> 16] as Float64Array)[(slot & 0xffff) << 1] = accumulator
    return true
  }

  put(slot: number, accumulator: unknown): void {
    if (accumulator === undefined) return this.remove(slot)
    const page = this.pages[slot >>> PAGE_BITS] as CellPage
    const index = slot & PAGE_MASK
    // Changed in place under `touch`, and put back.
    const isSame = page.objects !== undefined && page.objects[index] === accumulator && page.ints[(index << 2) + 2] === this.epoch
    if (!isSame) this.store(slot, typeof accumulator === 'number' ? accumulator : this.context.keepOpen(accumulator))
  }

  touch(slot: number): void {
    const page = this.pages[slot >>> PAGE_BITS] as CellPage
    const at = ((slot & PAGE_MASK) << 2) + 2
    if (page.ints[at] !== this.epoch && page.ints[at + 1] !== ABSENT) this.mark(page, slot)
  }

  clear(slot: number): void {
    this.remove(slot)
  }
}
