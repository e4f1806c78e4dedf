import { ByteWriter } from '../serde/bytes.ts'
import type { BlockEntries } from './block.ts'
import type { StateContext } from './context.ts'
import type { StateDeclaration } from './contract.ts'
import { type Row, storedKindOf, type StoredKind, writeRowBody } from './format.ts'
import { Upgrade } from './upgrade.ts'
import { MAX_ROW_SHAPES, ValueCodec, type ValueReader } from './value-codec.ts'

/**
 * One declared state or timer, for all keys of a subtask. It is its own handle: the methods that users see act on the current key
 * of the context.
 *
 * C1  Before a write changes a cell that the snapshot at hand covers, the cell is encoded (S2).
 * C2  The first write of a cell in an epoch puts it on the dirty list; later ones cost a comparison.
 * C3  `table.gained` and `table.lost` are called when the cell of a slot comes to hold something, and when it ceases to.
 */
export abstract class Column {
  readonly name: string
  /** Position among the declarations; its row id in blocks. */
  readonly id: number
  readonly declaration: StateDeclaration
  readonly kind: StoredKind
  readonly codec: ValueCodec = new ValueCodec()
  /** Of rows of the version of now. */
  private readonly restoredShapes: Map<string, readonly string[]> = new Map()
  protected readonly context: StateContext
  protected readonly upgrade: Upgrade
  /** Of the context, close at hand. */
  protected epoch: number = 1

  constructor(context: StateContext, name: string, id: number, declaration: StateDeclaration) {
    this.context = context
    this.name = name
    this.id = id
    this.declaration = declaration
    this.kind = storedKindOf(declaration)
    this.upgrade = new Upgrade(name, declaration, context.options)
  }

  rowBody(): Uint8Array {
    const writer = new ByteWriter(64)
    const row: Omit<Row, 'id'> = {
      kind: this.kind,
      version: this.declaration.version,
      name: this.name,
      shapes: this.codec.shapes.map((shape) => shape.names),
    }
    writeRowBody(writer, row)
    return writer.take()
  }

  /** Begins an entry of the snapshot at hand. */
  protected begin(slot: number, head: number): void {
    const { entries, table } = this.context
    entries.begin(table.groupOf(slot), head, this.id, table.namespaceOf(slot), table.keyOf(slot))
  }

  /** The table now gives out `slots` slots of a page, which is new or has grown. */
  abstract cover(page: number, slots: number): void
  /** The context has sealed: nothing written from now on may reach the snapshot. O(1). */
  abstract seal(): void
  /** Looks at up to `count` cells that the snapshot covers and encodes them; true when none is left. */
  abstract encode(count: number): boolean
  /** Before the context's epochs complete. */
  abstract complete(): void
  abstract abort(): void
  /** The slot is taken from its key. Of a window that went as a whole, the cell still has what it held. */
  abstract release(slot: number): void
  /** Applies one entry of a block: without a mark, unless it is of another version (U1). */
  abstract restore(slot: number, entry: BlockEntries, values: ValueReader): void

  /** A row of the version of now begins to be restored. */
  seed(shapes: readonly (readonly string[])[]): void {
    this.codec.seed(shapes)
    const { newShape } = this.context.options
    // A row that is full knows not all forms that it holds; what accumulators look like is not the user's alone.
    const isKnown = shapes.length > 0 && shapes.length < MAX_ROW_SHAPES
    if (newShape === undefined || !isKnown || this.declaration.validate !== undefined || this.declaration.kind === 'accumulator') return
    for (const names of shapes) this.restoredShapes.set(names.join(), names)
    this.codec.onNewShape ??= (fields) => {
      if (this.restoredShapes.has(fields.join())) return false
      newShape(this.name, fields, [...this.restoredShapes.values()])
      return true
    }
  }

  /** Lets go of up to `count` deleted entries whose deletion is durable; true when none is left. */
  free(_count: number): boolean {
    return true
  }

  /** An estimate of what the column takes in memory (state/size.ts). Looks at a few cells. */
  abstract sizeBytes(): number

  /** Deleted entries that are kept so far, of any; and those of them that only the next snapshot lets go of. */
  get deleted(): number {
    return 0
  }
  get awaiting(): number {
    return 0
  }

  /** Looks at up to `count` cells for what has expired; true at the end of a round. */
  sweep(_count: number): boolean {
    return true
  }
}
