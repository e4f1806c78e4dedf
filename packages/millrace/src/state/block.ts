import { messageOf, StreamError } from '../core/errors.ts'
import { ByteReader } from '../serde/bytes.ts'
import { decodeKey } from '../serde/key.ts'
import type { Key } from './contract.ts'
import {
  APPEND,
  type BlockHeader,
  DROP_NAMESPACE,
  ENTRY_DELETE,
  ENTRY_PUT,
  EXPIRY,
  INLINE,
  KNOWN_BITS,
  mayHave,
  NAMESPACE,
  OP_MASK,
  PUT,
  readHeader,
  REPLACE,
  type Row,
  type StoredKind,
} from './format.ts'
import { ValueReader } from './value-codec.ts'

/**
 * Walks over the entries of a block without decoding keys or values. After `next` returned true the fields say where the parts
 * of the entry lie in `bytes`; ends are outside. Which of them have a meaning depends on `op`.
 */
export class BlockEntries {
  readonly bytes: Uint8Array
  readonly header: BlockHeader
  op: number = 0
  head: number = 0
  row: Row
  /** The entry from its head to its end; `afterRow` is where its row id ends. */
  start: number = 0
  afterRow: number = 0
  end: number = 0
  namespaceStart: number = 0
  namespaceEnd: number = 0
  keyStart: number = 0
  keyEnd: number = 0
  subkeyStart: number = 0
  subkeyEnd: number = 0
  expiry: number = Number.POSITIVE_INFINITY
  valueStart: number = 0
  valueEnd: number = 0
  /** Elements of the list before those of this entry, and of this entry. */
  from: number = 0
  count: number = 0
  private readonly reader: ByteReader
  private readonly rows: Row[] = []
  private left: number

  /** @throws {CHECKPOINT_CORRUPT | CHECKPOINT_FORMAT} */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.reader = new ByteReader(bytes)
    this.header = readHeader(this.reader)
    this.left = this.header.entries
    for (const row of this.header.rows) this.rows[row.id] = row
    this.row = this.header.rows[0] ?? this.noRow(0)
  }

  private noRow(id: number): Row {
    if (this.header.rows.length === 0 && this.left === 0) return { id, kind: 'value', version: 0, name: '', shapes: [] }
    return this.reader.corrupt(`there is no row ${id}`)
  }

  get isInline(): boolean {
    return (this.head & INLINE) !== 0
  }

  get hasExpiry(): boolean {
    return (this.head & EXPIRY) !== 0
  }

  /** @throws {CHECKPOINT_CORRUPT} */
  next(): boolean {
    const reader = this.reader
    if (this.left === 0) {
      reader.expectEnd()
      return false
    }
    this.left--
    this.start = reader.position
    const head = reader.u8()
    if ((head & ~KNOWN_BITS) !== 0) reader.corrupt(`there is no entry with the head ${head}`)
    this.head = head
    this.op = head & OP_MASK
    const id = reader.varint()
    this.row = this.rows[id] ?? this.noRow(id)
    if (!mayHave(this.row.kind, this.op))
      reader.corrupt(`the state ${JSON.stringify(this.row.name)} of kind ${this.row.kind} has an entry of another kind`)
    this.afterRow = reader.position
    this.readParts(reader)
    this.end = reader.position
    return true
  }

  private readParts(reader: ByteReader): void {
    this.namespaceStart = this.namespaceEnd = this.afterRow
    if ((this.head & NAMESPACE) !== 0) {
      const length = reader.varint()
      this.namespaceStart = reader.advance(length)
      this.namespaceEnd = reader.position
    } else if (this.op === DROP_NAMESPACE) reader.corrupt('an entry drops no namespace')
    if (this.op === DROP_NAMESPACE) return
    const keyBytes = reader.varint()
    this.keyStart = reader.advance(keyBytes)
    this.keyEnd = reader.position
    if (this.op === ENTRY_PUT || this.op === ENTRY_DELETE) {
      const length = reader.varint()
      this.subkeyStart = reader.advance(length)
      this.subkeyEnd = reader.position
    }
    if (this.op === PUT || this.op === ENTRY_PUT) this.readValue(reader)
    else if (this.op === REPLACE || this.op === APPEND) this.readElements(reader)
  }

  private readValue(reader: ByteReader): void {
    this.expiry = this.hasExpiry ? this.checkedExpiry(reader.f64()) : Number.POSITIVE_INFINITY
    const length = reader.varint()
    this.valueStart = reader.advance(length)
    this.valueEnd = reader.position
  }

  private readElements(reader: ByteReader): void {
    this.from = this.op === APPEND ? reader.varint() : 0
    if (this.from > 0x7fffffff) reader.corrupt('a list is too long')
    this.count = reader.count(this.hasExpiry ? 9 : 1)
    this.valueStart = reader.position
    for (let i = 0; i < this.count; i++) {
      if (this.hasExpiry) reader.advance(8)
      reader.advance(reader.varint())
    }
    this.valueEnd = reader.position
  }

  private checkedExpiry(expiry: number): number {
    return expiry === expiry ? expiry : this.reader.corrupt('an expiry is no time')
  }

  /** Which window this entry is of; NaN when it is of none. @throws {CHECKPOINT_CORRUPT} */
  namespace(): number {
    if ((this.head & NAMESPACE) === 0) return Number.NaN
    const reader = new ByteReader(this.bytes, this.namespaceStart, this.namespaceEnd)
    const namespace = reader.zigzag()
    reader.expectEnd()
    return namespace
  }

  /** The key of this entry. @throws {CHECKPOINT_CORRUPT} */
  key(): Key {
    return this.decodeKey(this.keyStart, this.keyEnd)
  }

  subkey(): Key {
    return this.decodeKey(this.subkeyStart, this.subkeyEnd)
  }

  private decodeKey(start: number, end: number): Key {
    const reader = new ByteReader(this.bytes, start, end)
    const key = decodeKey(reader)
    reader.expectEnd()
    return key
  }

  /** Calls back for each element of a list entry. */
  elements(values: ValueReader, visit: (value: unknown, expiry: number) => void): void {
    const reader = new ByteReader(this.bytes, this.valueStart, this.valueEnd)
    for (let i = 0; i < this.count; i++) {
      const expiry = this.hasExpiry ? this.checkedExpiry(reader.f64()) : Number.POSITIVE_INFINITY
      const length = reader.varint()
      const start = reader.advance(length)
      visit(values.read(start, start + length, this.isInline), expiry)
    }
  }

  /** @throws {CHECKPOINT_CORRUPT} always */
  fail(what: string): never {
    return this.reader.corrupt(what)
  }

  /** One for each row, by row id. */
  valueReaders(): ValueReader[] {
    const readers: ValueReader[] = []
    for (const row of this.header.rows) readers[row.id] = new ValueReader(this.bytes, row.shapes)
    return readers
  }
}

