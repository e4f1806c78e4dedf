import type { BlockEntries } from './block.ts'
import { DROP_NAMESPACE, ENTRY_DELETE, ENTRY_PUT, NAMESPACE, OP_MASK } from './format.ts'

/** Fields of a piece in {@link Pieces.at}. */
export const BLOCK: number = 0
export const HEAD: number = 1
/** Row id in the merged block. */
export const ROW: number = 2
/** Number of its state, which rows of one name and kind share. */
export const STATE: number = 3
/** From behind the row id to the end of the namespace, of the key, of the subkey; ends are outside. */
export const START: number = 4
export const NAMESPACE_END: number = 5
export const KEY_END: number = 6
export const SUBKEY_END: number = 7
export const VALUES: number = 8
export const END: number = 9
/** Of a list: elements before it, and its elements. */
export const FROM: number = 10
export const COUNT: number = 11
const FIELDS = 12

/** Entries of several blocks as places in their bytes, in one array: a merge makes no object for an entry. */
export class Pieces {
  length: number = 0
  private readonly blocks: Uint8Array[] = []
  private fields: Int32Array = new Int32Array(FIELDS * 256)

  addBlock(bytes: Uint8Array): void {
    this.blocks.push(bytes)
  }

  /** Takes the entry at hand of the block added last. */
  add(entry: BlockEntries, row: number, state: number): void {
    if ((this.length + 1) * FIELDS > this.fields.length) {
      const larger = new Int32Array(this.fields.length * 2)
      larger.set(this.fields)
      this.fields = larger
    }
    const { fields } = this
    const at = this.length++ * FIELDS
    fields[at] = this.blocks.length - 1
    fields[at + HEAD] = entry.head
    fields[at + ROW] = row
    fields[at + STATE] = state
    fields[at + START] = entry.afterRow
    fields[at + NAMESPACE_END] = entry.namespaceEnd
    fields[at + KEY_END] = entry.op === DROP_NAMESPACE ? entry.namespaceEnd : entry.keyEnd
    fields[at + SUBKEY_END] = entry.op === ENTRY_PUT || entry.op === ENTRY_DELETE ? entry.subkeyEnd : entry.keyEnd
    fields[at + VALUES] = entry.valueStart
    fields[at + END] = entry.end
    fields[at + FROM] = entry.from
    fields[at + COUNT] = entry.count
  }

  at(piece: number, field: number): number {
    return this.fields[piece * FIELDS + field] as number
  }

  op(piece: number): number {
    return this.at(piece, HEAD) & OP_MASK
  }

  bytesOf(piece: number): Uint8Array {
    return this.blocks[this.at(piece, BLOCK)] as Uint8Array
  }

  /** Of the bytes from START to `field`, with the state and whether there is a namespace. */
  hash(piece: number, field: number): number {
    const bytes = this.bytesOf(piece)
    const end = this.at(piece, field)
    let h = Math.imul(this.at(piece, STATE) * 2 + ((this.at(piece, HEAD) & NAMESPACE) === 0 ? 0 : 1), 0x9e3779b1)
    for (let i = this.at(piece, START); i < end; i++) h = Math.imul(h ^ (bytes[i] as number), 0x01000193)
    return h ^ (h >>> 15)
  }

  same(a: number, b: number, field: number): boolean {
    const start = this.at(a, START)
    const other = this.at(b, START)
    const length = this.at(a, field) - start
    if (length !== this.at(b, field) - other || this.at(a, STATE) !== this.at(b, STATE)) return false
    if (((this.at(a, HEAD) ^ this.at(b, HEAD)) & NAMESPACE) !== 0) return false
    const x = this.bytesOf(a)
    const y = this.bytesOf(b)
    for (let i = 0; i < length; i++) if (x[start + i] !== y[other + i]) return false
    return true
  }
}

/** Pieces, told apart by their bytes up to one field. */
export class PieceSet {
  size: number = 0
  private readonly pieces: Pieces
  private readonly field: number
  private table: Int32Array
  private hashes: Int32Array

  constructor(pieces: Pieces, field: number, expected: number) {
    this.pieces = pieces
    this.field = field
    let cells = 16
    while (cells < expected * 2) cells *= 2
    this.table = new Int32Array(cells)
    this.hashes = new Int32Array(cells)
  }

  /** The piece of the set that is the same up to the field, or -1. */
  find(piece: number): number {
    return this.size === 0 ? -1 : (this.table[this.place(piece, this.pieces.hash(piece, this.field))] as number) - 1
  }

  /** False when one is there already. */
  add(piece: number): boolean {
    const hash = this.pieces.hash(piece, this.field)
    const place = this.place(piece, hash)
    if (this.table[place] !== 0) return false
    this.table[place] = piece + 1
    this.hashes[place] = hash
    if (++this.size * 2 > this.table.length) this.grow()
    return true
  }

  private place(piece: number, hash: number): number {
    const mask = this.table.length - 1
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const found = (this.table[at] as number) - 1
      if (found < 0 || (this.hashes[at] === hash && this.pieces.same(piece, found, this.field))) return at
    }
  }

  private grow(): void {
    const { table, hashes } = this
    this.table = new Int32Array(table.length * 2)
    this.hashes = new Int32Array(table.length * 2)
    const mask = this.table.length - 1
    for (let i = 0; i < table.length; i++) {
      if (table[i] === 0) continue
      let at = (hashes[i] as number) & mask
      while (this.table[at] !== 0) at = (at + 1) & mask
      this.table[at] = table[i] as number
      this.hashes[at] = hashes[i] as number
    }
  }
}
