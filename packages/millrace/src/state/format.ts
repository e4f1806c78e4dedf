import { invariant } from '../core/errors.ts'
import { formatError } from '../core/format-error.ts'
import type { ByteReader, ByteWriter } from '../serde/bytes.ts'
import type { StateDeclaration } from './contract.ts'

/**
 * One block: what a snapshot holds of one operator and one key group. It can be read on its own, tells its own length, and can
 * be merged with others without a look into keys or values.
 *
 * STATE FORMAT:
 *
 *     block   0xb7, 1, byte length of all that follows; group, entry count, row count; rows; entries
 *     row     id, kind (u8), version, name (text), shape count; each shape: name count, names (texts)
 *     entry   head (u8): op | flags; id of its row; with NAMESPACE: bytes; then by op
 *               0 PUT            key, [expiry], value
 *               1 DELETE         key
 *               2 ENTRY_PUT      key, subkey, [expiry], value        of a map, or a time of `timers` (its value is empty)
 *               3 ENTRY_DELETE   key, subkey
 *               4 CLEAR          key                                 all entries of a map or of `timers`
 *               5 REPLACE        key, count, elements                a list
 *               6 APPEND         key, elements before it, count, elements
 *               7 DROP_NAMESPACE -                                   all that the state of this row has in the namespace
 *     element [expiry], value
 *
 * Numbers are varints unless said otherwise. Key, subkey, value and namespace are a byte length and that many bytes: a key in the
 * canonical form of serde/key.ts, a value as in serde/value.ts. An expiry is an f64: ms since the epoch, +Infinity for never.
 * Entries apply in order. Row ids mean nothing outside their block.
 */
export const MAGIC: number = 0xb7
export const FORMAT: number = 1

export const PUT: number = 0
export const DELETE: number = 1
export const ENTRY_PUT: number = 2
export const ENTRY_DELETE: number = 3
export const CLEAR: number = 4
export const REPLACE: number = 5
export const APPEND: number = 6
export const DROP_NAMESPACE: number = 7
export const OP_MASK: number = 0x07
/** Flags of the head. The values of this entry carry their own shapes; a namespace follows; each value has an expiry. */
export const INLINE: number = 0x10
export const NAMESPACE: number = 0x20
export const EXPIRY: number = 0x40
export const KNOWN_BITS: number = OP_MASK | INLINE | NAMESPACE | EXPIRY

/** STATE FORMAT: the index is what is written; only append. */
const kinds = ['value', 'list', 'map', 'accumulator', 'event-timer', 'processing-timer', 'event-timers', 'processing-timers'] as const
export type StoredKind = (typeof kinds)[number]

/** A state as a block names it. */
export interface Row {
  readonly id: number
  readonly kind: StoredKind
  readonly version: number
  readonly name: string
  readonly shapes: readonly (readonly string[])[]
}

export function storedKindOf(declaration: Pick<StateDeclaration, 'kind' | 'domain'>): StoredKind {
  const { kind, domain } = declaration
  if (kind !== 'timer' && kind !== 'timers') return kind
  invariant(domain !== undefined, 'a timer is declared without a domain')
  return `${domain}-${kind}`
}

/** Ops that a state of this kind may have. */
export function mayHave(kind: StoredKind, op: number): boolean {
  if (op === DROP_NAMESPACE) return true
  if (kind === 'list') return op === REPLACE || op === APPEND
  if (kind === 'map' || kind.endsWith('timers')) return op === ENTRY_PUT || op === ENTRY_DELETE || op === CLEAR
  return op === PUT || op === DELETE
}

/** All of a row but its id. */
export function writeRowBody(writer: ByteWriter, row: Omit<Row, 'id'>): void {
  writer.u8(kinds.indexOf(row.kind))
  writer.varint(row.version)
  writer.text(row.name)
  writer.varint(row.shapes.length)
  for (const names of row.shapes) {
    writer.varint(names.length)
    for (const name of names) writer.text(name)
  }
}

export interface BlockHeader {
  readonly group: number
  readonly entries: number
  readonly rows: readonly Row[]
  /** Where the entries begin, and where they end (outside). */
  readonly start: number
  readonly end: number
}

/** Header before the entries; `rowBodies` by row id, undefined for rows without an entry. */
export function writeHeader(
  writer: ByteWriter,
  header: { readonly group: number; readonly entries: number; readonly bodyBytes: number },
  rowBodies: readonly (Uint8Array | undefined)[],
): void {
  let rows = 0
  let rowBytes = 0
  for (let id = 0; id < rowBodies.length; id++) {
    const body = rowBodies[id]
    if (body === undefined) continue
    rows++
    rowBytes += varintBytes(id) + body.length
  }
  const { group, entries, bodyBytes } = header
  writer.u8(MAGIC)
  writer.u8(FORMAT)
  writer.varint(varintBytes(group) + varintBytes(entries) + varintBytes(rows) + rowBytes + bodyBytes)
  writer.varint(group)
  writer.varint(entries)
  writer.varint(rows)
  for (let id = 0; id < rowBodies.length; id++) {
    const body = rowBodies[id]
    if (body === undefined) continue
    writer.varint(id)
    writer.raw(body)
  }
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++
  return bytes
}

/**
 * Reads the header at the reader's position and leaves the reader at the first entry, with its end at the end of the block.
 * @throws {CHECKPOINT_CORRUPT} @throws {CHECKPOINT_FORMAT} for another version of the format
 */
export function readHeader(reader: ByteReader): BlockHeader {
  if (reader.u8() !== MAGIC) reader.corrupt('here no block begins')
  const format = reader.u8()
  if (format !== FORMAT) throw formatError({ what: 'A block of state', found: format, known: FORMAT })
  const length = reader.varint()
  if (length > reader.remaining) reader.corrupt(`a block of ${length} bytes ends after ${reader.remaining}`)
  reader.end = reader.position + length
  const group = reader.varint()
  if (group > 0xffff) reader.corrupt(`there is no key group ${group}`)
  const entries = reader.count(2)
  const rowCount = reader.count(5)
  const rows: Row[] = []
  for (let i = 0; i < rowCount; i++) rows.push(readRow(reader, rows))
  return { group, entries, rows, start: reader.position, end: reader.end }
}

function readRow(reader: ByteReader, before: readonly Row[]): Row {
  const id = reader.varint()
  if (before.some((row) => row.id >= id)) reader.corrupt('the rows of a block are not in order')
  const kindIndex = reader.u8()
  const kind = kinds[kindIndex] ?? reader.corrupt(`there is no kind of state with the number ${kindIndex}`)
  const version = reader.varint()
  const name = reader.text()
  const shapes: string[][] = []
  for (let left = reader.count(1); left > 0; left--) {
    const names: string[] = []
    for (let count = reader.count(1); count > 0; count--) names.push(reader.text())
    shapes.push(names)
  }
  return { id, kind, version, name, shapes }
}
