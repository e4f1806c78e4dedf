import type { Budget } from '../core/env.ts'
import type { Column } from './column.ts'
import { StateContext } from './context.ts'
import type { HeapStateOptions, SnapshotPort } from './contract.ts'
import type { SlotTable } from './slot-table.ts'
import type { StateSize } from './size.ts'
import { Snapshots } from './snapshots.ts'

/** Cells that are swept between two looks at the budget. */
const STEP = 32

/** State in columns over the slots of a table, with what keeps it small and takes it into snapshots. */
export abstract class ColumnState<T extends SlotTable> extends StateContext {
  readonly table: T
  readonly snapshots: SnapshotPort
  protected readonly columns: readonly Column[]
  protected readonly byName: ReadonlyMap<string, Column>
  private sweeping: number = 0

  constructor(options: HeapStateOptions, newTable: (context: StateContext) => T, newColumns: (context: StateContext) => readonly Column[]) {
    super(options)
    this.table = newTable(this)
    this.columns = newColumns(this)
    this.byName = new Map(this.columns.map((column) => [column.name, column]))
    this.table.onPage = (page, slots) => {
      for (const column of this.columns) column.cover(page, slots)
    }
    this.table.onRelease = (slot) => {
      if (this.current === slot) this.current = -1
      for (const column of this.columns) column.release(slot)
    }
    this.snapshots = new Snapshots(this, options, this.columns, this.byName)
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

  sizes(): readonly StateSize[] {
    return [
      { state: undefined, bytes: this.table.sizeBytes() },
      ...this.columns.map((column) => ({ state: column.name, bytes: column.sizeBytes() })),
    ]
  }

  /** Only handles lend what could be changed in place. */
  checkLent(): void {}

  sweep(budget: Budget): boolean {
    if (!this.free(budget)) return false
    while (this.sweeping < this.columns.length) {
      if (!budget.hasLeft()) return false
      if ((this.columns[this.sweeping] as Column).sweep(STEP)) this.sweeping++
    }
    this.sweeping = 0
    return true
  }
}
