import { keyIdentity } from '../serde/key.ts'
import type { Key } from './contract.ts'
import { IntIndex } from './int-index.ts'
import { NumberIndex } from './number-index.ts'
import { TextIndex } from './text-index.ts'

/** From a key of any kind to its slot. */
export class KeyIndex {
  /** Those that are 32-bit integers. */
  readonly integers: IntIndex = new IntIndex()
  private numbers: NumberIndex | undefined = undefined
  private texts: TextIndex | undefined = undefined
  private nanSlot: number = -1

  /** Slot of a key, or -1. */
  find(key: Key): number {
    if (typeof key === 'number') {
      const integer = key | 0
      if (integer === key) return this.integers.find(integer)
    }
    return this.findOther(key)
  }

  private findOther(key: Key): number {
    if (typeof key !== 'number') return this.texts === undefined ? -1 : this.texts.find(textOf(key))
    if (key !== key) return this.nanSlot
    return this.numbers === undefined ? -1 : this.numbers.find(key)
  }

  /** The key must not be there. */
  add(key: Key, slot: number): void {
    if (typeof key !== 'number') (this.texts ??= new TextIndex()).add(textOf(key), slot)
    else if ((key | 0) === key) this.integers.add(key, slot)
    else if (key === key) (this.numbers ??= new NumberIndex()).add(key, slot)
    else this.nanSlot = slot
  }

  /** The key must be there. */
  remove(key: Key): void {
    if (typeof key !== 'number') this.texts?.remove(textOf(key))
    else if ((key | 0) === key) this.integers.remove(key)
    else if (key === key) this.numbers?.remove(key)
    else this.nanSlot = -1
  }
}

/** A text that begins with NUL could be the identity of another key. */
function textOf(key: Exclude<Key, number>): string {
  return typeof key === 'string' && key.charCodeAt(0) !== 0 ? key : (keyIdentity(key) as string)
}
