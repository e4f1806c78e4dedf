import type { Budget } from '../core/env.ts'
import { invariant, StreamError } from '../core/errors.ts'
import { keyGroupOfKey } from '../serde/key.ts'
import { BlockEntries, corruptBlock } from './block.ts'
import type { Column } from './column.ts'
import type { StateContext } from './context.ts'
import type { HeapStateOptions, Key, SnapshotPort, StateBlock } from './contract.ts'
import { DROP_NAMESPACE } from './format.ts'

/** Cells that are encoded between two looks at the budget. */
const STEP = 32

/** The phases of a snapshot: none → encoding the table and the columns → dealing out blocks → ready → taken; `complete` and `abort` lead back. */
export class Snapshots implements SnapshotPort {
  private readonly context: StateContext
  private readonly maxParallelism: number
  private readonly checkAll: boolean
  private readonly columns: readonly Column[]
  private readonly byName: ReadonlyMap<string, Column>
  private checkpoint: number | undefined = undefined
  /** -1: the table. */
  private column: number = -1
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
    this.column = -1
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
    const { entries, table } = this.context
    if (this.column < 0) {
      if (table.encode(entries, this.columns.length, this.count)) this.column = 0
      return
    }
    const column = this.columns[this.column]
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
    this.context.table.abort()
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

  endRestore(): void {
    this.context.table.endRestore()
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
      const namespace = entries.namespace()
      if (namespace === namespace && !table.hasWindows)
        entries.fail(`the state ${JSON.stringify(entries.row.name)} was written by windows, and the step has none`)
      if (entries.op === DROP_NAMESPACE) {
        table.restoreDrop(namespace, group)
        continue
      }
      const key = entries.key()
      if ((isFirst || this.checkAll) && keyGroupOfKey(key, this.maxParallelism) !== group)
        entries.fail(`a key of another group stands in the block of group ${group}`)
      isFirst = false
      target.restore(table.restoreSlot(key, group, namespace), entries, readers[entries.row.id] as never)
    }
    this.context.leave()
  }
}
