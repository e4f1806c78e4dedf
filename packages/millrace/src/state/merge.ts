/**
 * Merges blocks of one key group without a look into keys or values: what is left is the entries that still count, as they were
 * written. Restoring the result gives the same state as restoring the blocks in their order (S5).
 *
 * G1  Of a value, accumulator or timer the last entry counts.
 * G2  Of a map the entries after the last CLEAR count, of each subkey the last.
 * G3  Of a list the entries from the last REPLACE on count, joined where they carry the same flags.
 * G4  In a base nothing is older, so what only says that something is gone is left out.
 */
import { invariant } from '../core/errors.ts'
import { sliceLatin1 } from '../serde/ascii.ts'
import { ByteWriter } from '../serde/bytes.ts'
import { BlockEntries, corruptBlock } from './block.ts'
import type { StateBlock } from './contract.ts'
import {
  APPEND,
  CLEAR,
  DELETE,
  DROP_NAMESPACE,
  ENTRY_DELETE,
  ENTRY_PUT,
  NAMESPACE,
  REPLACE,
  type Row,
  writeHeader,
  writeRowBody,
} from './format.ts'

/** One entry of one of the blocks: where it lies, and its row in the result. */
interface Ref {
  readonly bytes: Uint8Array
  readonly head: number
  readonly op: number
  readonly row: number
  readonly afterRow: number
  readonly keyEnd: number
  readonly end: number
  readonly from: number
  readonly count: number
  readonly valueStart: number
  readonly valueEnd: number
}
/** What is left of one key of one state. */
interface Cell {
  readonly state: string
  readonly namespace: string
  /** Of a list: in order. Else the one entry, or the CLEAR of a map. */
  entries: Ref[]
  /** Of a map: by subkey. */
  subkeys: Map<string, Ref> | undefined
}

/**
 * @param blocks oldest first, all of one key group
 * @throws {CHECKPOINT_CORRUPT}
 */
export function mergeBlocks(blocks: readonly Uint8Array[], options: { readonly base: boolean }): StateBlock {
  try {
    const merger = new Merger(options.base)
    for (const block of blocks) merger.add(new BlockEntries(block))
    return merger.result()
  } catch (error) {
    throw corruptBlock(error, 'Blocks of state cannot be merged')
  }
}

class Merger {
  readonly #isBase: boolean
  readonly #cells = new Map<string, Cell>()
  /** Rows with equal bodies are one. */
  readonly #rowIds = new Map<string, number>()
  readonly #rowBodies: Uint8Array[] = []
  #group: number | undefined
  readonly #out = new ByteWriter(4096)
  #count = 0

  constructor(isBase: boolean) {
    this.#isBase = isBase
  }

