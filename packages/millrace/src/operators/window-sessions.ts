import { WINDOW_END, WINDOW_START } from '../windows/names.ts'
import { type Duration, durationMs } from '../core/duration.ts'
import type { Emit, KeySelector, Operator, Specialize } from '../operator/contract.ts'
import type { AccumulatorColumn, Key } from '../state/contract.ts'
import type { SessionState } from '../state/window-state.ts'
import { cleanupTime, type SessionWindows, type TimeWindow } from '../windows/assigner.ts'
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
    let slot = this.#touching(key, at, end)
    if (slot < 0) {
      // SM-3
      if (cleanupTime(end - 1, this.#latenessMs) <= watermark) return lateness.refuse(value, timestamp)
      slot = this.#state.table.insert(key)
      this.#starts.put(slot, at)
      this.#ends.put(slot, end)
      this.#schedule(slot, end, watermark)
    } else this.#extend(slot, at, end, watermark)
    this.#contents.add(slot, value)
    const last = (this.#ends.get(slot) as number) - 1
    // TR-1
    if (last <= watermark) this.#contents.fire(slot, key, this.#windowOf(slot), last)
  }

  #gapOf(value: unknown, gap: (value: unknown) => unknown): number {
    const ms = durationMs(gap(value) as Duration, `The gap that the function of ${this.#ports.step} gave for a record`)
    if (Number.isSafeInteger(ms) && ms > 0) return ms
    return durationMs(
      Number.NaN,
      `The gap that the function of ${this.#ports.step} gave for a record (${ms} ms; it has to be at least 1 ms)`,
    )
  }

  /** The session that a record from `start` to `end` goes to, if any: those that it touches become one, the earliest (SM-1). */
  #touching(key: Key, start: number, end: number): number {
    const { table } = this.#state
    let found = -1
    let isOne = true
    for (let slot = table.first(key); slot >= 0; slot = table.after(slot)) {
      if ((this.#starts.get(slot) as number) > end || (this.#ends.get(slot) as number) < start) continue
      if (found >= 0) isOne = false
      found = slot
    }
    return isOne ? found : this.#joinAll(key, start, end)
  }

  /** In order of their starts: a gap that is longer than those before it may touch more than two. */
  #joinAll(key: Key, start: number, end: number): number {
    const { table } = this.#state
    const touched: number[] = []
    for (let slot = table.first(key); slot >= 0; slot = table.after(slot))
      if ((this.#starts.get(slot) as number) <= end && (this.#ends.get(slot) as number) >= start) touched.push(slot)
    touched.sort((a, b) => (this.#starts.get(a) as number) - (this.#starts.get(b) as number))
    const into = touched[0] as number
    for (const from of touched.slice(1)) this.#join(into, from)
    return into
  }

  /** SM-2. The first one is the earlier. */
  #join(into: number, from: number): void {
    const end = Math.max(this.#ends.get(into) as number, this.#ends.get(from) as number)
    this.#contents.merge(into, from)
    this.#set(this.#ends, into, end)
    this.#remove(from)
  }

  #extend(slot: number, start: number, end: number, watermark: number): void {
    if (start < (this.#starts.get(slot) as number)) this.#set(this.#starts, slot, start)
    const before = this.#ends.get(slot) as number
    if (end > before) this.#set(this.#ends, slot, end)
    this.#schedule(slot, Math.max(end, before), watermark)
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
    this.#contents.clear(slot)
    this.#starts.clear(slot)
    this.#ends.clear(slot)
  }

  #windowOf(slot: number): TimeWindow {
    return Object.freeze({ start: this.#starts.get(slot) as number, end: this.#ends.get(slot) as number })
  }

  restored(): void {
    const { table } = this.#state
    for (let slot = 0; slot < table.high; slot++) {
      const end = this.#ends.get(slot)
      if (typeof end === 'number')
        this.#schedule(slot, end, this.#isEventTime ? this.#ports.lateness.watermarkOfGroup(table.groupOf(slot)) : Number.NEGATIVE_INFINITY)
    }
  }

  onTimer(at: number): void {
    const slot = this.#state.due
    const last = (this.#ends.get(slot) as number) - 1
    if (at === last) {
      this.#contents.fire(slot, this.#state.table.keyOf(slot), this.#windowOf(slot), last)
      const cleanup = cleanupTime(last, this.#latenessMs)
      if (this.#latenessMs > 0 && cleanup < Number.POSITIVE_INFINITY) this.#state.schedule(cleanup, slot)
      if (this.#latenessMs > 0) return
    }
    this.#remove(slot)
  }
}
