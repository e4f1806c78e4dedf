import type { Emit, KeySelector, Operator, OperatorTime, Specialize } from '../operator/contract.ts'
import type { AccumulatorColumn, Key } from '../state/contract.ts'
import { KeyIndex } from '../state/key-index.ts'
import type { Pane } from '../state/pane-table.ts'
import type { PaneState } from '../state/window-state.ts'
import { cleanupTime, type SlidingWindows, type TimeWindow, windowStart } from '../windows/assigner.ts'
import { type AddToSlot, adder, type AggregateFunctions, type AggregateParts, rowOf } from './window-contents.ts'
import type { Firing, FiringCursor } from './window-firing.ts'
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
  const slices = new Slices(state, windows, parts, ports)
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
  /** Starts of windows that have something to do. */
  readonly #pending = new Set<number>()

  constructor(state: PaneState, windows: SlidingWindows, parts: AggregateParts, ports: WindowPorts) {
    this.#state = state
    this.#windows = windows
    this.#parts = parts
    this.#ports = ports
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
    for (const start of this.#state.table.panes.keys()) this.#scheduleWindows(start)
  }

  /** A late record has changed what windows had fired with: the latest one first, as they are assigned (TR-1). */
  fireAgain(key: Key, timestamp: number): void {
    const { lateness } = this.#ports
    const watermark = lateness.watermarkOf(key)
    const slice = windowStart(timestamp, this.#windows.offsetMs, this.#windows.slideMs)
    for (let start = slice, first = this.#firstStart(slice); start >= first; start -= this.#windows.slideMs)
      if (this.#lastOf(start) <= watermark && this.#cleanupOf(start) > watermark) this.#fireKey(key, start)
  }

  #fireKey(key: Key, start: number): void {
    const merged = new Merged(this.#parts)
    let at = -1
    for (const pane of this.#panesOf(start)) {
      const slot = pane.index.find(key)
      if (slot >= 0) merged.add((at = at < 0 ? merged.open(this.#state.table.keyOf(slot)) : at), slot)
    }
    merged.emit(at, this.#windowAt(start), this.#ports.next)
  }

  #windowAt(start: number): TimeWindow {
    return Object.freeze({ start, end: start + this.#windows.sizeMs })
  }

  /** The slices of a window that have something, in order of time. */
  #panesOf(start: number): readonly Pane[] {
    const { sizeMs, slideMs } = this.#windows
    const found: Pane[] = []
    for (let slice = start; slice < start + sizeMs; slice += slideMs) {
      const pane = this.#state.table.panes.get(slice)
      if (pane !== undefined) found.push(pane)
    }
    return found
  }

  onTimer(at: number): void {
    this.frame.from = Number.NaN
    const start = this.#state.due
    if (at === this.#lastOf(start)) this.#fire(start)
    else this.#cleanUp(start)
  }

  #fire(start: number): void {
    const { cursor, latenessMs } = this.#ports
    const whenDone = (): void => {
      const cleanup = this.#cleanupOf(start)
      if (latenessMs === 0) this.#cleanUp(start)
      else if (cleanup < Number.POSITIVE_INFINITY) this.#state.schedule(cleanup, start)
    }
    const panes = this.#panesOf(start)
    const [only, another] = panes
    if (only === undefined) whenDone()
    else if (another === undefined) cursor.begin(new SingleFiring(only, this.#firingParts(start)), whenDone)
    else cursor.begin(new MergedFiring(panes, this.#firingParts(start)), whenDone)
  }

  #firingParts(start: number): FiringParts {
    const { lateness, next } = this.#ports
    const last = this.#lastOf(start)
    const { table } = this.#state
    return {
      state: this.#state,
      parts: this.#parts,
      window: this.#windowAt(start),
      next,
      // Its key group was further before the restore: it has fired.
      isDone: (slot) => lateness.hadPassed(table.groupOf(slot), last),
    }
  }

  /** With the last window that has a slice the slice goes. */
  #cleanUp(start: number): void {
    this.#pending.delete(start)
    const pane = this.#state.table.panes.get(start)
    if (pane !== undefined) this.#state.table.drop(pane)
  }
}

interface FiringParts {
  readonly state: PaneState
  readonly parts: AggregateParts
  readonly window: TimeWindow
  readonly next: Emit
  readonly isDone: (slot: number) => boolean
}

/** All of a window is in one slice. */
class SingleFiring implements Firing {
  #slot: number
  readonly #of: FiringParts

  constructor(pane: Pane, of: FiringParts) {
    this.#slot = pane.head
    this.#of = of
  }

  step(): boolean {
    const slot = this.#slot
    if (slot < 0) return false
    const { state, parts, window, next, isDone } = this.#of
    this.#slot = state.table.after(slot)
    if (isDone(slot)) return true
    const { names, columns, aggregates } = parts
    const row = rowOf(state.table.keyOf(slot), window)
    for (let i = 0; i < names.length; i++)
      row[names[i] as string] = (aggregates[i] as AggregateFunctions).result((columns[i] as AccumulatorColumn).get(slot))
    next(row, window.end - 1)
    return true
  }
}

/** First the slices are put together, key by key; then the keys leave in the order in which they came. */
class MergedFiring implements Firing {
  readonly #panes: readonly Pane[]
  readonly #of: FiringParts
  readonly #index = new KeyIndex()
  readonly #merged: Merged
  #pane = 0
  #slot: number
  #emitted = 0

  constructor(panes: readonly Pane[], of: FiringParts) {
    this.#panes = panes
    this.#of = of
    this.#merged = new Merged(of.parts)
    this.#slot = (panes[0] as Pane).head
  }

  step(): boolean {
    if (this.#pane < this.#panes.length) {
      this.#take()
      return true
    }
    if (this.#emitted >= this.#merged.count) return false
    this.#merged.emit(this.#emitted++, this.#of.window, this.#of.next)
    return true
  }

  #take(): void {
    const slot = this.#slot
    if (slot < 0) {
      const next = this.#panes[++this.#pane]
      if (next !== undefined) this.#slot = next.head
      return
    }
    const { table } = this.#of.state
    this.#slot = table.after(slot)
    if (this.#of.isDone(slot)) return
    const key = table.keyOf(slot)
    let at = this.#index.find(key)
    if (at < 0) this.#index.add(key, (at = this.#merged.open(key)))
    this.#merged.add(at, slot)
  }
}

/** Accumulators that belong to no state. */
class Merged {
  readonly #parts: AggregateParts
  readonly #keys: Key[] = []
  readonly #accumulators: unknown[][]

  constructor(parts: AggregateParts) {
    this.#parts = parts
    this.#accumulators = parts.names.map(() => [])
  }

  get count(): number {
    return this.#keys.length
  }

  open(key: Key): number {
    for (const [i, column] of this.#accumulators.entries()) column.push((this.#parts.aggregates[i] as AggregateFunctions).create())
    return this.#keys.push(key) - 1
  }

  add(at: number, slot: number): void {
    const { columns, aggregates } = this.#parts
    for (let i = 0; i < columns.length; i++) {
      const right = (columns[i] as AccumulatorColumn).get(slot)
      if (right === undefined) continue
      const own = this.#accumulators[i] as unknown[]
      const merged = (aggregates[i] as AggregateFunctions).merge(own[at], right)
      // What belongs to the slice must not change with what comes after it.
      own[at] = merged === right && typeof merged === 'object' ? structuredClone(merged) : merged
    }
  }

  emit(at: number, window: TimeWindow, next: Emit): void {
    const { names, aggregates } = this.#parts
    const row = rowOf(this.#keys[at] as Key, window)
    for (let i = 0; i < names.length; i++)
      row[names[i] as string] = (aggregates[i] as AggregateFunctions).result((this.#accumulators[i] as unknown[])[at])
    next(row, window.end - 1)
  }
}
