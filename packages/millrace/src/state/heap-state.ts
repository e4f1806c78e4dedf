import { invariant } from '../core/errors.ts'
import type { Column } from './column.ts'
import { ColumnState } from './column-state.ts'
import type { StateContext } from './context.ts'
import type {
  AccumulatorColumn,
  FiredTimer,
  HeapStateOptions,
  Key,
  KeyedState,
  ListHandle,
  ListSlots,
  MapHandle,
  StateDeclaration,
  StateStatistics,
  TimerHandle,
  TimersHandle,
  ValueHandle,
} from './contract.ts'
import { KeyTable } from './key-table.ts'
import { Lent, LentList, LentMap, LentValue } from './lent.ts'
import { ListColumn } from './list-column.ts'
import { MapColumn, TimersColumn } from './map-column.ts'
import { TimerColumn } from './timer-column.ts'
import { TimerQueue } from './timer-queue.ts'
import { AccumulatorSlots, ExpiringValueColumn, ValueColumn } from './value-column.ts'

/** The state of one operator in one subtask, in the heap of this process. */
export function createHeapState(options: HeapStateOptions): KeyedState {
  return new HeapState(options)
}

class HeapState extends ColumnState<KeyTable> implements KeyedState {
  readonly timerNames: readonly string[]
  readonly integers: KeyTable['integers']
  private readonly timerColumns: readonly (TimerColumn | TimersColumn)[]
  private readonly queues: { readonly event: TimerQueue; readonly processing: TimerQueue }
  private readonly lent: Lent | undefined

  constructor(options: HeapStateOptions) {
    super(
      options,
      ({ epochs }) => new KeyTable(epochs, options.maxParallelism),
      (context) => Object.entries(options.declarations).map(([name, declaration], id) => columnOf(context, name, id, declaration)),
    )
    this.integers = this.table.integers
    this.lent = options.freeze === 'always' ? new Lent(options.owner ?? 'a step', () => this.key) : undefined
    this.timerColumns = this.columns.filter((column) => column instanceof TimerColumn || column instanceof TimersColumn)
    this.timerNames = this.timerColumns.map((column) => column.name)
    this.queues = { event: new TimerQueue(this.timerColumns), processing: new TimerQueue(this.timerColumns) }
    for (const [timer, column] of this.timerColumns.entries())
      column.place = { queue: this.queues[column.declaration.domain as 'event' | 'processing'], timer }
  }

  /** @throws {INVALID_KEY} */
  setKey(key: Key): void {
    this.current = this.table.find(key)
    this.key = key
  }

  enter(key: Key, slot: number): void {
    this.key = key
    this.current = slot
  }

  /** Makes a key current; its slot, inserted when it is new. @throws {INVALID_KEY} */
  slotOf(key: Key): number {
    const slot = this.table.find(key)
    this.key = key
    return (this.current = slot >= 0 ? slot : this.table.insert(key))
  }

  value(name: string): ValueHandle {
    const column = this.handle(name, ValueColumn)
    return this.lent === undefined ? column : new LentValue(column, this.lent, name)
  }

  list(name: string): ListHandle {
    const column = this.handle(name, ListColumn)
    return this.lent === undefined ? column : new LentList(column, this.lent, name)
  }

  lists(name: string): ListSlots {
    return this.handle(name, ListColumn)
  }

  map(name: string): MapHandle {
    const column = this.handle(name, MapColumn)
    return this.lent === undefined ? column : new LentMap(column, this.lent, name)
  }

  override checkLent(): void {
    this.lent?.check()
  }

  accumulator(name: string): AccumulatorColumn {
    return this.handle(name, AccumulatorSlots)
  }

  timer(name: string): TimerHandle {
    return this.handle(name, TimerColumn)
  }

  timers(name: string): TimersHandle {
    return this.handle(name, TimersColumn)
  }

  private handle<C>(name: string, type: abstract new (...args: never[]) => C): C {
    const column = this.byName.get(name)
    invariant(column instanceof type, `the state ${JSON.stringify(name)} is not declared, or as another kind`)
    return column
  }

  nextTimer(domain: 'event' | 'processing'): number {
    return this.queues[domain].earliest()
  }

  takeDue(domain: 'event' | 'processing', upTo: number): FiredTimer | undefined {
    const queue = this.queues[domain]
    const at = queue.earliest()
    if (at === Number.POSITIVE_INFINITY) return undefined
    // TM-2, TM-4
    if (domain === 'event' ? !(at <= upTo) : !(at < upTo)) return undefined
    const id = queue.takeEarliest()
    const slot = Math.floor(id / this.timerColumns.length)
    const timer = id - slot * this.timerColumns.length
    const column = this.timerColumns[timer] as TimerColumn | TimersColumn
    if (column instanceof TimerColumn) column.wasTaken(slot)
    column.take(slot, at)
    this.setSlot(slot)
    return { timer, at }
  }

  get statistics(): StateStatistics {
    const { event, processing } = this.queues
    return {
      keys: this.table.liveKeys,
      slots: this.table.slots,
      pendingTimers: event.live + processing.live,
      deleted: this.columns.reduce((sum, { deleted }) => sum + deleted, 0),
    }
  }
}

export function columnOf(context: StateContext, name: string, id: number, declaration: StateDeclaration): Column {
  switch (declaration.kind) {
    case 'value':
      return declaration.ttl === undefined
        ? new ValueColumn(context, name, id, declaration)
        : new ExpiringValueColumn(context, name, id, declaration)
    case 'list':
      return new ListColumn(context, name, id, declaration)
    case 'map':
      return new MapColumn(context, name, id, declaration)
    case 'accumulator':
      return new AccumulatorSlots(context, name, id, declaration)
    case 'timer':
      return new TimerColumn(context, name, id, declaration)
    case 'timers':
      return new TimersColumn(context, name, id, declaration)
  }
}
