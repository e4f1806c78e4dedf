import { invariant } from '../core/errors.ts'
import { ColumnState } from './column-state.ts'
import type { StateContext } from './context.ts'
import type { AccumulatorColumn, FiredTimer, HeapStateOptions, ListSlots, OperatorState, StateStatistics } from './contract.ts'
import { columnOf } from './heap-state.ts'
import { ListColumn } from './list-column.ts'
import { PaneTable } from './pane-table.ts'
import { SessionTable } from './session-table.ts'
import type { SlotTable } from './slot-table.ts'
import { SlotTimers } from './slot-timers.ts'
import { TimerHeap } from './timer-queue.ts'
import { AccumulatorSlots } from './value-column.ts'

type Domain = 'event' | 'processing'

export interface WindowStateOptions extends HeapStateOptions {
  readonly domain: Domain
}

/** Windows, or slices of them, that many keys share. */
export interface PaneState extends OperatorState {
  readonly table: PaneTable
  accumulator(name: string): AccumulatorColumn
  list(name: string): ListSlots
  /** The window that begins at `start` has something to do at `at`; one time for each start. */
  schedule(at: number, start: number): void
  /** Start of the window of the timer that was taken last. */
  readonly due: number
}

/** Windows of one key each. */
export interface SessionState extends OperatorState {
  readonly table: SessionTable
  accumulator(name: string): AccumulatorColumn
  list(name: string): ListSlots
  /** A window has its next thing to do at `at`; a later call moves it. */
  schedule(at: number, slot: number): void
  unschedule(slot: number): void
  /** Slot of the timer that was taken last. */
  readonly due: number
}

export function createPaneState(options: WindowStateOptions): PaneState {
  return new PaneColumns(options)
}

export function createSessionState(options: WindowStateOptions): SessionState {
  return new SessionColumns(options)
}

/**
 * State by window and key. Its timers are derived from the windows that live, and never stored: the operator schedules them, also
 * after a restore.
 */
abstract class WindowColumns<T extends SlotTable> extends ColumnState<T> {
  due: number = -1
  private readonly domain: Domain

  constructor(options: WindowStateOptions, newTable: (context: StateContext) => T) {
    super(options, newTable, (context) =>
      Object.entries(options.declarations).map(([name, declaration], id) => columnOf(context, name, id, declaration)),
    )
    this.domain = options.domain
  }

  accumulator(name: string): AccumulatorColumn {
    const column = this.byName.get(name)
    invariant(column instanceof AccumulatorSlots, `${name} is no accumulator`)
    return column
  }

  list(name: string): ListSlots {
    const column = this.byName.get(name)
    invariant(column instanceof ListColumn, `${name} is no list`)
    return column
  }

  nextTimer(domain: Domain): number {
    return domain === this.domain ? this.earliest() : Number.POSITIVE_INFINITY
  }

  takeDue(domain: Domain, upTo: number): FiredTimer | undefined {
    if (domain !== this.domain) return undefined
    const at = this.earliest()
    if (at === Number.POSITIVE_INFINITY) return undefined
    // TM-4 for processing time.
    if (domain === 'event' ? !(at <= upTo) : !(at < upTo)) return undefined
    this.due = this.takeEarliest()
    return { timer: 0, at }
  }

  protected abstract earliest(): number
  protected abstract takeEarliest(): number
  protected abstract get pending(): number

  get statistics(): StateStatistics {
    return {
      keys: this.table.liveKeys,
      slots: this.table.slots,
      pendingTimers: this.pending,
      deleted: this.columns.reduce((sum, { deleted }) => sum + deleted, 0),
    }
  }
}

class PaneColumns extends WindowColumns<PaneTable> implements PaneState {
  private readonly timers: TimerHeap = new TimerHeap(0)

  constructor(options: WindowStateOptions) {
    super(options, ({ epochs }) => new PaneTable(epochs, options.maxParallelism))
  }

  schedule(at: number, start: number): void {
    this.timers.push(at, start)
  }

  protected earliest(): number {
    return this.timers.size === 0 ? Number.POSITIVE_INFINITY : this.timers.time(0)
  }

  protected takeEarliest(): number {
    const start = this.timers.id(0)
    this.timers.pop()
    return start
  }

  protected get pending(): number {
    return this.timers.size
  }
}

class SessionColumns extends WindowColumns<SessionTable> implements SessionState {
  private readonly timers: SlotTimers = new SlotTimers()

  constructor(options: WindowStateOptions) {
    super(options, ({ epochs }) => new SessionTable(epochs, options.maxParallelism))
    const { onPage } = this.table
    this.table.onPage = (page, slots) => {
      onPage(page, slots)
      this.timers.cover(page, slots)
    }
  }

  schedule(at: number, slot: number): void {
    this.timers.set(slot, at)
  }

  unschedule(slot: number): void {
    this.timers.clear(slot)
  }

  protected earliest(): number {
    return this.timers.earliest()
  }

  protected takeEarliest(): number {
    return this.timers.takeEarliest()
  }

  protected get pending(): number {
    return this.timers.live
  }
}
