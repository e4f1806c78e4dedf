import { ByteWriter } from '../serde/bytes.ts'
import { DELETE, ENTRY_DELETE, ENTRY_PUT, EXPIRY, KNOWN_BITS, NAMESPACE, OP_MASK, PUT } from './format.ts'

/** Ops that set or delete one cell. */
export const CELL_OPS: readonly number[] = [PUT, DELETE, ENTRY_PUT, ENTRY_DELETE]
/** In place of a row: entries of this one are skipped. */
export const LEFT_OUT: number = -1

/** A block as {@link CellMerger} reads it. */
export interface CellBlock {
  readonly bytes: Uint8Array
  /** Its entries: where they begin, where they end (outside), how many. */
  readonly start: number
  readonly end: number
  readonly entries: number
  /** By row id of the block: the row in the merged block (or LEFT_OUT), its state, and a bit for each op that it may have. */
  readonly rows: readonly number[]
  readonly states: readonly number[]
  readonly ops: readonly number[]
}

/** Fields of a piece: block, head, row, from behind the row id to the end of what names the cell, and to the end. */
const BLOCK = 0
const HEAD = 1
const ROW = 2
const START = 3
const NAME_END = 4
const END = 5
const STATE = 6
const FIELDS = 7
/** What is kept between merges, in pieces and bytes; a larger merge makes room of its own. */
const MOST_PIECES = 32_768
const MOST_BYTES = 1_048_576

/**
 * Merges blocks in which each entry sets or deletes one cell (a value, a map entry, a time), which most have: of all that is written to
 * a cell the newest remains, so the blocks are gone through once, the newest first. What the bytes give is what the general merge
 * would give (merge.ts), at a fraction of its cost; whatever is not of this kind, or damaged, is left to that one. Per-record code.
 */
export class CellMerger {
  private fields: Int32Array = new Int32Array(0)
  private table: Int32Array = new Int32Array(0)
  private mask: number = 0
  private length: number = 0
  private out: ByteWriter = new ByteWriter(4096)
  entries: number = 0
  /** By row of the merged block: whether it has an entry. */
  readonly usedRows: Set<number> = new Set()

  /** @returns the entries, good until the next merge; undefined when this is work for the general merge */
  merge(blocks: readonly CellBlock[], isBase: boolean): Uint8Array | undefined {
    let most = 0
    for (const block of blocks) most += block.entries
    this.reserve(most)
    const firsts = new Int32Array(blocks.length + 1)
    for (let i = blocks.length - 1; i >= 0; i--) {
      firsts[i] = this.length
      if (!this.collect(blocks, i)) return undefined
    }
    this.out.reset()
    this.entries = 0
    this.usedRows.clear()
    let end = this.length
    for (let i = 0; i < blocks.length; i++) {
      this.copy((blocks[i] as CellBlock).bytes, firsts[i] as number, end, isBase)
      end = firsts[i] as number
    }
    const merged = this.out.view()
    if (this.fields.length > MOST_PIECES * FIELDS) this.fields = this.table = new Int32Array(0)
    if (this.out.bytes.length > MOST_BYTES) this.out = new ByteWriter(4096)
    return merged
  }

  private reserve(pieces: number): void {
    this.length = 0
    if (this.fields.length < pieces * FIELDS) this.fields = new Int32Array(pieces * FIELDS)
    let cells = 64
    while (cells < pieces * 2) cells *= 2
    this.mask = cells - 1
    if (this.table.length < cells) this.table = new Int32Array(cells)
    else this.table.fill(0, 0, cells)
  }

  /** Takes the pieces of a block that no newer one has; false when it has others, or is damaged. */
  private collect(blocks: readonly CellBlock[], index: number): boolean {
    const { bytes, start, end, entries, rows, states, ops } = blocks[index] as CellBlock
    let at = start
    for (let left = entries; left > 0; left--) {
      const head = bytes[at++] as number
      const op = head & OP_MASK
      const row = bytes[at++] as number
      if ((head & ~KNOWN_BITS) !== 0 || op > ENTRY_DELETE || row >= ops.length || ((ops[row] as number) & (1 << op)) === 0) return false
      const first = at
      if ((head & NAMESPACE) !== 0) at = after(bytes, at)
      at = after(bytes, at)
      if (op === ENTRY_PUT || op === ENTRY_DELETE) at = after(bytes, at)
      const nameEnd = at
      if (op === PUT || op === ENTRY_PUT) at = after(bytes, (head & EXPIRY) === 0 ? at : at + 8)
      // Beyond a length that `after` does not read there is NaN.
      if (!(at <= end)) return false
      const merged = rows[row] as number
      if (merged >= 0 && !this.add(blocks, index, head, merged, states[row] as number, first, nameEnd, at)) return false
    }
    return at === end
  }

  /** False when its block has two of one cell. */
  private add(
    blocks: readonly CellBlock[],
    block: number,
    head: number,
    row: number,
    state: number,
    start: number,
    nameEnd: number,
    end: number,
  ): boolean {
    const { fields, table, mask } = this
    const { bytes } = blocks[block] as CellBlock
    const kind = (state << 1) | ((head & NAMESPACE) === 0 ? 0 : 1)
    let hash = Math.imul(kind, 0x9e3779b1)
    for (let i = start; i < nameEnd; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
    let place = (hash ^ (hash >>> 15)) & mask
    for (; table[place] !== 0; place = (place + 1) & mask) {
      const other = ((table[place] as number) - 1) * FIELDS
      if (fields[other + STATE] !== kind) continue
      const from = fields[other + START] as number
      if ((fields[other + NAME_END] as number) - from !== nameEnd - start) continue
      const otherBytes = (blocks[fields[other + BLOCK] as number] as CellBlock).bytes
      let same = 0
      while (start + same < nameEnd && bytes[start + same] === otherBytes[from + same]) same++
      if (start + same < nameEnd) continue
      return fields[other + BLOCK] !== block
    }
    table[place] = ++this.length
    const at = (this.length - 1) * FIELDS
    fields[at] = block
    fields[at + HEAD] = head
    fields[at + ROW] = row
    fields[at + START] = start
    fields[at + NAME_END] = nameEnd
    fields[at + END] = end
    fields[at + STATE] = kind
    return true
  }

  /** Writes the pieces [first, end), all of one block. */
  private copy(source: Uint8Array, first: number, end: number, isBase: boolean): void {
    const { fields, out } = this
    for (let piece = first; piece < end; piece++) {
      const at = piece * FIELDS
      const head = fields[at + HEAD] as number
      // DELETE and ENTRY_DELETE are odd.
      if (isBase && (head & 1) === 1) continue
      const row = fields[at + ROW] as number
      this.usedRows.add(row)
      this.entries++
      const from = fields[at + START] as number
      const size = (fields[at + END] as number) - from
      out.ensure(size + 2)
      const target = out.bytes
      let to = out.position
      target[to++] = head
      target[to++] = row
      if (size > 64) target.set(source.subarray(from, from + size), to)
      else for (let i = 0; i < size; i++) target[to + i] = source[from + i] as number
      out.position = to + size
    }
  }
}

/** Behind a length of one or two bytes and that many bytes; NaN when the length is longer, or not the shortest form. */
function after(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number
  if (first < 0x80) return at + 1 + first
  const second = bytes[at + 1] as number
  return second < 0x80 && second !== 0 ? at + 2 + ((first & 0x7f) | (second << 7)) : Number.NaN
}
