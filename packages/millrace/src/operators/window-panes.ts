import type { Emit, KeySelector, Operator, Specialize } from '../operator/contract.ts'
import type { Key } from '../state/contract.ts'
import type { Pane } from '../state/pane-table.ts'
import type { PaneState } from '../state/window-state.ts'
import { cleanupTime, type SlidingWindows, type TimeWindow, windowStart } from '../windows/assigner.ts'
import type { WindowContents } from './window-contents.ts'
import type { Firing } from './window-firing.ts'
import type { WindowPorts } from './window-sliced.ts'

function template(panes: Panes): (select: KeySelector) => Emit {
  return (select) => (value, timestamp) => {
    panes.take(select(value), value, timestamp)
  }
}

/** Tumbling and sliding windows of any contents and either time: a record goes to each of its windows. */
export function paneWindowOperator(
  specialize: Specialize,
  state: PaneState,
  windows: SlidingWindows,
  contents: WindowContents,
  ports: WindowPorts,
  selectors: readonly KeySelector[],
): Operator {
  const panes = new Panes(state, windows, contents, ports)
  const input = specialize(template, panes)
  return {
    inputs: selectors.map((select) => input(select)),
    onTimer: ({ at }) => panes.onTimer(at),
    restored: () => panes.restored(),
    cursor: ports.cursor,
    lateness: ports.lateness,
  }
}

class Panes {
  readonly #state: PaneState
  readonly #windows: SlidingWindows
  readonly #contents: WindowContents
  readonly #ports: WindowPorts
  readonly #isEventTime: boolean

  constructor(state: PaneState, windows: SlidingWindows, contents: WindowContents, ports: WindowPorts) {
    this.#state = state
    this.#windows = windows
    this.#contents = contents
    this.#ports = ports
    this.#isEventTime = windows.domain === 'event'
  }

  take(key: Key, value: unknown, timestamp: number): void {
    const { lateness, time, latenessMs } = this.#ports
    // WA-5
    const at = this.#isEventTime ? timestamp : time.now
    if (at !== at) lateness.noTimestamp()
    // Nothing is late in processing time (WO-2).
    const watermark = this.#isEventTime ? lateness.watermarkOf(key) : Number.NEGATIVE_INFINITY
    const { sizeMs, slideMs, offsetMs } = this.#windows
    let isTaken = false
    for (let start = windowStart(at, offsetMs, slideMs); start > at - sizeMs; start -= slideMs) {
      const last = start + sizeMs - 1
      if (cleanupTime(last, latenessMs) <= watermark) continue
      isTaken = true
      const slot = this.#state.table.slotIn(this.#state.table.panes.get(start) ?? this.#open(start), key)
      this.#contents.add(slot, value)
      // TR-1
      if (last <= watermark) this.#contents.fire(slot, key, this.#windowAt(start), last)
    }
    // WO-3; in the gap between two windows a record that is not late is no record of any.
    if (!isTaken && at + latenessMs <= watermark) lateness.refuse(value, timestamp)
  }

  #windowAt(start: number): TimeWindow {
    return Object.freeze({ start, end: start + this.#windows.sizeMs })
  }

  #open(start: number): Pane {
    const pane = this.#state.table.open(start)
    this.#schedule(start)
    return pane
  }

  #schedule(start: number): void {
    const last = start + this.#windows.sizeMs - 1
    const watermark = this.#isEventTime ? this.#ports.time.watermark : Number.NEGATIVE_INFINITY
    this.#state.schedule(last > watermark ? last : cleanupTime(last, this.#ports.latenessMs), start)
  }

  restored(): void {
    const watermark = this.#isEventTime ? this.#ports.time.watermark : Number.NEGATIVE_INFINITY
    for (const pane of this.#state.table.panes.values()) {
      // The lateness for which it was kept may be less now.
      if (cleanupTime(pane.start + this.#windows.sizeMs - 1, this.#ports.latenessMs) <= watermark) this.#state.table.drop(pane)
      else this.#schedule(pane.start)
    }
  }

  onTimer(at: number): void {
    const start = this.#state.due
    const pane = this.#state.table.panes.get(start) as Pane
    const last = start + this.#windows.sizeMs - 1
    if (at === last) this.#ports.cursor.begin(this.#firing(pane, last), () => this.#afterFiring(pane, last))
    else this.#state.table.drop(pane)
  }

  #afterFiring(pane: Pane, last: number): void {
    const latenessMs = this.#isEventTime ? this.#ports.latenessMs : 0
    const cleanup = cleanupTime(last, latenessMs)
    if (latenessMs === 0) this.#state.table.drop(pane)
    else if (cleanup < Number.POSITIVE_INFINITY) this.#state.schedule(cleanup, pane.start)
  }

  *#firing(pane: Pane, last: number): Firing {
    const { table } = this.#state
    const { lateness } = this.#ports
    const window = this.#windowAt(pane.start)
    for (let slot = pane.head; slot >= 0; slot = table.after(slot)) {
      if (this.#isEventTime && lateness.hadPassed(table.groupOf(slot), last)) continue
      this.#contents.fire(slot, table.keyOf(slot), window, last)
      yield
    }
  }
}
