/**
 * From a 32-bit integer to its slot: extendible hashing. A directory over the highest bits of the hash leads to a segment, an
 * open-addressing table. While there is one, it doubles; then segments are of one size and split in two when full, so no insert
 * ever costs more than a split (some tenths of a millisecond), however many keys there are.
 *
 *     cell, 8 bytes, so that a hit costs one cache line:   | key i32 | slot + 1 i32, 0 = free |
 *
 * @source Fagin, Nievergelt, Pippenger, Strong: Extendible Hashing, 1979; hash: Fibonacci hashing (Knuth), high bits folded in
 */
export class IntIndex {
  count: number = 0
  /** The segment while there is one: a load less for each record, and all that an index of few keys has. */
  private only: Int32Array | undefined = EMPTY
  private mask: number = 0
  /** `hash >>> shift` is the place in the directory: 2^(32 - shift) places. */
  private shift: number = 31
  private directory: Int32Array[] = NO_DIRECTORY
  private segments: Map<Int32Array, Segment> | undefined = undefined
  /** Keys whose hashes agree by design of someone, so that splitting does not part them. */
  private overflow: Map<number, number> | undefined = undefined

  /** Slot of a key, or -1. Per-record code: kept short, so that it is compiled together with its caller. */
  find(key: number): number {
    const product = Math.imul(key, 0x9e3779b1)
    const cells = this.only ?? (this.directory[product >>> this.shift] as Int32Array)
    const mask = this.mask << 1
    let at = ((product ^ (product >>> 15)) << 1) & mask
    // `|`: a sum would cost a check for overflow.
    let stored = cells[at | 1] as number
    while (stored !== 0 && cells[at] !== key) {
      at = (at + 2) & mask
      stored = cells[at | 1] as number
    }
    return stored === 0 ? this.findOverflow(key) : stored - 1
  }

  private findOverflow(key: number): number {
    return this.overflow === undefined ? -1 : (this.overflow.get(key) ?? -1)
  }

  /** The key must not be there. */
  add(key: number, slot: number): void {
    while (this.only !== undefined && this.count >= limitOf(this.mask + 1)) this.enlarge(this.only)
    this.count++
    if (this.only === undefined) this.addTo(this.segments as Map<Int32Array, Segment>, key, slot)
    else put(this.only, this.mask, hashOf(key), key, slot + 1)
  }

  private addTo(segments: Map<Int32Array, Segment>, key: number, slot: number): void {
    const hash = hashOf(key)
    for (;;) {
      const cells = this.directory[hash >>> this.shift] as Int32Array
      const segment = segments.get(cells) as Segment
      if (segment.count < segment.limit) {
        put(cells, this.mask, hash, key, slot + 1)
        segment.count++
        return
      }
      if (segment.depth < DEEPEST) this.split(segments, cells, segment)
      else {
        this.overflow ??= new Map()
        this.overflow.set(key, slot)
        return
      }
    }
  }

  /** The key must be there. */
  remove(key: number): void {
    this.count--
    if (this.overflow?.delete(key) === true) return
    const hash = hashOf(key)
    const cells = this.only ?? (this.directory[hash >>> this.shift] as Int32Array)
    remove(cells, this.mask, hash, key)
    const segment = this.segments?.get(cells)
    if (segment !== undefined) segment.count--
  }

  private enlarge(only: Int32Array): void {
    const size = Math.max(SMALLEST, (this.mask + 1) * 2)
    if (size > LARGEST) return this.leave(only)
    const larger = new Int32Array(size * 2)
    this.mask = size - 1
    for (let i = 0; i < only.length; i += 2)
      if (only[i + 1] !== 0) put(larger, this.mask, hashOf(only[i] as number), only[i] as number, only[i + 1] as number)
    this.only = larger
  }

  private leave(only: Int32Array): void {
    this.directory = [only, only]
    this.segments = new Map([[only, { depth: 0, count: this.count, limit: limitOf(LARGEST) }]])
    this.only = undefined
  }

  private split(segments: Map<Int32Array, Segment>, cells: Int32Array, segment: Segment): void {
    if (segment.depth === 32 - this.shift) {
      const doubled: Int32Array[] = []
      for (const each of this.directory) doubled.push(each, each)
      this.directory = doubled
      this.shift--
    }
    const bit = 31 - segment.depth
    const low = new Int32Array(cells.length)
    const high = new Int32Array(cells.length)
    let highCount = 0
    for (let i = 0; i < cells.length; i += 2) {
      if (cells[i + 1] === 0) continue
      const hash = hashOf(cells[i] as number)
      const side = (hash >>> bit) & 1
      highCount += side
      put(side === 1 ? high : low, this.mask, hash, cells[i] as number, cells[i + 1] as number)
    }
    segments.delete(cells)
    segments.set(low, { depth: segment.depth + 1, count: segment.count - highCount, limit: staggered(segment.count - highCount) })
    segments.set(high, { depth: segment.depth + 1, count: highCount, limit: staggered(highCount) })
    const { directory } = this
    for (let i = 0; i < directory.length; i++) if (directory[i] === cells) directory[i] = ((i << this.shift) >>> bit) & 1 ? high : low
  }
}

interface Segment {
  /** Bits of the hash that all its keys share. */
  readonly depth: number
  readonly limit: number
  count: number
}

/** Of an index without keys: it is never written to. */
const EMPTY = new Int32Array(2)
const NO_DIRECTORY: Int32Array[] = []
const SMALLEST = 16
const LARGEST = 1 << 15
/** Folding leaves the highest 15 bits of the product as they are. */
const DEEPEST = 15

/** While it is small, memory is cheaper than longer probes. */
function limitOf(size: number): number {
  return size < LARGEST ? size >> 1 : (size * 5) >> 3
}

/** So that segments that fill alike do not all split within the same few records. */
function staggered(count: number): number {
  return limitOf(LARGEST) - (Math.imul(count, 0x9e3779b1) >>> 20)
}

function hashOf(key: number): number {
  const product = Math.imul(key, 0x9e3779b1)
  return product ^ (product >>> 15)
}

function put(cells: Int32Array, mask: number, hash: number, key: number, stored: number): void {
  let at = hash & mask
  while (cells[(at << 1) + 1] !== 0) at = (at + 1) & mask
  cells[at << 1] = key
  cells[(at << 1) + 1] = stored
}

/** Moves back what was pushed on by the removed key, so that no marks of removed keys remain. */
function remove(cells: Int32Array, mask: number, hash: number, key: number): void {
  let hole = hash & mask
  while (cells[hole << 1] !== key || cells[(hole << 1) + 1] === 0) hole = (hole + 1) & mask
  for (let at = (hole + 1) & mask; cells[(at << 1) + 1] !== 0; at = (at + 1) & mask) {
    const home = hashOf(cells[at << 1] as number) & mask
    if (((at - home) & mask) < ((at - hole) & mask)) continue
    cells[hole << 1] = cells[at << 1] as number
    cells[(hole << 1) + 1] = cells[(at << 1) + 1] as number
    hole = at
  }
  cells[hole << 1] = 0
  cells[(hole << 1) + 1] = 0
}
