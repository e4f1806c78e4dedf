import { lengthened, PAGE_BITS, PAGE_MASK } from './pages.ts'
import { type TimerOwner, TimerQueue } from './timer-queue.ts'

/** One pending time a slot, derived from what the slot holds: in no snapshot. Moving it to a later time costs nothing. */
export class SlotTimers implements TimerOwner {
  private readonly queue: TimerQueue = new TimerQueue([this])
  /** Two for each slot: its time, NaN when it has none; the time of its entry in the queue, never later, +Infinity when there is none. */
  private readonly pages: Float64Array[] = []
  private readonly kept: Int32Array[] = []

  cover(page: number, slots: number): void {
    const before = this.pages[page]
    const from = before === undefined ? 0 : before.length >> 1
    const after = before === undefined ? new Float64Array(slots * 2) : lengthened(before, slots * 2)
    for (let i = from; i < slots; i++) {
      after[i << 1] = Number.NaN
      after[(i << 1) + 1] = Number.POSITIVE_INFINITY
    }
    this.pages[page] = after
    this.kept[page] = this.kept[page] === undefined ? new Int32Array(slots) : lengthened(this.kept[page], slots)
  }

  set(slot: number, at: number): void {
    const page = this.pages[slot >>> PAGE_BITS] as Float64Array
    const index = (slot & PAGE_MASK) << 1
    const before = page[index] as number
    page[index] = at
    if (before !== before) this.queue.count(slot, 1)
    if (at >= (page[index + 1] as number)) return
    page[index + 1] = at
    this.queue.push(at, slot, 0)
  }

  clear(slot: number): void {
    const page = this.pages[slot >>> PAGE_BITS] as Float64Array
    const index = (slot & PAGE_MASK) << 1
    const before = page[index] as number
    if (before !== before) return
    page[index] = Number.NaN
    this.queue.count(slot, -1)
  }

  earliest(): number {
    return this.queue.earliest()
  }

  /** The slot of the earliest time, which is cleared; only after `earliest` gave a finite time. */
  takeEarliest(): number {
    const slot = this.queue.takeEarliest()
    ;(this.pages[slot >>> PAGE_BITS] as Float64Array)[((slot & PAGE_MASK) << 1) + 1] = Number.POSITIVE_INFINITY
    this.clear(slot)
    return slot
  }

  get live(): number {
    return this.queue.live
  }

  due(slot: number, time: number): number {
    const page = this.pages[slot >>> PAGE_BITS] as Float64Array
    const index = (slot & PAGE_MASK) << 1
    if (page[index + 1] !== time) return Number.NaN
    const at = page[index] as number
    page[index + 1] = at === at ? at : Number.POSITIVE_INFINITY
    return at
  }

  keep(slot: number, time: number, round: number): number {
    const at = this.due(slot, time)
    if (at !== at) return at
    const kept = this.kept[slot >>> PAGE_BITS] as Int32Array
    if (kept[slot & PAGE_MASK] === round) return Number.NaN
    kept[slot & PAGE_MASK] = round
    return at
  }
}
