import type { Emit, KeySelector, Operator, OperatorTime, Specialize } from '../operator/contract.ts'
import type { AccumulatorColumn, Key } from '../state/contract.ts'
import type { Pane } from '../state/pane-table.ts'
import type { PaneState } from '../state/window-state.ts'
import { cleanupTime, type SlidingWindows, type TimeWindow, windowStart } from '../windows/assigner.ts'
import { type AddToSlot, adder, type AggregateFunctions, type AggregateParts, resulter, rowOf } from './window-contents.ts'
import type { Firing, FiringCursor } from './window-firing.ts'
import { mergedOf, SliceMerging } from './window-merging.ts'
import type { Lateness } from './window-lateness.ts'

export interface WindowPorts {
  readonly next: Emit
  readonly time: OperatorTime
  readonly cursor: FiringCursor
  readonly lateness: Lateness
  readonly latenessMs: number
}

/** The slice of the last record, and its successors as long as they are in it too. */
interface Frame {
  from: number
  to: number
  pane: Pane
  /** A window of it has fired already: its results change with each record. */
  hasFired: boolean
}

function template(state: PaneState, frame: Frame, slices: Slices, add: AddToSlot): (select: KeySelector) => Emit {
  const { table } = state
  return (select) => (value, timestamp) => {
    const key = select(value)
    if (!(timestamp >= frame.from && timestamp < frame.to) && !slices.turnTo(key, value, timestamp)) return
    const { pane } = frame
    let slot = typeof key === 'number' && (key | 0) === key ? pane.index.integers.find(key) : -1
    if (slot < 0) slot = table.slotIn(pane, key)
    add(slot, value)
    if (frame.hasFired) slices.fireAgain(key, timestamp)
  }
}

/**
 * Aggregates over tumbling and sliding windows in event time, with the default trigger: a record is added once, to the slice of its
 * time, and windows are put together from slices when they fire. With lateness a slice is kept until the last window that it is part
 * of takes no more records; a late record fires its key again in those that have fired (rules 1.15).
 */
export function slicedWindowOperator(
  specialize: Specialize,
  state: PaneState,
  windows: SlidingWindows,
  parts: AggregateParts,
  ports: WindowPorts,
  selectors: readonly KeySelector[],
): Operator {
  const slices = new Slices(state, windows, parts, ports, resulter(specialize, parts))
  const input = specialize(template, state, slices.frame, slices, adder(specialize, parts))
  return {
    inputs: selectors.map((select) => input(select)),
    onTimer: ({ at }) => slices.onTimer(at),
    restored: () => slices.restored(),
    cursor: ports.cursor,
    lateness: ports.lateness,
  }
}

class Slices {
  readonly frame: Frame
  readonly #state: PaneState
  readonly #windows: SlidingWindows
  readonly #parts: AggregateParts
  readonly #ports: WindowPorts
  readonly #results: (row: Record<string, unknown>, slot: number) => void
  /** Starts of windows that have something to do. */
  readonly #pending = new Set<number>()
  readonly #merging: SliceMerging

  constructor(
    state: PaneState,
    windows: SlidingWindows,
    parts: AggregateParts,
    ports: WindowPorts,
    results: (row: Record<string, unknown>, slot: number) => void,
  ) {
    this.#results = results
    this.#state = state
    this.#windows = windows
    this.#parts = parts
    this.#ports = ports
    this.#merging = new SliceMerging(state, windows, parts)
    this.frame = { from: Number.NaN, to: Number.NaN, pane: state.table.nowhere, hasFired: false }
  }

  /** Finds the slice of a record; false when the record is late for all its windows, and gone. */
  turnTo(key: Key, value: unknown, timestamp: number): boolean {
    const { lateness } = this.#ports
    if (timestamp !== timestamp) lateness.noTimestamp()
    const { slideMs, offsetMs } = this.#windows
    const start = windowStart(timestamp, offsetMs, slideMs)
    const watermark = lateness.watermarkOf(key)
    if (this.#cleanupOf(start) <= watermark) {
      lateness.refuse(value, timestamp)
      return false
    }
    const { frame } = this
    // Where key groups are not at one time, what holds for this key need not hold for the next.
    frame.from = lateness.hasFloors ? Number.NaN : start
    frame.to = start + slideMs
    frame.pane = this.#state.table.panes.get(start) ?? this.#open(start)
    frame.hasFired = this.#lastOf(this.#firstStart(start)) <= watermark
    return true
  }

