import type { Budget } from '../core/env.ts'
import { invariant, StreamError } from '../core/errors.ts'
import { keyGroupOfKey } from '../serde/key.ts'
import { BlockEntries, corruptBlock } from './block.ts'
import type { Column } from './column.ts'
import { StateContext } from './context.ts'
import type {
  AccumulatorColumn,
  FiredTimer,
  HeapStateOptions,
  Key,
  KeyedState,
  ListHandle,
  MapHandle,
  SnapshotPort,
  StateBlock,
  StateDeclaration,
  StateStatistics,
  TimerHandle,
  TimersHandle,
  ValueHandle,
} from './contract.ts'
import { NAMESPACE } from './format.ts'
import { Lent, LentList, LentMap, LentValue } from './lent.ts'
import { ListColumn } from './list-column.ts'
import { MapColumn, TimersColumn } from './map-column.ts'
import type { StateSize } from './size.ts'
import { TimerColumn } from './timer-column.ts'
import { TimerQueue } from './timer-queue.ts'
import { AccumulatorSlots, ExpiringValueColumn, ValueColumn } from './value-column.ts'

/** The state of one operator in one subtask, in the heap of this process. */
export function createHeapState(options: HeapStateOptions): KeyedState {
  return new HeapState(options)
}

/** Cells that are encoded or swept between two looks at the budget. */
const STEP = 32

class HeapState extends StateContext implements KeyedState {
  readonly timerNames: readonly string[]
  readonly snapshots: SnapshotPort
  private readonly columns: Column[]
  private readonly byName: ReadonlyMap<string, Column>
  private readonly timerColumns: readonly (TimerColumn | TimersColumn)[]
  private readonly queues: { readonly event: TimerQueue; readonly processing: TimerQueue }
  private readonly lent: Lent | undefined
  private sweeping: number = 0

  constructor(options: HeapStateOptions) {
    super(options)
    this.lent = options.freeze === 'always' ? new Lent(options.owner ?? 'a step', () => this.key) : undefined
    this.columns = Object.entries(options.declarations).map(([name, declaration], id) => columnOf(this, name, id, declaration))
    this.byName = new Map(this.columns.map((column) => [column.name, column]))
    this.timerColumns = this.columns.filter((column) => column instanceof TimerColumn || column instanceof TimersColumn)
    this.timerNames = this.timerColumns.map((column) => column.name)
    this.queues = { event: new TimerQueue(this.timerColumns), processing: new TimerQueue(this.timerColumns) }
    for (const [timer, column] of this.timerColumns.entries())
      column.place = { queue: this.queues[column.declaration.domain as 'event' | 'processing'], timer }
    this.table.onPage = (page, slots) => {
      for (const column of this.columns) column.cover(page, slots)
    }
    this.table.onRelease = (slot) => {
      if (this.current === slot) this.current = -1
      for (const column of this.columns) column.release(slot)
    }
    this.snapshots = new Snapshots(this, options, this.columns, this.byName)
  }

  value(name: string): ValueHandle {
    const column = this.handle(name, ValueColumn)
    return this.lent === undefined ? column : new LentValue(column, this.lent, name)
  }

  list(name: string): ListHandle {
    const column = this.handle(name, ListColumn)
    return this.lent === undefined ? column : new LentList(column, this.lent, name)
  }

  map(name: string): MapHandle {
    const column = this.handle(name, MapColumn)
    return this.lent === undefined ? column : new LentMap(column, this.lent, name)
  }

  checkLent(): void {
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
    const timer = id % this.timerColumns.length
    const slot = (id - timer) / this.timerColumns.length
    const column = this.timerColumns[timer] as TimerColumn | TimersColumn
    if (column instanceof TimerColumn) column.wasTaken(slot)
    column.take(slot, at)
    this.setSlot(slot)
    return { timer, at }
  }

  get keyCount(): number {
    return this.table.liveKeys
  }

  get shortestTtlMs(): number {
    return this.columns.reduce((least, { declaration }) => Math.min(least, declaration.ttl?.afterMs ?? least), Number.POSITIVE_INFINITY)
  }

  get canFree(): boolean {
    // Of nothing nothing is freed; the answer is what counts.
    if (!this.table.releaseSome(0)) return true
    for (let i = 0; i < this.columns.length; i++) if (!(this.columns[i] as Column).free(0)) return true
    return false
  }

  get awaiting(): number {
    let sum = this.table.empty
    for (let i = 0; i < this.columns.length; i++) sum += (this.columns[i] as Column).awaiting
    return sum
  }

  free(budget: Budget): boolean {
    while (this.canFree) {
      if (!budget.hasLeft()) return false
      for (const column of this.columns) column.free(STEP)
      this.table.releaseSome(STEP)
    }
    return true
  }

  sweep(budget: Budget): boolean {
    if (!this.free(budget)) return false
    while (this.sweeping < this.columns.length) {
      if (!budget.hasLeft()) return false
      if ((this.columns[this.sweeping] as Column).sweep(STEP)) this.sweeping++
    }
    this.sweeping = 0
    return true
  }