  add(entries: BlockEntries): void {
    const { group, rows } = entries.header
    invariant(this.#group === undefined || this.#group === group, 'S5: blocks of different key groups are merged')
    this.#group = group
    const ids: number[] = []
    for (const row of rows) ids[row.id] = this.#rowId(row)
    while (entries.next()) this.#apply(entries, ids[entries.row.id] as number)
  }

  result(): StateBlock {
    for (const cell of this.#cells.values()) this.#write(cell)
    const body = this.#out.take()
    const used = new Set<number>(this.#usedRows)
    const group = this.#group ?? 0
    this.#out.reset()
    writeHeader(
      this.#out,
      { group, entries: this.#count, bodyBytes: body.length },
      this.#rowBodies.map((row, id) => (used.has(id) ? row : undefined)),
    )
    this.#out.raw(body)
    return { group, bytes: this.#out.take(), entries: this.#count }
  }

  readonly #usedRows = new Set<number>()

  #rowId(row: Row): number {
    const writer = new ByteWriter(64)
    writeRowBody(writer, row)
    const body = writer.take()
    const key = sliceLatin1(body, 0, body.length)
    const known = this.#rowIds.get(key)
    if (known !== undefined) return known
    this.#rowIds.set(key, this.#rowBodies.length)
    return this.#rowBodies.push(body) - 1
  }

  #apply(entries: BlockEntries, row: number): void {
    const { op, bytes, head } = entries
    const state = entries.row.name
    const namespace = (head & NAMESPACE) === 0 ? '' : `n${sliceLatin1(bytes, entries.namespaceStart, entries.namespaceEnd)}`
    if (op === DROP_NAMESPACE) return this.#dropNamespace(state, namespace, refOf(entries, row))
    const id = `${state}\u0000${namespace.length}\u0000${namespace}${sliceLatin1(bytes, entries.keyStart, entries.keyEnd)}`
    let cell = this.#cells.get(id)
    if (cell === undefined) this.#cells.set(id, (cell = { state, namespace, entries: [], subkeys: undefined }))
    const ref = refOf(entries, row)
    if (op === ENTRY_PUT || op === ENTRY_DELETE) {
      const subkey = sliceLatin1(bytes, entries.subkeyStart, entries.subkeyEnd)
      cell.subkeys ??= new Map()
      // Deleted first, so that the last entry of a subkey also is the last in order.
      cell.subkeys.delete(subkey)
      cell.subkeys.set(subkey, ref)
    } else if (op === APPEND) cell.entries.push(ref)
    else {
      cell.entries = [ref]
      cell.subkeys = undefined
    }
  }

  #dropNamespace(state: string, namespace: string, ref: Ref): void {
    for (const [id, cell] of this.#cells) if (cell.state === state && cell.namespace === namespace) this.#cells.delete(id)
    if (!this.#isBase) this.#cells.set(`${state}\u0000drop\u0000${namespace}`, { state, namespace, entries: [ref], subkeys: undefined })
  }

  #write(cell: Cell): void {
    const { entries, subkeys } = cell
    const first = entries[0]
    if (first !== undefined) {
      if (first.op === REPLACE || first.op === APPEND) this.#writeList(entries)
      else if (!this.#isBase || (first.op !== CLEAR && first.op !== DELETE)) this.#writeRef(first)
    }
    if (subkeys === undefined) return
    // After a CLEAR, as in a base, there is nothing that a deletion could still concern.
    const needsDeletes = !this.#isBase && first === undefined
    for (const ref of subkeys.values()) if (ref.op === ENTRY_PUT || needsDeletes) this.#writeRef(ref)
  }

  #writeList(entries: readonly Ref[]): void {
    if (this.#isBase && entries.every((entry) => entry.count === 0)) return
    for (let at = 0; at < entries.length;) {
      const first = entries[at] as Ref
      let end = at + 1
      let count = first.count
      while (end < entries.length && joins(first, entries[end] as Ref)) count += (entries[end++] as Ref).count
      this.#begin(first)
      this.#out.raw(first.bytes.subarray(first.afterRow, first.keyEnd))
      if (first.op === APPEND) this.#out.varint(first.from)
      this.#out.varint(count)
      for (; at < end; at++)
        this.#out.raw((entries[at] as Ref).bytes.subarray((entries[at] as Ref).valueStart, (entries[at] as Ref).valueEnd))
    }
  }

  #writeRef(ref: Ref): void {
    this.#begin(ref)
    const { bytes, afterRow, end } = ref
    const out = this.#out
    const length = end - afterRow
    if (length > 48) return out.raw(bytes.subarray(afterRow, end))
    out.ensure(length)
    const target = out.bytes
    let at = out.position
    for (let i = afterRow; i < end; i++) target[at++] = bytes[i] as number
    out.position = at
  }

  #begin(ref: Ref): void {
    this.#usedRows.add(ref.row)
    this.#count++
    this.#out.u8(ref.head)
    this.#out.varint(ref.row)
  }
}

function joins(first: Ref, next: Ref): boolean {
  return next.row === first.row && (next.head & ~0x07) === (first.head & ~0x07)
}

function refOf(entries: BlockEntries, row: number): Ref {
  const { bytes, head, op, afterRow, keyEnd, end, from, count, valueStart, valueEnd } = entries
  return { bytes, head, op, row, afterRow, keyEnd, end, from, count, valueStart, valueEnd }
}