  /** Greatest timestamp of a window. */
  #lastOf(start: number): number {
    return start + this.#windows.sizeMs - 1
  }

  #cleanupOf(start: number): number {
    return cleanupTime(this.#lastOf(start), this.#ports.latenessMs)
  }

  /** Of the windows that have this slice. */
  #firstStart(slice: number): number {
    return slice - this.#windows.sizeMs + this.#windows.slideMs
  }

  #open(start: number): Pane {
    const pane = this.#state.table.open(start)
    this.#scheduleWindows(start)
    return pane
  }

  #scheduleWindows(slice: number): void {
    const { watermark } = this.#ports.time
    for (let start = this.#firstStart(slice); start <= slice; start += this.#windows.slideMs) {
      if (this.#pending.has(start) || this.#cleanupOf(start) <= watermark) continue
      this.#pending.add(start)
      const last = this.#lastOf(start)
      this.#state.schedule(last > watermark ? last : this.#cleanupOf(start), start)
    }
  }

  restored(): void {
    for (const pane of this.#state.table.panes.values()) {
      // The lateness for which it was kept may be less now.
      if (this.#cleanupOf(pane.start) <= this.#ports.time.watermark) this.#state.table.drop(pane)
      else this.#scheduleWindows(pane.start)
    }
  }

  /** A late record has changed what windows had fired with: the latest one first, as they are assigned (TR-1). */
  fireAgain(key: Key, timestamp: number): void {
    const { lateness } = this.#ports
    const watermark = lateness.watermarkOf(key)
    const slice = windowStart(timestamp, this.#windows.offsetMs, this.#windows.slideMs)
    this.#merging.forget(slice)
    for (let start = slice, first = this.#firstStart(slice); start >= first; start -= this.#windows.slideMs)
      if (this.#lastOf(start) <= watermark && this.#cleanupOf(start) > watermark) this.#fireKey(key, start)
  }

  #fireKey(key: Key, start: number): void {
    const { columns, aggregates, names } = this.#parts
    const row = rowOf(key, this.#windowAt(start))
    const parts = this.#merging.partsOf(start)
    for (let i = 0; i < names.length; i++) {
      const aggregate = aggregates[i] as AggregateFunctions
      const [front, back] = parts.map((slices) => mergedOf(this.#state, slices, key, columns[i] as AccumulatorColumn, aggregate))
      row[names[i] as string] = aggregate.result(aggregate.merge(front, back))
    }
    this.#ports.next(row, this.#lastOf(start))
  }

  #windowAt(start: number): TimeWindow {
    return Object.freeze({ start, end: start + this.#windows.sizeMs })
  }

  onTimer(at: number): void {
    this.frame.from = Number.NaN
    const start = this.#state.due
    if (at === this.#lastOf(start)) this.#fire(start)
    else this.#cleanUp(start)
  }

  #fire(start: number): void {
    const { cursor, latenessMs } = this.#ports
    const steps = this.#windows.sizeMs > this.#windows.slideMs ? this.#emitMerged(start) : this.#emitSlice(start)
    cursor.begin(steps, () => {
      const cleanup = this.#cleanupOf(start)
      if (latenessMs === 0) this.#cleanUp(start)
      else if (cleanup < Number.POSITIVE_INFINITY) this.#state.schedule(cleanup, start)
    })
  }

  /** All of the window is in one slice. */
  *#emitSlice(start: number): Firing {
    const { table } = this.#state
    const { lateness, next } = this.#ports
    const window = this.#windowAt(start)
    const last = this.#lastOf(start)
    for (let slot = table.panes.get(start)?.head ?? -1; slot >= 0; slot = table.after(slot)) {
      // Its key group was further before the restore: it has fired.
      if (lateness.hadPassed(table.groupOf(slot), last)) continue
      const row = rowOf(table.keyOf(slot), window)
      this.#results(row, slot)
      next(row, last)
      yield
    }
  }

  *#emitMerged(start: number): Firing {
    const { names, aggregates } = this.#parts
    const { lateness, next } = this.#ports
    const window = this.#windowAt(start)
    const last = this.#lastOf(start)
    const front = yield* this.#merging.front(start)
    const back = yield* this.#merging.back(start)
    for (let at = 0; at < front.count; at++) {
      const key = front.keys[at] as Key
      if (lateness.hadPassedKey(key, last)) continue
      const other = back.find(key)
      const row = rowOf(key, window)
      for (let i = 0; i < names.length; i++) {
        const aggregate = aggregates[i] as AggregateFunctions
        const own = front.accumulators[i]?.[at]
        row[names[i] as string] = aggregate.result(other < 0 ? own : aggregate.merge(own, back.accumulators[i]?.[other]))
      }
      next(row, last)
      yield
    }
    for (let at = 0; at < back.count; at++) {
      const key = back.keys[at] as Key
      if (front.find(key) >= 0 || lateness.hadPassedKey(key, last)) continue
      const row = rowOf(key, window)
      for (let i = 0; i < names.length; i++)
        row[names[i] as string] = (aggregates[i] as AggregateFunctions).result(back.accumulators[i]?.[at])
      next(row, last)
      yield
    }
  }

  /** With the last window that has a slice the slice goes. */
  #cleanUp(start: number): void {
    this.#pending.delete(start)
    const pane = this.#state.table.panes.get(start)
    if (pane !== undefined) this.#state.table.drop(pane)
  }
}
