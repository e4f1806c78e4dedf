import { WINDOW_END, WINDOW_START } from '../windows/names.ts'
import { type Duration, durationMs } from '../core/duration.ts'
import { refusePromise, StreamError } from '../core/errors.ts'
import type { Emit, KeySelector, Operator, Specialize } from '../operator/contract.ts'
import type { AccumulatorColumn, Key } from '../state/contract.ts'
import type { SessionState } from '../state/window-state.ts'
import { cleanupTime, MAX_WINDOW_MS, type SessionWindows, type TimeWindow } from '../windows/assigner.ts'
import type { WindowContents } from './window-contents.ts'
import type { WindowPorts } from './window-sliced.ts'

function template(sessions: Sessions): (select: KeySelector) => Emit {
  return (select) => (value, timestamp) => {
    sessions.take(select(value), value, timestamp)
  }
}

/** Windows that end when a key has been silent for a gap: each record begins one, and those that touch become one (WA-7, SM-1 to SM-5). */
export function sessionWindowOperator(
  specialize: Specialize,
  state: SessionState,
  windows: SessionWindows,
  contents: WindowContents,
  ports: WindowPorts & { readonly step: string },
  selectors: readonly KeySelector[],
): Operator {
  const sessions = new Sessions(state, windows, contents, ports)
  const input = specialize(template, sessions)
  return {
    inputs: selectors.map((select) => input(select)),
    onTimer: ({ at }) => sessions.onTimer(at),
    restored: () => sessions.restored(),
    cursor: ports.cursor,
    lateness: ports.lateness,
  }
}

class Sessions {
  readonly #state: SessionState
  readonly #contents: WindowContents
  readonly #ports: WindowPorts & { readonly step: string }
  readonly #gap: SessionWindows['gap']
  readonly #isEventTime: boolean
  readonly #latenessMs: number
  readonly #starts: AccumulatorColumn
  readonly #ends: AccumulatorColumn

  constructor(state: SessionState, windows: SessionWindows, contents: WindowContents, ports: WindowPorts & { readonly step: string }) {
    this.#state = state
    this.#contents = contents
    this.#ports = ports
    this.#gap = windows.gap
    this.#isEventTime = windows.domain === 'event'
    this.#latenessMs = this.#isEventTime ? ports.latenessMs : 0
    this.#starts = state.accumulator(WINDOW_START)
    this.#ends = state.accumulator(WINDOW_END)
  }

  take(key: Key, value: unknown, timestamp: number): void {
    const { lateness, time } = this.#ports
    const at = this.#isEventTime ? timestamp : time.now
    if (at !== at) lateness.noTimestamp()
    const watermark = this.#isEventTime ? lateness.watermarkOf(key) : Number.NEGATIVE_INFINITY
    const end = at + (typeof this.#gap === 'number' ? this.#gap : this.#gapOf(value, this.#gap))
    const slot = this.#sessionOf(key, at, end, watermark)
    if (slot >= 0) return this.#add(slot, this.#extended(slot, at, end, watermark), key, value, watermark)
    // SM-3
    if (cleanupTime(end - 1, this.#latenessMs) <= watermark) return lateness.refuse(value, timestamp)
    this.#add(this.#begin(key, at, end, watermark), end, key, value, watermark)
  }

  #begin(key: Key, start: number, end: number, watermark: number): number {
    const slot = this.#state.table.insert(key)
    this.#starts.put(slot, start)
    this.#ends.put(slot, end)
    this.#state.table.setBounds(slot, start, end)
    this.#schedule(slot, end, watermark)
    return slot
  }

  #add(slot: number, end: number, key: Key, value: unknown, watermark: number): void {
    this.#contents.add(slot, value)
    // TR-1
    if (end - 1 <= watermark) this.#contents.fire(slot, key, this.#windowOf(slot), end - 1)
  }

  #gapOf(value: unknown, gap: (value: unknown) => unknown): number {
    const given = gap(value)
    if (typeof given === 'object' && given !== null) refusePromise(given)
    const { step } = this.#ports
    const ms = durationMs(given as Duration, `The gap that the function of ${step} gave for a record`, { details: { step } })
    if (Number.isSafeInteger(ms) && ms > 0 && ms <= MAX_WINDOW_MS) return ms
    throw new StreamError(
      'INVALID_DURATION',
      `The gap that the function of ${step} gave for a record is ${ms} ms: it may be a whole number of milliseconds from 1 to ${MAX_WINDOW_MS}.`,
      { details: { step } },
    )
  }

