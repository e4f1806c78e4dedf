/** Slots of a table are kept in pages, so that growing never moves what is there. Only the first page begins small. */
export const PAGE_BITS: number = 16
export const PAGE_SLOTS: number = 1 << PAGE_BITS
export const PAGE_MASK: number = PAGE_SLOTS - 1
const SMALLEST_PAGE = 256

/** Slots that page `page` must have room for so that `index` fits; the first doubles up to a whole page. */
export function pageSize(page: number, index: number): number {
  if (page > 0) return PAGE_SLOTS
  let size = SMALLEST_PAGE
  while (size <= index) size *= 2
  return size
}

/** `source`, lengthened to `length` elements. */
export function lengthened<A extends Float64Array | Int32Array | Uint16Array>(source: A, length: number): A {
  const longer = new (source.constructor as new (length: number) => A)(length)
  longer.set(source)
  return longer
}

/**
 * A list of 32-bit integers that grows without moving what is there.
 * Cost: 4 bytes an entry, `push` a few ns.
 */
export class IntList {
  length: number = 0
  private readonly chunks: Int32Array[] = []
  private last: Int32Array = NONE

  push(value: number): void {
    const at = this.length & CHUNK_MASK
    if (at === 0) this.chunks.push((this.last = new Int32Array(CHUNK)))
    this.last[at] = value
    this.length++
  }

  /** `index` is below `length`. */
  at(index: number): number {
    return (this.chunks[index >>> CHUNK_BITS] as Int32Array)[index & CHUNK_MASK] as number
  }

  /** `index` is below `length`. */
  put(index: number, value: number): void {
    ;(this.chunks[index >>> CHUNK_BITS] as Int32Array)[index & CHUNK_MASK] = value
  }

  /** Takes the last one away; the list must not be empty. */
  pop(): number {
    const at = --this.length & CHUNK_MASK
    const value = this.last[at] as number
    if (at === 0) {
      this.chunks.pop()
      this.last = this.chunks[this.chunks.length - 1] ?? NONE
    }
    return value
  }
}

/** As {@link IntList}, of objects. */
export class ObjectList<T> {
  length: number = 0
  private readonly chunks: T[][] = []
  private last: T[] = []

  push(item: T): void {
    if ((this.length++ & CHUNK_MASK) === 0) this.chunks.push((this.last = []))
    this.last.push(item)
  }

  at(index: number): T {
    return (this.chunks[index >>> CHUNK_BITS] as T[])[index & CHUNK_MASK] as T
  }

  /** `index` is below `length`. */
  put(index: number, item: T): void {
    ;(this.chunks[index >>> CHUNK_BITS] as T[])[index & CHUNK_MASK] = item
  }

  /** Takes the last one away; the list must not be empty. */
  pop(): T {
    const item = this.last.pop() as T
    if ((--this.length & CHUNK_MASK) === 0) {
      this.chunks.pop()
      this.last = this.chunks[this.chunks.length - 1] ?? []
    }
    return item
  }
}

const CHUNK_BITS = 12
const CHUNK = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK - 1
const NONE = new Int32Array(0)
