/**
 * How much memory state takes: an estimate from what is counted anyway and from a few values looked at. Nothing of it costs a
 * record anything. Good to a third or so where the values of a state are alike.
 *
 * The sizes are those of V8 with pointers of 8 bytes: an object has a header and a word a field, an array a header and a word an
 * element, a Map some 40 bytes an entry besides what it holds.
 */

/** Objects looked at in one value; what is left of its lists and maps is taken to be like what was seen. */
const MAX_OBJECTS = 200
/** Cells looked at in one state. */
export const SAMPLED_CELLS: number = 64

const WORD = 8
const OBJECT_HEADER = 24
const ARRAY_HEADER = 32
const MAP_ENTRY = 40
const HEAP_NUMBER = 12

/** Bytes that a value takes beyond the word that refers to it. */
export function heapBytesOf(value: unknown): number {
  return bytesOf(value, { left: MAX_OBJECTS })
}

interface Looked {
  left: number
}

function bytesOf(value: unknown, looked: Looked): number {
  if (typeof value === 'string') return 16 + ((value.length + 7) & ~7)
  if (typeof value === 'number') return (value | 0) === value ? 0 : HEAP_NUMBER
  if (typeof value === 'bigint') return 24
  if (typeof value !== 'object' || value === null) return 0
  looked.left--
  if (Array.isArray(value)) return ARRAY_HEADER + value.length * WORD + someOf(value, value.length, looked)
  if (value instanceof Map) return 64 + value.size * MAP_ENTRY + someOf(flat(value), 2 * value.size, looked)
  if (value instanceof Set) return 64 + value.size * 24 + someOf(value, value.size, looked)
  if (ArrayBuffer.isView(value)) return 120 + value.byteLength
  if (value instanceof Date) return 48
  const fields = Object.values(value)
  return OBJECT_HEADER + fields.length * WORD + someOf(fields, fields.length, looked)
}

function* flat(map: ReadonlyMap<unknown, unknown>): Generator<unknown, void, undefined> {
  for (const [key, value] of map) {
    yield key
    yield value
  }
}

/** The first ones stand for all. */
function someOf(parts: Iterable<unknown>, count: number, looked: Looked): number {
  let bytes = 0
  let seen = 0
  for (const part of parts) {
    if (looked.left <= 0) break
    bytes += bytesOf(part, looked)
    // Of a million numbers a few tell as much as all.
    if (++seen >= MAX_OBJECTS) break
  }
  return seen === 0 ? 0 : (bytes / seen) * count
}

/** The mean over some cells, evenly spread, of what `of` gives; the same cells at each call with the same `high`. */
export function meanOf(high: number, of: (slot: number) => number): number {
  if (high === 0) return 0
  const count = Math.min(high, SAMPLED_CELLS)
  let sum = 0
  for (let i = 0; i < count; i++) sum += of(Math.floor(((i + 0.5) * high) / count))
  return sum / count
}

/** A state or, without a name, the keys of an operator. */
export interface StateSize {
  readonly state: string | undefined
  readonly bytes: number
}
