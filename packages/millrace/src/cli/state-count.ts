import { BlockEntries } from '../state/block.ts'
import { APPEND, CLEAR, DELETE, DROP_NAMESPACE, ENTRY_DELETE, ENTRY_PUT, PUT, REPLACE } from '../state/format.ts'

/** What one state holds. */
export interface StateCount {
  readonly keys: number
  /** Values, list elements, map entries or pending times. */
  readonly entries: number
  /** As stored, of what is live. */
  readonly bytes: number
}

/** What a key of a state holds; `subkeys` for maps and sets of timers, with the bytes of each. */
interface Cell {
  entries: number
  bytes: number
  readonly subkeys: Map<string, number> | undefined
}

/** By namespace, of which state without windows has one: NaN. Within it by the bytes of the key, which are canonical. */
type Cells = Map<number, Map<string, Cell>>

/** Counts the live entries of one key group, from its blocks oldest first. Values are not decoded. */
export class GroupCount {
  readonly #states = new Map<string, Cells>()

  /** @throws {CHECKPOINT_CORRUPT} {CHECKPOINT_FORMAT} */
  apply(block: Uint8Array, isIgnored: (state: string) => boolean): void {
    const entries = new BlockEntries(block)
    while (entries.next()) if (!isIgnored(entries.row.name)) this.#applyEntry(entries)
  }

  /** Calls back for each state that has something. */
  forEach(visit: (state: string, count: StateCount) => void): void {
    for (const [state, cells] of this.#states) {
      const count = { keys: keyCount(cells), entries: 0, bytes: 0 }
      for (const inside of cells.values()) {
        for (const cell of inside.values()) {
          count.entries += cell.entries
          count.bytes += cell.bytes
        }
      }
      visit(state, count)
    }
  }

  /** Calls back for each key of each state and window, in order of the states; `key` has the bytes of the key, one character a byte. */
  forEachKey(
    visit: (of: { readonly state: string; readonly key: string; readonly entries: number; readonly bytes: number }) => void,
  ): void {
    for (const [state, cells] of this.#states) {
      for (const inside of cells.values()) for (const [key, { entries, bytes }] of inside) visit({ state, key, entries, bytes })
    }
  }

  /** Calls back with the namespace of each window that has something, more than once where several states have. */
  forEachWindow(visit: (namespace: number) => void): void {
    for (const cells of this.#states.values()) for (const namespace of cells.keys()) if (namespace === namespace) visit(namespace)
  }

  #applyEntry(entry: BlockEntries): void {
    const cells = this.#cellsOf(entry.row.name)
    const namespace = entry.namespace()
    if (entry.op === DROP_NAMESPACE) return void cells.delete(namespace)
    const key = textOf(entry.bytes, entry.keyStart, entry.keyEnd)
    const inside = cells.get(namespace) ?? new Map<string, Cell>()
    cells.set(namespace, inside)
    applyTo(inside, key, entry)
    if (inside.size === 0) cells.delete(namespace)
  }

  #cellsOf(state: string): Cells {
    let cells = this.#states.get(state)
    if (cells === undefined) this.#states.set(state, (cells = new Map()))
    return cells
  }
}

/** A key in several windows is one key. */
function keyCount(cells: Cells): number {
  const [only, another] = cells.values()
  if (another === undefined) return only?.size ?? 0
  const keys = new Set<string>()
  for (const inside of cells.values()) for (const key of inside.keys()) keys.add(key)
  return keys.size
}

function applyTo(cells: Map<string, Cell>, key: string, entry: BlockEntries): void {
  const size = entry.end - entry.start
  switch (entry.op) {
    case PUT:
      return void cells.set(key, { entries: 1, bytes: size, subkeys: undefined })
    case DELETE:
    case CLEAR:
      return void cells.delete(key)
    case REPLACE:
      if (entry.count === 0) return void cells.delete(key)
      return void cells.set(key, { entries: entry.count, bytes: size, subkeys: undefined })
    case APPEND:
      return void cells.set(key, { entries: entry.from + entry.count, bytes: size + (cells.get(key)?.bytes ?? 0), subkeys: undefined })
    case ENTRY_PUT:
    case ENTRY_DELETE:
      return applySubkey(cells, key, textOf(entry.bytes, entry.subkeyStart, entry.subkeyEnd), entry.op === ENTRY_PUT ? size : undefined)
  }
}

/** `size` undefined: the entry is deleted. */
function applySubkey(cells: Map<string, Cell>, key: string, subkey: string, size: number | undefined): void {
  let cell = cells.get(key)
  if (cell?.subkeys === undefined) {
    if (size === undefined) return
    cell = { entries: 0, bytes: 0, subkeys: new Map() }
    cells.set(key, cell)
  }
  const subkeys = cell.subkeys as Map<string, number>
  cell.bytes += (size ?? 0) - (subkeys.get(subkey) ?? 0)
  if (size === undefined) subkeys.delete(subkey)
  else subkeys.set(subkey, size)
  cell.entries = subkeys.size
  if (subkeys.size === 0) cells.delete(key)
}

/** One character a byte. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}
