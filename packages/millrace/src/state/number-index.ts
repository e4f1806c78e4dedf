/**
 * From any number to its slot, for those that are no 32-bit integers; extendible hashing as in int-index.ts.
 *
 *     cell, 16 bytes, so that a hit costs one cache line:   | key f64 | slot + 1, 0 = free, i32 | unused |
 *
 * -0 is 0. NaN is not for this index: it equals nothing.
 * @source Fagin, Nievergelt, Pippenger, Strong: Extendible Hashing, 1979
 */
export class NumberIndex {
  count: number = 0
  private directory: Segment[] = []
  /** `hash >>> shift` is the place in the directory: 2^(32 - shift) places. */
  private shift: number = 31

  constructor() {
    const first = new Segment(SMALLEST, 0)
    this.directory = [first, first]
  }

  /** Slot of a key, or -1. */
  find(key: number): number {
    const hash = hashNumber(key)
    const segment = this.directory[hash >>> this.shift] as Segment
    const { cells, slots, mask } = segment
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = slots[(at << 2) + 2] as number
      if (slot === 0) return -1
      if (cells[at << 1] === key) return slot - 1
    }
  }

  /** The key must not be there. */
  add(key: number, slot: number): void {
    const hash = hashNumber(key)
    let segment = this.directory[hash >>> this.shift] as Segment
    while (segment.count >= segment.limit) {
      if (segment.mask + 1 < LARGEST || segment.depth >= DEEPEST) this.replace(segment, segment.doubled())
      else this.split(segment)
      segment = this.directory[hash >>> this.shift] as Segment
    }
    segment.add(hash, key, slot)
    this.count++
  }

  /** The key must be there. */
  remove(key: number): void {
    const hash = hashNumber(key)
    ;(this.directory[hash >>> this.shift] as Segment).remove(hash, key)
    this.count--
  }

  private replace(segment: Segment, by: Segment): void {
    const directory = this.directory
    for (let i = 0; i < directory.length; i++) if (directory[i] === segment) directory[i] = by
  }

  private split(segment: Segment): void {
    if (segment.depth === 32 - this.shift) {
      const doubled: Segment[] = []
      for (const each of this.directory) doubled.push(each, each)
      this.directory = doubled
      this.shift--
    }
    const bit = 31 - segment.depth
    const halves = [new Segment(segment.mask + 1, segment.depth + 1), new Segment(segment.mask + 1, segment.depth + 1)] as const
    segment.each((hash, key, slot) => halves[((hash >>> bit) & 1) as 0 | 1].add(hash, key, slot))
    const directory = this.directory
    for (let i = 0; i < directory.length; i++)
      if (directory[i] === segment) directory[i] = halves[(((i << this.shift) >>> bit) & 1) as 0 | 1]
    // So that segments that fill alike do not all split within the same few records.
    for (const half of halves) half.limit -= Math.imul(half.count, 0x9e3779b1) >>> 19
  }
}

const SMALLEST = 16
const LARGEST = 1 << 15
/** From here on keys have equal hashes by design of someone: a segment then grows instead. */
const DEEPEST = 18

class Segment {
  readonly cells: Float64Array
  readonly slots: Int32Array
  readonly mask: number
  readonly depth: number
  count: number = 0
  limit: number

  constructor(size: number, depth: number) {
    this.cells = new Float64Array(size * 2)
    this.slots = new Int32Array(this.cells.buffer)
    this.mask = size - 1
    this.depth = depth
    this.limit = (size * 3) >> 2
  }

  add(hash: number, key: number, slot: number): void {
    const { cells, slots, mask } = this
    let at = hash & mask
    while (slots[(at << 2) + 2] !== 0) at = (at + 1) & mask
    cells[at << 1] = key
    slots[(at << 2) + 2] = slot + 1
    this.count++
  }

  /** Moves back what was pushed on by the removed key, so that no marks of removed keys remain. */
  remove(hash: number, key: number): void {
    const { cells, slots, mask } = this
    let hole = hash & mask
    while (cells[hole << 1] !== key || slots[(hole << 2) + 2] === 0) hole = (hole + 1) & mask
    for (let at = (hole + 1) & mask; slots[(at << 2) + 2] !== 0; at = (at + 1) & mask) {
      const home = hashNumber(cells[at << 1] as number) & mask
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      cells[hole << 1] = cells[at << 1] as number
      slots[(hole << 2) + 2] = slots[(at << 2) + 2] as number
      hole = at
    }
    cells[hole << 1] = 0
    slots[(hole << 2) + 2] = 0
    this.count--
  }

  doubled(): Segment {
    const larger = new Segment((this.mask + 1) * 2, this.depth)
    this.each((hash, key, slot) => larger.add(hash, key, slot))
    return larger
  }

  each(visit: (hash: number, key: number, slot: number) => void): void {
    const { cells, slots, mask } = this
    for (let at = 0; at <= mask; at++) {
      const slot = slots[(at << 2) + 2] as number
      if (slot !== 0) visit(hashNumber(cells[at << 1] as number), cells[at << 1] as number, slot - 1)
    }
  }
}

const float = new Float64Array(1)
const halves = new Int32Array(float.buffer)

/** Not the hash of key groups: this one only has to spread, and is never stored. */
function hashNumber(key: number): number {
  const integer = key | 0
  if (integer === key) return mixed(integer)
  float[0] = key
  return mixed((halves[0] as number) ^ Math.imul(halves[1] as number, 0x9e3779b1))
}

/** @source Chris Wellons, hash-prospector, `lowbias32` */
function mixed(bits: number): number {
  let h = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad)
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97)
  return h ^ (h >>> 15)
}
