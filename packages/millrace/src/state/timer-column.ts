import { StreamError } from '../core/errors.ts'
import type { BlockEntries } from './block.ts'
import type { TimerHandle } from './contract.ts'
import { PAGE_BITS, PAGE_MASK } from './pages.ts'
import { seldom, type Seldom } from './seldom.ts'
import { ABSENT, type CellPage, SlotColumn } from './slot-column.ts'
import type { TimerOwner, TimerQueue } from './timer-queue.ts'
import type { ValueReader } from './value-codec.ts'

/** What the timer columns need beyond a column. Set once, before the first use. */
export interface TimerPlace {
  readonly queue: TimerQueue
  /** Position among the declared timers. */
  readonly timer: number
}

/**
 * One pending time a key. `extra` is the time at which the queue holds an entry for it (+Infinity: none): never later than the
 * pending time, so that moving a timer to a later time, the usual case, leaves the queue alone.
 */
export class TimerColumn extends SlotColumn implements TimerHandle, TimerOwner, Seldom {
  place!: TimerPlace
  /** By slot, the round of a compaction in which an entry was kept; allocated when there is one. */
  private readonly kept: Int32Array[] = []

  protected override hasExtra(): boolean {
    return true
  }

  get at(): number | undefined {
    const slot = this.context.find()
    return slot < 0 ? undefined : (this.load(slot) as number | undefined)
  }

  /** Moved in an epoch in which it was moved before, to a time for which the queue needs no entry: the usual case. Literals as in ValueColumn. */
  set(at: number): void {
    const slot = this.context.current
    if (slot >= 0 && Number.isSafeInteger(at)) {
      const { cells, ints, extra } = this.pages[slot >>> 16] as CellPage
      const index = slot & 0xffff
      if (ints[(index << 2) | 2] === this.epoch && ints[(index << 2) | 3] === 1 && at >= ((extra as Float64Array)[index] as number)) {
        // -0 is 0.
        cells[index << 1] = at + 0
        return
      }
    }
    seldom(1, this, at)
  }

  getOther(): unknown {
    return this.at
  }

  setOther(at: unknown): void {
    checkTime(at as number, this.name)
    this.move(at as number)
  }

  private move(at: number): void {
    const slot = this.context.slot()
    const before = this.load(slot)
    if (before === at) return
    this.store(slot, at + 0)
    this.enqueue(slot, at + 0, before === undefined)
  }

  private enqueue(slot: number, at: number, isNew: boolean): void {
    const { queue, timer } = this.place
    if (isNew) queue.count(slot, 1)
    const extra = (this.pages[slot >>> PAGE_BITS] as CellPage).extra as Float64Array
    const index = slot & PAGE_MASK
    if (at >= (extra[index] as number)) return
    extra[index] = at
    queue.push(at, slot, timer)
  }

  clear(): void {
    const slot = this.context.find()
    if (slot >= 0) this.take(slot)
  }

  /** Clears the timer of a slot. */
  take(slot: number): void {
    if (this.load(slot) === undefined) return
    this.remove(slot)
    this.place.queue.count(slot, -1)
  }

  due(slot: number, time: number): number {
    const page = this.pages[slot >>> PAGE_BITS] as CellPage
    const extra = page.extra as Float64Array
    const index = slot & PAGE_MASK
    if (extra[index] !== time) return Number.NaN
    const at = page.ints[(index << 2) + 3] === ABSENT ? Number.NaN : (page.cells[index << 1] as number)
    extra[index] = at === at ? at : Number.POSITIVE_INFINITY
    return at
  }

  /** The entry at `time` is out of the queue. */
  wasTaken(slot: number): void {
    ;((this.pages[slot >>> PAGE_BITS] as CellPage).extra as Float64Array)[slot & PAGE_MASK] = Number.POSITIVE_INFINITY
  }

  keep(slot: number, time: number, round: number): number {
    const at = this.due(slot, time)
    if (at !== at) return at
    const page = slot >>> PAGE_BITS
    const index = slot & PAGE_MASK
    let kept = this.kept[page]
    if (kept === undefined || kept.length <= index)
      this.kept[page] = kept = longerCopy(kept, (this.pages[page] as CellPage).cells.length >> 1)
    if (kept[index] === round) return Number.NaN
    kept[index] = round
    return at
  }

  override restore(slot: number, entry: BlockEntries, values: ValueReader): void {
    const before = this.load(slot)
    super.restore(slot, entry, values)
    const after = this.load(slot)
    if (after === undefined) {
      if (before !== undefined) this.place.queue.count(slot, -1)
      return
    }
    if (!Number.isSafeInteger(after))
      throw new StreamError('CHECKPOINT_CORRUPT', `The timer ${JSON.stringify(this.name)} of a key is set to something that is no time.`)
    this.enqueue(slot, after as number, before === undefined)
  }
}

function longerCopy(source: Int32Array | undefined, length: number): Int32Array {
  const longer = new Int32Array(length)
  if (source !== undefined) longer.set(source)
  return longer
}

/** @throws {TIMER_LIMIT} unless it is a safe integer */
export function checkTime(at: number, name: string): void {
  if (Number.isSafeInteger(at)) return
  throw new StreamError(
    'TIMER_LIMIT',
    `The timer ${JSON.stringify(name)} is set to ${String(at)}. Give milliseconds since the Unix epoch as a safe integer.`,
  )
}
