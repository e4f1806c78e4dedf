import { invariant } from '../core/errors.ts'
import { ByteWriter } from '../serde/bytes.ts'
import { BlockEntries, corruptBlock } from './block.ts'
import type { StateBlock } from './contract.ts'
import {
  APPEND,
  CLEAR,
  DELETE,
  ENTRY_DELETE,
  ENTRY_PUT,
  EXPIRY,
  INLINE,
  mayHave,
  NAMESPACE,
  PUT,
  REPLACE,
  type Row,
  type StoredKind,
  writeHeader,
  writeRowBody,
} from './format.ts'
import { CELL_OPS, type CellBlock, CellMerger, LEFT_OUT } from './merge-cells.ts'
import { COUNT, END, FROM, HEAD, KEY_END, NAMESPACE_END, Pieces, PieceSet, ROW, START, SUBKEY_END, VALUES } from './pieces.ts'

/**
 * One block that restores to what these restore to one after the other, oldest first. With `base`, nothing lies before them:
 * what only says that something is gone is left out. Keys and values are compared and moved as bytes, never decoded. States that
 * are `ignored` in the block of the same number are left out.
 *
 * G1  Of all that is written to one thing (a value, a map entry, a time), only the newest remains.
 * G2  What lies before a clear, a replaced list or a dropped namespace is gone.
 * G3  The parts of one list become one entry where their form is the same.
 *
 * @throws {CHECKPOINT_CORRUPT | CHECKPOINT_FORMAT}
 */
export function mergeBlocks(
  blocks: readonly Uint8Array[],
  options: {
    readonly base: boolean
    readonly ignored?: readonly (readonly string[])[]
    /** Only by the short way of merge-cells.ts, or not by it. Where both are possible they give the same bytes. */
    readonly way?: 'short' | 'general'
  },
): StateBlock {
  try {
    return new Merge(options.base).run(blocks, options.ignored ?? [], options.way)
  } catch (error) {
    throw corruptBlock(error, 'Blocks of state cannot be merged')
  }
}

interface OpenBlock extends CellBlock {
  readonly reader: BlockEntries
}

/** A merge is one synchronous call: all of them share what they scribble on. */
const cellMerger = new CellMerger()
const headerWriter = new ByteWriter(256)
const NO_PIECES = new Pieces()

/** A bit for each op that sets or deletes one cell of this kind of state. */
function cellOpsOf(kind: StoredKind): number {
  return CELL_OPS.reduce((bits, op) => (mayHave(kind, op) ? bits | (1 << op) : bits), 0)
}

class Merge {
  private readonly base: boolean
  private readonly rows: Rows = new Rows()
  /** Of the general merge, which few blocks need. */
  private pieces: Pieces = NO_PIECES
  private out: ByteWriter = headerWriter
  private readonly usedRows: Set<number> = new Set()
  private group: number = -1
  private entries: number = 0

  constructor(base: boolean) {
    this.base = base
  }

  run(blocks: readonly Uint8Array[], ignored: readonly (readonly string[])[], way: 'short' | 'general' | undefined): StateBlock {
    const opened = blocks.map((block, i) => this.open(block, ignored[i] ?? []))
    const short = way === 'general' ? undefined : this.cells(opened)
    invariant(short !== undefined || way !== 'short', 'G1: these blocks have more than single cells')
    return short ?? this.general(opened)
  }

  private cells(opened: readonly OpenBlock[]): StateBlock | undefined {
    const body = cellMerger.merge(opened, this.base)
    return body === undefined ? undefined : this.block(body, cellMerger.entries, cellMerger.usedRows)
  }

