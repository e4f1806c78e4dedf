import { keyGroupOf } from '../core/key-group.ts'
import { keyHash, keyIdentity } from '../serde/key.ts'
import type { Key } from './contract.ts'
import { IntList, ObjectList } from './pages.ts'
import { meanOf } from './size.ts'
import { ownKey, textBytesOf } from './slot-table.ts'
import { TextIndex } from './text-index.ts'

/** So many keys may be without a use in any case. */
const SLACK = 64
/** How `uses` counts: the lowest bit says that the code is in a list of idle ones. */
const IS_LISTED = 1
const ONE_USE = 2

/** Of a code: group, uses, slot, and the place of the key. */
const CODE_BYTES = 20

function bytesOf(key: Key | undefined): number {
  return key === undefined ? 0 : textBytesOf(key)
}

/**
 * Dictionary encoding of keys that are no numbers: each has a code, an integer, as long as something uses it. A table of many windows
 * copies, hashes and looks up a text once, and each window knows it by its code.
 *
 * A key often comes back in the next window when the one before is gone. So keys without a use stay, as many as were used at a time
 * since the period before the last; those that have waited longest go first, more or less.
 */
export class KeyDictionary {
  private readonly texts: TextIndex = new TextIndex()
  /** By identity: tuples, big integers, booleans. */
  private readonly others: TextIndex = new TextIndex()
  private readonly maxParallelism: number
  /** By code. */
  private readonly keys: ObjectList<Key | undefined> = new ObjectList()
  private readonly groups: IntList = new IntList()
  private readonly uses: IntList = new IntList()
  private readonly slots: IntList = new IntList()
  private readonly free: IntList = new IntList()
  private used: number = 0
  private idle: number = 0
  /** Most that were used at a time: in this period, and in the one before. */
  private peak: number = 0
  private peakBefore: number = 0
  /** Codes that lost their last use, some of which have one again: each is in one of them, once. */
  private older: IntList = new IntList()
  private newer: IntList = new IntList()

  constructor(maxParallelism: number) {
    this.maxParallelism = maxParallelism
  }

  /** Keys that have a code. */
  get count(): number {
    return this.used + this.idle
  }

  /** Code of a key, or -1. @throws {INVALID_KEY} */
  find(key: Exclude<Key, number>): number {
    return typeof key === 'string' ? this.texts.find(key) : this.others.find(keyIdentity(key) as string)
  }

  /** The code of a key that has none. It has no use yet, and has to get one at once. @throws {INVALID_KEY} */
  add(key: Exclude<Key, number>): number {
    const group = keyGroupOf(keyHash(key), this.maxParallelism)
    const own = ownKey(key)
    const code = this.free.length > 0 ? this.free.pop() : this.next()
    this.keys.put(code, own)
    this.groups.put(code, group)
    if (typeof own === 'string') this.texts.add(own, code)
    else this.others.add(keyIdentity(own) as string, code)
    this.idle++
    return code
  }

  private next(): number {
    this.keys.push(undefined)
    this.groups.push(0)
    this.uses.push(0)
    this.slots.push(0)
    return this.keys.length - 1
  }

  keyOf(code: number): Key {
    return this.keys.at(code) as Key
  }

  groupOf(code: number): number {
    return this.groups.at(code)
  }

  /** The slot that the key was given last: it may be another key's by now. */
  lastSlotOf(code: number): number {
    return this.slots.at(code)
  }

  setLastSlot(code: number, slot: number): void {
    this.slots.put(code, slot)
  }

  use(code: number): void {
    const uses = this.uses.at(code)
    this.uses.put(code, uses + ONE_USE)
    if (uses >= ONE_USE) return
    this.idle--
    if (++this.used > this.peak) this.peak = this.used
  }

  unuse(code: number): void {
    const uses = this.uses.at(code) - ONE_USE
    this.uses.put(code, uses | (uses < ONE_USE ? IS_LISTED : 0))
    if (uses >= ONE_USE) return
    this.idle++
    this.used--
    if (uses !== IS_LISTED) this.newer.push(code)
  }

  /** Another period begins: a window has ended. */
  nextPeriod(): void {
    this.peakBefore = this.peak
    this.peak = this.used
  }

  /** Looks at up to `count` codes that may be too many; true when none is. */
  trimSome(count: number): boolean {
    const limit = Math.max(this.peak, this.peakBefore) + SLACK
    for (let looks = 0; looks < count && this.idle > limit; looks++) this.dropOne()
    return this.idle <= limit
  }

  /** An estimate (state/size.ts). */
  sizeBytes(): number {
    return this.keys.length * (CODE_BYTES + meanOf(this.keys.length, (code) => bytesOf(this.keys.at(code))))
  }

  /** Takes one code from the lists; it goes, unless it is used again. */
  private dropOne(): void {
    if (this.older.length === 0) [this.older, this.newer] = [this.newer, this.older]
    const code = this.older.pop()
    const uses = this.uses.at(code) - IS_LISTED
    this.uses.put(code, uses)
    if (uses >= ONE_USE) return
    const key = this.keyOf(code)
    if (typeof key === 'string') this.texts.remove(key)
    else this.others.remove(keyIdentity(key) as string)
    this.keys.put(code, undefined)
    this.free.push(code)
    this.idle--
  }
}
