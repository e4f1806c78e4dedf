/**
 * From a text to its slot: one `Map`, and from {@link SPLIT_AT} entries on a directory of Maps over the highest bits of a hash,
 * each of which splits when it is full. A single Map would stop the thread for 30 ms at half a million entries to rehash, and
 * ends at 2^24. While there is one Map, no hash is computed but its own.
 */
export class TextIndex {
  count: number = 0
  private only: Map<string, number> | undefined = new Map()
  private directory: Segment[] = []
  private shift: number = 31

  /** Slot of a key, or -1. */
  find(key: string): number {
    const map = this.only ?? (this.directory[hashText(key) >>> this.shift] as Segment).map
    const slot = map.get(key)
    return slot === undefined ? -1 : slot
  }

  /** The key must not be there. */
  add(key: string, slot: number): void {
    this.count++
    if (this.only !== undefined) {
      this.only.set(key, slot)
      if (this.only.size >= SPLIT_AT) this.leave(this.only)
      return
    }
    const segment = this.directory[hashText(key) >>> this.shift] as Segment
    segment.map.set(key, slot)
    if (segment.map.size >= segment.limit && segment.depth < DEEPEST) this.split(segment)
  }

  /** The key must be there. */
  remove(key: string): void {
    this.count--
    const map = this.only ?? (this.directory[hashText(key) >>> this.shift] as Segment).map
    map.delete(key)
  }

  private leave(only: Map<string, number>): void {
    const first: Segment = { map: only, depth: 0, limit: SPLIT_AT }
    this.directory = [first, first]
    this.only = undefined
    this.split(first)
  }

  private split(segment: Segment): void {
    if (segment.depth === 32 - this.shift) {
      const doubled: Segment[] = []
      for (const each of this.directory) doubled.push(each, each)
      this.directory = doubled
      this.shift--
    }
    const bit = 31 - segment.depth
    const low = new Map<string, number>()
    const high = new Map<string, number>()
    for (const [key, slot] of segment.map) ((hashText(key) >>> bit) & 1 ? high : low).set(key, slot)
    // Staggered, so that segments that fill alike do not all split within the same few records.
    const halves = [low, high].map((map): Segment => ({
      map,
      depth: segment.depth + 1,
      limit: SPLIT_AT - (Math.imul(map.size, 0x9e3779b1) >>> 20),
    }))
    const directory = this.directory
    for (let i = 0; i < directory.length; i++)
      if (directory[i] === segment) directory[i] = halves[((i << this.shift) >>> bit) & 1] as Segment
  }
}

interface Segment {
  readonly map: Map<string, number>
  readonly depth: number
  readonly limit: number
}

const SPLIT_AT = 16384
/** From here on keys have equal hashes by design of someone: a Map then grows instead. */
const DEEPEST = 18

/** Not the hash of key groups: this one only has to spread, and is never stored. */
function hashText(text: string): number {
  let h = text.length
  for (let i = 0; i < text.length; i++) h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad)
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97)
  return h ^ (h >>> 15)
}