  private general(opened: readonly OpenBlock[]): StateBlock {
    this.pieces = new Pieces()
    this.out = new ByteWriter(4096)
    for (const block of opened) this.read(block)
    const kept = newestOnly(this.pieces, this.base)
    const lists = listsOf(this.pieces, kept)
    for (let i = kept.length - 1; i >= 0; i--) {
      const piece = kept[i] as number
      const op = this.pieces.op(piece)
      if (op !== REPLACE && op !== APPEND) this.copy(piece)
      else if (lists.has(piece)) this.copyList(lists.get(piece) as number[])
    }
    return this.block(this.out.view(), this.entries, this.usedRows)
  }

  private block(body: Uint8Array, entries: number, usedRows: ReadonlySet<number>): StateBlock {
    const group = Math.max(this.group, 0)
    headerWriter.reset()
    writeHeader(headerWriter, { group, entries, bodyBytes: body.length }, this.rows.bodies(usedRows))
    const header = headerWriter.view()
    const bytes = new Uint8Array(header.length + body.length)
    bytes.set(header)
    bytes.set(body, header.length)
    return { group, bytes, entries }
  }

  private open(block: Uint8Array, ignored: readonly string[]): OpenBlock {
    const reader = new BlockEntries(block)
    const { group, rows: ownRows, start, end, entries } = reader.header
    if (this.group >= 0 && group !== this.group) reader.fail(`a block of group ${group} is merged with one of group ${this.group}`)
    this.group = group
    const rows: number[] = []
    const states: number[] = []
    const ops: number[] = []
    for (const row of ownRows) {
      // Holes would make these arrays slow.
      while (rows.length < row.id) {
        rows.push(LEFT_OUT)
        states.push(0)
        ops.push(0)
      }
      const id = this.rows.idOf(row)
      rows.push(ignored.includes(row.name) ? LEFT_OUT : id)
      states.push(this.rows.stateOf(row))
      ops.push(cellOpsOf(row.kind))
    }
    return { bytes: block, start, end, entries, rows, states, ops, reader }
  }

  private read({ bytes, rows, states, reader }: OpenBlock): void {
    this.pieces.addBlock(bytes)
    while (reader.next()) {
      const row = rows[reader.row.id] as number
      if (row !== LEFT_OUT) this.pieces.add(reader, row, states[reader.row.id] as number)
    }
  }

  private begin(piece: number, head: number): void {
    const row = this.pieces.at(piece, ROW)
    this.usedRows.add(row)
    this.out.u8(head)
    this.out.varint(row)
    this.entries++
  }

  private copy(piece: number): void {
    this.begin(piece, this.pieces.at(piece, HEAD))
    this.bytes(piece, START, END)
  }

  private bytes(piece: number, from: number, to: number): void {
    const start = this.pieces.at(piece, from)
    const end = this.pieces.at(piece, to)
    const source = this.pieces.bytesOf(piece)
    const { out } = this
    if (end - start > 64) return out.raw(source.subarray(start, end))
    out.ensure(end - start)
    const target = out.bytes
    let at = out.position
    for (let i = start; i < end; i++) target[at++] = source[i] as number
    out.position = at
  }

  /** G3. */
  private copyList(parts: readonly number[]): void {
    const { pieces, out } = this
    const first = parts[0] as number
    let at = pieces.op(first) === APPEND ? pieces.at(first, FROM) : 0
    let isReplace = pieces.op(first) === REPLACE || (this.base && at === 0)
    if (this.base && isReplace && parts.every((part) => pieces.at(part, COUNT) === 0)) return
    for (let i = 0; i < parts.length;) {
      const head = parts[i] as number
      let end = i
      let count = 0
      for (; end < parts.length && this.alike(head, parts[end] as number); end++) {
        const part = parts[end] as number
        if (end > 0 && pieces.at(part, FROM) !== at + count)
          throw new Error(`a list of ${at + count} elements is continued after ${pieces.at(part, FROM)}`)
        count += pieces.at(part, COUNT)
      }
      if (count > 0 || isReplace) {
        this.begin(head, (pieces.at(head, HEAD) & (INLINE | NAMESPACE | EXPIRY)) | (isReplace ? REPLACE : APPEND))
        this.bytes(head, START, KEY_END)
        if (!isReplace) out.varint(at)
        out.varint(count)
        for (let part = i; part < end; part++) this.bytes(parts[part] as number, VALUES, END)
      }
      at += count
      isReplace = false
      i = end
    }
  }