  /** The session that a record from `start` to `end` goes to, or -1. As a rule a key has one, or none. */
  #sessionOf(key: Key, start: number, end: number, watermark: number): number {
    const { table } = this.#state
    const first = table.first(key)
    if (first < 0) return -1
    if (table.after(first) >= 0) return this.#touching(first, start, end, watermark)
    return this.#touches(first, start, end) ? first : -1
  }

  #touches(slot: number, start: number, end: number): boolean {
    const { table } = this.#state
    return table.startOf(slot) <= end && table.endOf(slot) >= start
  }

  /** Of several sessions those that the record touches become one, the earliest (SM-1). */
  #touching(first: number, start: number, end: number, watermark: number): number {
    const { table } = this.#state
    let found = -1
    let other = -1
    for (let slot = first; slot >= 0; slot = table.after(slot)) {
      if (!this.#touches(slot, start, end)) continue
      if (other >= 0) return this.#joinAll(first, start, end, watermark)
      other = found
      found = slot
    }
    if (other < 0) return found
    const [earlier, later] = table.startOf(found) < table.startOf(other) ? [found, other] : [other, found]
    this.#join(earlier, later, watermark)
    return earlier
  }

  #joinAll(first: number, start: number, end: number, watermark: number): number {
    const { table } = this.#state
    const found: number[] = []
    for (let slot = first; slot >= 0; slot = table.after(slot)) if (this.#touches(slot, start, end)) found.push(slot)
    // Their contents stand in the order of their starts.
    found.sort((a, b) => table.startOf(a) - table.startOf(b))
    const [earliest, ...later] = found as [number, ...number[]]
    for (const slot of later) this.#join(earliest, slot, watermark)
    return earliest
  }

  /** SM-2. */
  #join(into: number, from: number, watermark: number): void {
    const { table } = this.#state
    const end = Math.max(table.endOf(into), table.endOf(from))
    this.#contents.merge(into, from)
    this.#setEnd(into, end, watermark)
    this.#remove(from)
  }

  /** So that it has the record; gives its end. */
  #extended(slot: number, start: number, end: number, watermark: number): number {
    const { table } = this.#state
    const before = table.endOf(slot)
    if (start < table.startOf(slot)) {
      this.#set(this.#starts, slot, start)
      table.setBounds(slot, start, before)
    }
    if (end <= before) return before
    this.#setEnd(slot, end, watermark)
    return end
  }

  #setEnd(slot: number, end: number, watermark: number): void {
    const { table } = this.#state
    this.#set(this.#ends, slot, end)
    table.setBounds(slot, table.startOf(slot), end)
    this.#schedule(slot, end, watermark)
  }

  #set(column: AccumulatorColumn, slot: number, bound: number): void {
    if (!column.replaceNumber(slot, bound)) column.put(slot, bound)
  }

  /** SM-4: one that the watermark has passed fires by the record that brought it there. */
  #schedule(slot: number, end: number, watermark: number): void {
    const last = end - 1
    const at = last > watermark ? last : cleanupTime(last, this.#latenessMs)
    if (at < Number.POSITIVE_INFINITY) this.#state.schedule(at, slot)
    else this.#state.unschedule(slot)
  }

  #remove(slot: number): void {
    this.#state.unschedule(slot)
    if (this.#state.table.dropUnseen(slot)) return
    this.#contents.clear(slot)
    this.#starts.clear(slot)
    this.#ends.clear(slot)
  }

  /** For one firing: unlike the window of many keys it is shared with nobody, so it is not frozen. */
  #windowOf(slot: number): TimeWindow {
    const { table } = this.#state
    return { start: table.startOf(slot), end: table.endOf(slot) }
  }

  restored(): void {
    const { table } = this.#state
    for (let slot = 0; slot < table.high; slot++) {
      const end = this.#ends.numberAt(slot)
      if (end !== end) continue
      table.setBounds(slot, this.#starts.numberAt(slot), end)
      const watermark = this.#isEventTime ? this.#ports.lateness.watermarkOfGroup(table.groupOf(slot)) : Number.NEGATIVE_INFINITY
      // The lateness for which it was kept may be less now.
      if (cleanupTime(end - 1, this.#latenessMs) <= watermark) this.#remove(slot)
      else this.#schedule(slot, end, watermark)
    }
  }

  onTimer(at: number): void {
    const slot = this.#state.due
    const last = this.#state.table.endOf(slot) - 1
    if (at === last) {
      this.#contents.fire(slot, this.#state.table.keyOf(slot), this.#windowOf(slot), last)
      const cleanup = cleanupTime(last, this.#latenessMs)
      if (this.#latenessMs > 0 && cleanup < Number.POSITIVE_INFINITY) this.#state.schedule(cleanup, slot)
      if (this.#latenessMs > 0) return
    }
    this.#remove(slot)
  }
}
