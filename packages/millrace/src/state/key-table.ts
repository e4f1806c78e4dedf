import { keyGroupOf } from '../core/key-group.ts'
import { keyHash } from '../serde/key.ts'
import type { Key } from './contract.ts'
import type { Epochs } from './epochs.ts'
import { KeyIndex } from './key-index.ts'
import type { IntIndex } from './int-index.ts'
import { ownKey, SlotTable } from './slot-table.ts'

/**
 * The keys of one operator in one subtask, each with a slot under which all its states and timers are found: one lookup a
 * record, however many states.
 */
export class KeyTable extends SlotTable {
  readonly integers: IntIndex
  private readonly index: KeyIndex = new KeyIndex()

  constructor(epochs: Epochs, maxParallelism: number) {
    super(epochs, maxParallelism)
    this.integers = this.index.integers
  }

  /** Slot of a key, or -1. @throws {INVALID_KEY} */
  find(key: Key): number {
    return this.index.find(key)
  }

  /** The key must not be there. @throws {INVALID_KEY} */
  insert(key: Key): number {
    return this.insertInto(key, keyGroupOf(keyHash(key), this.maxParallelism))
  }

  private insertInto(key: Key, group: number): number {
    const own = ownKey(key)
    const slot = this.take(own, group)
    this.index.add(own, slot)
    return slot
  }

  restoreSlot(key: Key, group: number): number {
    const slot = this.find(key)
    return slot < 0 ? this.insertInto(key, group) : slot
  }

  protected forget(_slot: number, key: Key): void {
    this.index.remove(key)
  }
}
