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

/**
 * Counts the live entries of one key group, from its blocks oldest first. Values are not decoded; keys are compared as bytes,
 * which are canonical.
 */
export class GroupCount {
  readonly #states = new Map<string, Map<string, Cell>>()

  /** @throws {CHECKPOINT_CORRUPT} {CHECKPOINT_FORMAT} */
  apply(block: Uint8Array, isIgnored: (state: string) => boolean): void {
    const entries = new BlockEntries(block)
    while (entries.next()) if (!isIgnored(entries.row.name)) this.#applyEntry(entries)
  }

  /** Calls back for each state that has something. */
  forEach(visit: (state: string, count: StateCount) => void): void {
    for (const [state, cells] of this.#states) {
      let entries = 0
      let bytes = 0
      for (const cell of cells.values()) {
        entries += cell.entries
        bytes += cell.bytes
      }
      visit(state, { keys: cells.size, entries, bytes })
    }
  }

  /** Calls back for each key of each state, in order of the states; `key` has the bytes of the key, one character a byte. */
  forEachKey(
    visit: (of: { readonly state: string; readonly key: string; readonly entries: number; readonly bytes: number }) => void,
  ): void {
    for (const [state, cells] of this.#states) {
      for (const [text, { entries, bytes }] of cells) visit({ state, key: withoutNamespace(text), entries, bytes })
    }
  }

  #applyEntry(entry: BlockEntries): void {
    const cells = this.#cellsOf(entry.row.name)
    const namespace = textOf(entry.bytes, entry.namespaceStart, entry.namespaceEnd)
    if (entry.op === DROP_NAMESPACE) return dropNamespace(cells, namespace)
    const key = keyText(namespace, textOf(entry.bytes, entry.keyStart, entry.keyEnd))
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

  #cellsOf(state: string): Map<string, Cell> {
    let cells = this.#states.get(state)
    if (cells === undefined) this.#states.set(state, (cells = new Map()))
    return cells
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

function dropNamespace(cells: Map<string, Cell>, namespace: string): void {
  const prefix = keyText(namespace, '')
  for (const key of cells.keys()) if (key.startsWith(prefix)) cells.delete(key)
}

/** The length first, so that no namespace is the beginning of another. */
function keyText(namespace: string, key: string): string {
  return `${namespace.length}:${namespace}${key}`
}

function withoutNamespace(text: string): string {
  const colon = text.indexOf(':')
  return text.slice(colon + 1 + Number(text.slice(0, colon)))
}

/** One character a byte. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}
