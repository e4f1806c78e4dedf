import { outsideCall } from '../core/errors.ts'
import { checkValue, fieldPath } from '../serde/check.ts'
import { deepFreeze } from '../serde/freeze.ts'
import { copyString } from '../serde/strings.ts'
import type { HeapStateOptions, Key } from './contract.ts'
import { EntryWriter } from './entry-writer.ts'
import { Epochs } from './epochs.ts'
import type { SlotTable } from './slot-table.ts'

/** What all columns of one operator share: the current key and its slot, the slots, the epochs, and the snapshot at hand. */
export abstract class StateContext {
  now: number = 0
  key: Key | undefined = undefined
  /** Slot of the current key, -1 when it has none. */
  current: number = -1
  readonly epochs: Epochs = new Epochs()
  abstract readonly table: SlotTable
  readonly entries: EntryWriter
  readonly options: HeapStateOptions
  private readonly freezeAll: boolean
  private stored: number = 0

  constructor(options: HeapStateOptions) {
    this.options = options
    this.entries = new EntryWriter(options.maxParallelism, Object.keys(options.declarations).length)
    this.freezeAll = options.freeze === 'always'
  }

  /** No key is current. */
  leave(): void {
    this.key = undefined
    this.current = -1
  }

  /** Slot of the current key, or -1. @throws {OUTSIDE_CALL} where no key is current (ST-1) */
  find(): number {
    if (this.current < 0 && this.key === undefined) throw outsideCall('State or a timer is used')
    return this.current
  }

  /** Slot of the current key, inserted when it is new. @throws as `find` */
  slot(): number {
    const slot = this.find()
    return slot >= 0 ? slot : (this.current = this.table.insert(this.key as Key))
  }

  /** Makes the key of a slot current. */
  setSlot(slot: number): void {
    this.key = this.table.keyOf(slot)
    this.current = slot
  }

  /**
   * A value that is no number, as it is to be kept: no slice of a longer string (rules 1.7); frozen and checked always in test
   * mode, and for the first 100 and one in 1,024 later else (rules 1.12).
   * @throws {UNSUPPORTED_VALUE}
   */
  keep(value: unknown, name: string): unknown {
    if (typeof value === 'string') return value.length > 12 ? copyString(value) : value
    if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return value
    const stored = this.stored++
    if (!this.freezeAll && stored >= 100 && stored % 1024 !== 0) return value
    checkValue(value, fieldPath('state', name))
    return deepFreeze(value)
  }

  /** What is read without having been written: a change in place would be lost at once. As often as `keep`. */
  freezeSome(value: unknown): unknown {
    if (typeof value !== 'object') return value
    const stored = this.stored++
    return this.freezeAll || stored < 100 || stored % 1024 === 0 ? deepFreeze(value) : value
  }

  /** As `keep` for what may be changed in place: checked alike, never frozen. */
  keepOpen(value: unknown): unknown {
    const stored = this.stored++
    if (this.freezeAll || stored < 100 || stored % 1024 === 0) checkValue(value, 'accumulator')
    return value
  }
}