  sizes(): readonly StateSize[] {
    return [
      { state: undefined, bytes: this.table.sizeBytes() },
      ...this.columns.map((column) => ({ state: column.name, bytes: column.sizeBytes() })),
    ]
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

function columnOf(context: StateContext, name: string, id: number, declaration: StateDeclaration): Column {
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

/** The phases of a snapshot: none → encoding columns → dealing out blocks → ready → taken; `complete` and `abort` lead back. */
class Snapshots implements SnapshotPort {
  private readonly context: StateContext
  private readonly maxParallelism: number
  private readonly checkAll: boolean
  private readonly columns: readonly Column[]
  private readonly byName: ReadonlyMap<string, Column>
  private checkpoint: number | undefined = undefined
  private column: number = 0
  private count: number = STEP
  private dealing: Generator<undefined, StateBlock[], undefined> | undefined = undefined
  private isEncoded: boolean = false
  /** From then on until they are taken. */
  private blocks: readonly StateBlock[] | undefined = undefined

  constructor(context: StateContext, options: HeapStateOptions, columns: readonly Column[], byName: ReadonlyMap<string, Column>) {
    this.context = context
    this.maxParallelism = options.maxParallelism
    this.checkAll = options.freeze === 'always'
    this.columns = columns
    this.byName = byName
  }

  seal(checkpoint: number, mode: 'delta' | 'full'): void {
    invariant(
      this.checkpoint === undefined,
      `S3: checkpoint ${checkpoint} is sealed while ${this.checkpoint} is neither complete nor aborted`,
    )
    this.checkpoint = checkpoint
    this.context.epochs.seal(mode === 'full')
    this.context.table.seal()
    for (const column of this.columns) column.seal()
    this.column = 0
  }

  encode(budget: Budget): boolean {
    invariant(this.checkpoint !== undefined, 'S3: nothing is sealed')
    while (!this.isEncoded) {
      this.step()
      if (!budget.hasLeft()) break
    }
    return this.isEncoded
  }

  private step(): void {
    if (this.dealing !== undefined) {
      const dealt = this.dealing.next()
      if (dealt.done !== true) return
      this.blocks = dealt.value
      this.isEncoded = true
      return
    }
    const column = this.columns[this.column]
    const { entries } = this.context
    if (column === undefined) {
      this.dealing = entries.blocks(this.columns.map((each) => each.rowBody()))
      return
    }
    const before = entries.written
    if (column.encode(this.count)) this.column++
    // A step is to take some ten microseconds, with large values too.
    const bytes = entries.written - before
    if (bytes > 16384) this.count = Math.max(1, this.count >> 1)
    else if (bytes < 4096) this.count = Math.min(STEP, this.count * 2)
  }

  get unstorable(): { readonly state: string; readonly key: Key } | undefined {
    const at = this.context.entries.unfinished
    return at === undefined ? undefined : { state: (this.columns[at.row] as Column).name, key: at.key }
  }

  takeBlocks(): readonly StateBlock[] {
    invariant(this.blocks !== undefined, 'S2: blocks are taken before they are encoded, or twice')
    const taken = this.blocks
    this.blocks = undefined
    return taken
  }

  complete(checkpoint: number): void {
    invariant(
      this.checkpoint === checkpoint && this.isEncoded,
      `S3: checkpoint ${checkpoint} is complete, but ${this.checkpoint} is the one at hand, or it is not encoded yet`,
    )
    for (const column of this.columns) column.complete()
    this.context.table.complete()
    this.context.epochs.complete()
    this.end()
  }

  abort(checkpoint: number): void {
    invariant(this.checkpoint === checkpoint, `S3: checkpoint ${checkpoint} is aborted, but ${this.checkpoint} is the one at hand`)
    for (const column of this.columns) column.abort()
    this.context.epochs.abort()
    this.context.entries.reset()
    this.end()
  }

  forget(): void {
    this.seal(-1, 'delta')
    this.isEncoded = true
    this.complete(-1)
  }

  private end(): void {
    this.checkpoint = undefined
    this.dealing = undefined
    this.isEncoded = false
    this.blocks = undefined
  }

  restore(block: Uint8Array, keep: (state: string) => boolean): void {
    for (const _step of this.restoreInSteps(block, keep));
  }

  *restoreInSteps(block: Uint8Array, keep: (state: string) => boolean): Generator<undefined, void, undefined> {
    try {
      yield* this.apply(new BlockEntries(block), keep)
    } catch (error) {
      throw corruptBlock(error, 'A block of state cannot be restored')
    }
  }

  private *apply(entries: BlockEntries, keep: (state: string) => boolean): Generator<undefined, void, undefined> {
    const { group, rows } = entries.header
    const targets: (Column | undefined)[] = []
    for (const row of rows) {
      if (!keep(row.name)) continue
      const column = this.byName.get(row.name)
      if (column === undefined)
        throw new StreamError('STATE_DROPPED', `The checkpoint holds the state ${JSON.stringify(row.name)}, which is not declared.`)
      if (column.kind !== row.kind)
        throw new StreamError(
          'STATE_MISMATCH',
          `The state ${JSON.stringify(row.name)} is a ${row.kind} in the checkpoint and a ${column.kind} in the job.`,
        )
      if (row.version === column.declaration.version) column.seed(row.shapes)
      targets[row.id] = column
    }
    const readers = entries.valueReaders()
    const { table } = this.context
    let isFirst = true
    for (let count = 1; entries.next(); count++) {
      if (count % STEP === 0) yield
      const target = targets[entries.row.id]
      if (target === undefined) continue
      if ((entries.head & NAMESPACE) !== 0)
        throw new StreamError(
          'CHECKPOINT_FORMAT',
          `The state ${JSON.stringify(entries.row.name)} was written by windows, which this version of Millrace does not have.`,
        )
      const key = entries.key()
      if ((isFirst || this.checkAll) && keyGroupOfKey(key, this.maxParallelism) !== group)
        entries.fail(`a key of another group stands in the block of group ${group}`)
      isFirst = false
      const slot = table.find(key)
      target.restore(slot < 0 ? table.insertInto(key, group) : slot, entries, readers[entries.row.id] as never)
    }
    this.context.leave()
  }
}