  private alike(a: number, b: number): boolean {
    const { pieces } = this
    return pieces.at(a, ROW) === pieces.at(b, ROW) && ((pieces.at(a, HEAD) ^ pieces.at(b, HEAD)) & (INLINE | EXPIRY)) === 0
  }
}

/** G1, G2: what is left of the pieces, the last first. */
function newestOnly(pieces: Pieces, base: boolean): number[] {
  const values = new PieceSet(pieces, KEY_END, pieces.length)
  const entries = new PieceSet(pieces, SUBKEY_END, 16)
  const cleared = new PieceSet(pieces, KEY_END, 16)
  const dropped = new PieceSet(pieces, NAMESPACE_END, 16)
  const kept: number[] = []
  for (let piece = pieces.length - 1; piece >= 0; piece--) if (isKept(piece)) kept.push(piece)
  return kept

  function isKept(piece: number): boolean {
    if (dropped.find(piece) >= 0) return false
    switch (pieces.op(piece)) {
      case PUT:
        return values.add(piece)
      case DELETE:
        return values.add(piece) && !base
      case ENTRY_PUT:
        return cleared.find(piece) < 0 && entries.add(piece)
      case ENTRY_DELETE:
        return cleared.find(piece) < 0 && entries.add(piece) && !base
      case CLEAR:
        return cleared.add(piece) && !base
      case REPLACE:
        return cleared.add(piece)
      case APPEND:
        return cleared.find(piece) < 0
      default:
        return dropped.add(piece) && !base
    }
  }
}

/** The pieces of each list in their order, under its first one. `kept` has the last first. */
function listsOf(pieces: Pieces, kept: readonly number[]): Map<number, number[]> {
  const lists = new Map<number, number[]>()
  const firsts = new PieceSet(pieces, KEY_END, 16)
  for (let i = kept.length - 1; i >= 0; i--) {
    const piece = kept[i] as number
    if (pieces.op(piece) !== REPLACE && pieces.op(piece) !== APPEND) continue
    const first = firsts.find(piece)
    if (first >= 0) lists.get(first)?.push(piece)
    else {
      firsts.add(piece)
      lists.set(piece, [piece])
    }
  }
  return lists
}

/** The rows of the merged block. */
class Rows {
  private readonly rows: Row[] = []
  private readonly states: Row[] = []

  stateOf(row: Row): number {
    for (const [state, other] of this.states.entries()) if (other.name === row.name && other.kind === row.kind) return state
    return this.states.push(row) - 1
  }

  /** Rows of one state whose shapes agree as far as they go become one, with the longer list. */
  idOf(row: Row): number {
    for (const [id, other] of this.rows.entries()) {
      if (other.name !== row.name || other.kind !== row.kind || other.version !== row.version || !agree(other.shapes, row.shapes)) continue
      if (row.shapes.length > other.shapes.length) this.rows[id] = row
      return id
    }
    return this.rows.push(row) - 1
  }

  bodies(used: ReadonlySet<number>): (Uint8Array | undefined)[] {
    return this.rows.map((row, id) => {
      if (!used.has(id)) return undefined
      const writer = new ByteWriter(64)
      writeRowBody(writer, row)
      return writer.take()
    })
  }
}

function agree(a: readonly (readonly string[])[], b: readonly (readonly string[])[]): boolean {
  const common = Math.min(a.length, b.length)
  for (let i = 0; i < common; i++) {
    const [x, y] = [a[i] as readonly string[], b[i] as readonly string[]]
    if (x.length !== y.length || x.some((name, j) => name !== y[j])) return false
  }
  return true
}