/** An entry in full, for inspection. */
export interface BlockEntry {
  readonly group: number
  readonly state: string
  readonly kind: StoredKind
  readonly version: number
  readonly op: 'put' | 'delete' | 'entry-put' | 'entry-delete' | 'clear' | 'replace' | 'append' | 'drop-namespace'
  readonly key?: Key
  /** Of a map entry; the time of a timer in `timers`. */
  readonly subkey?: Key
  readonly value?: unknown
  readonly elements?: readonly { readonly value: unknown; readonly expiry?: number }[]
  /** Elements before an appended one. */
  readonly from?: number
  readonly expiry?: number
  readonly namespace?: number
}

const opNames = ['put', 'delete', 'entry-put', 'entry-delete', 'clear', 'replace', 'append', 'drop-namespace'] as const

/**
 * All entries of a block, decoded, in order.
 * @throws {CHECKPOINT_CORRUPT | CHECKPOINT_FORMAT}
 */
export function* readBlock(bytes: Uint8Array): Generator<BlockEntry, void, undefined> {
  const entries = new BlockEntries(bytes)
  const readers = entries.valueReaders()
  while (entries.next()) yield decoded(entries, readers[entries.row.id] as ValueReader)
}

function decoded(entries: BlockEntries, values: ValueReader): BlockEntry {
  const { op, row } = entries
  const entry: { -readonly [P in keyof BlockEntry]: BlockEntry[P] } = {
    group: entries.header.group,
    state: row.name,
    kind: row.kind,
    version: row.version,
    op: opNames[op] as BlockEntry['op'],
  }
  if ((entries.head & NAMESPACE) !== 0) entry.namespace = entries.namespace()
  if (op === DROP_NAMESPACE) return entry
  entry.key = entries.key()
  if (op === ENTRY_PUT || op === ENTRY_DELETE) entry.subkey = entries.subkey()
  if (op === PUT || op === ENTRY_PUT) {
    if (entries.valueEnd > entries.valueStart) entry.value = values.read(entries.valueStart, entries.valueEnd, entries.isInline)
    if (entries.hasExpiry) entry.expiry = entries.expiry
  }
  if (op === REPLACE || op === APPEND) {
    const elements: { value: unknown; expiry?: number }[] = []
    entries.elements(values, (value, expiry) => elements.push(entries.hasExpiry ? { value, expiry } : { value }))
    entry.elements = elements
    if (op === APPEND) entry.from = entries.from
  }
  return entry
}

/** Anything that a damaged block may cause, as an error that names the block. Nothing else leaves this folder (K18). */
export function corruptBlock(error: unknown, what: string): StreamError {
  if (StreamError.is(error) && error.code !== 'CHECKPOINT_CORRUPT') return error
  return new StreamError('CHECKPOINT_CORRUPT', `${what}: ${messageOf(error)}`, { cause: error })
}
