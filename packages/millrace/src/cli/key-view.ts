import { ByteReader } from '../serde/bytes.ts'
import { decodeKey, type Key } from '../serde/key.ts'
import { BlockEntries } from '../state/block.ts'
import { APPEND, CLEAR, DELETE, DROP_NAMESPACE, ENTRY_DELETE, ENTRY_PUT, PUT, REPLACE } from '../state/format.ts'
import type { ValueReader } from '../state/value-codec.ts'
import { textOf } from './state-count.ts'

/** A stored value; +Infinity: it never expires. */
export interface StoredValue {
  readonly value: unknown
  readonly expiry: number
}
export interface StoredMapEntry extends StoredValue {
  readonly key: Key
}
/** What one state has for the key in one namespace, by the form in which it is stored: times of a set of timers are `entries` without values. */
export type StateContent =
  | ({ readonly form: 'one' } & StoredValue)
  | { readonly form: 'list'; readonly elements: readonly StoredValue[] }
  | { readonly form: 'entries'; readonly entries: readonly StoredMapEntry[] }
export interface KeyContent {
  readonly state: string
  /** Which window it is of; undefined where there are none. */
  readonly namespace: number | undefined
  readonly content: StateContent
}

interface Cell {
  readonly state: string
  /** NaN where there are no windows. */
  readonly namespace: number
  one: StoredValue | undefined
  list: StoredValue[]
  /** By the bytes of the subkey. */
  entries: Map<string, StoredMapEntry>
}

/** What one key has, from the blocks of its key group, oldest first. Only values of this key are decoded. */
export class KeyView {
  readonly #key: Uint8Array
  readonly #cells = new Map<string, Cell>()

  /** `key`: its canonical bytes. */
  constructor(key: Uint8Array) {
    this.#key = key
  }

  /** @throws {CHECKPOINT_CORRUPT} {CHECKPOINT_FORMAT} */
  apply(block: Uint8Array, isIgnored: (state: string) => boolean): void {
    const entries = new BlockEntries(block)
    const readers = entries.valueReaders()
    while (entries.next()) {
      const isMine = entries.op === DROP_NAMESPACE || this.#isKey(entries)
      if (isMine && !isIgnored(entries.row.name)) this.#applyEntry(entries, readers[entries.row.id] as ValueReader)
    }
  }

  /** In the order in which states were first written. */
  contents(): readonly KeyContent[] {
    return [...this.#cells.values()].flatMap((cell) => {
      const content = contentOf(cell)
      const namespace = cell.namespace === cell.namespace ? cell.namespace : undefined
      return content === undefined ? [] : [{ state: cell.state, namespace, content }]
    })
  }

  #isKey({ bytes, keyStart, keyEnd }: BlockEntries): boolean {
    const key = this.#key
    if (keyEnd - keyStart !== key.length) return false
    for (let i = 0; i < key.length; i++) if (bytes[keyStart + i] !== key[i]) return false
    return true
  }

  #applyEntry(entry: BlockEntries, values: ValueReader): void {
    const namespace = entry.namespace()
    // A state's name may have any characters: only the last U+0000 divides.
    const id = `${entry.row.name}\0${namespace}`
    if (entry.op === DROP_NAMESPACE || entry.op === DELETE || entry.op === CLEAR) return void this.#cells.delete(id)
    let cell = this.#cells.get(id)
    if (cell === undefined) {
      cell = { state: entry.row.name, namespace, one: undefined, list: [], entries: new Map() }
      this.#cells.set(id, cell)
    }
    write(cell, entry, values)
  }
}

function write(cell: Cell, entry: BlockEntries, values: ValueReader): void {
  switch (entry.op) {
    case PUT:
      cell.one = valueOf(entry, values)
      return
    case REPLACE:
    case APPEND:
      if (entry.op === REPLACE) cell.list = []
      else if (entry.from !== cell.list.length) entry.fail(`a list of ${cell.list.length} elements is continued after ${entry.from}`)
      return entry.elements(values, (value, expiry) => cell.list.push({ value, expiry }))
    case ENTRY_PUT:
    case ENTRY_DELETE: {
      const subkey = textOf(entry.bytes, entry.subkeyStart, entry.subkeyEnd)
      if (entry.op === ENTRY_DELETE) cell.entries.delete(subkey)
      else cell.entries.set(subkey, { key: entry.subkey(), ...valueOf(entry, values) })
    }
  }
}

/** Times of timers have no value. */
function valueOf(entry: BlockEntries, values: ValueReader): StoredValue {
  const isEmpty = entry.valueEnd === entry.valueStart
  return { value: isEmpty ? undefined : values.read(entry.valueStart, entry.valueEnd, entry.isInline), expiry: entry.expiry }
}

function contentOf(cell: Cell): StateContent | undefined {
  if (cell.one !== undefined) return { form: 'one', ...cell.one }
  if (cell.list.length > 0) return { form: 'list', elements: cell.list }
  return cell.entries.size === 0 ? undefined : { form: 'entries', entries: [...cell.entries.values()] }
}

/** A key from its bytes, one character a byte. @throws {CHECKPOINT_CORRUPT} */
export function keyOfText(text: string): Key {
  const reader = new ByteReader(Buffer.from(text, 'latin1'))
  const key = decodeKey(reader)
  reader.expectEnd()
  return key
}
