// The contract of one instance of a step.
import { deepFreeze } from './canonical.ts'
import type { OutHandle } from './handles.ts'
import type { Row } from './program.ts'

/** Where the records of a step go. A timestamp of null is none. */
export interface Outlet {
  emit(value: Row, timestamp: number | null): void
  side(tag: string, value: Row, timestamp: number | null): void
  /** Late, and no tag to go to: counted (WO-3). */
  drop(value: Row, timestamp: number | null): void
}

/** One instance of a step, with state and timers of its own. What it has emitted when a call returns comes before the watermark of that call (WM-8). */
export interface Runtime {
  record(value: Row, timestamp: number | null): void
  /** Fires event timers; the watermark only grows (WM-1). */
  watermark(at: number): void
  /** It goes on after a restore with this watermark, lower perhaps than the one it had (rules 1.2 c). What its key group had reached is the floor of a window step. */
  restored(at: number, floor?: number): void
  /** The clock has moved: fires processing timers that are due. */
  time(): void
  /** Nothing follows: what is left of the event timers fires (WM-11), processing timers are dropped (TM-6). */
  end(): void
}

/** What user code emits carries the timestamp of what it was called for (PF-1, PF-2), and is frozen (rules 1.12). */
export function outOf(outlet: Outlet, timestamp: number | null): OutHandle {
  return {
    emit: (value) => outlet.emit(deepFreeze(value), timestamp),
    side: (tag, value) => outlet.side(tag.id, deepFreeze(value), timestamp),
  }
}
