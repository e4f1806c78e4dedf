/** The input, by key group: what was read before a restore is read again after it, and more is drawn when there is no more. */
import type { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { keySelector } from '../../reference/behaviours.ts'
import type { InputRecord } from '../../reference/program.ts'
import type { KeyGroups } from '../oracle/orders.ts'
import type { WindowCase } from './draw.ts'

/** How many records of each key group have been read. */
export type Positions = readonly number[]

export class Feed {
  /** In the order in which they were drawn. */
  readonly records: InputRecord[] = []
  readonly #case: WindowCase
  readonly #random: SeededRandom
  readonly #groups: KeyGroups
  readonly #logs: InputRecord[][]
  #read: number[]
  /** How many may be drawn. */
  #limit = 0
  /** Time of the record that was drawn last, by the first key group of its owner. */
  readonly #last = new Map<number, number>()
  #latest = 0

  constructor(of: WindowCase, random: SeededRandom, groups: KeyGroups) {
    this.#case = of
    this.#random = random
    this.#groups = groups
    this.#logs = Array.from({ length: groups.count }, () => [])
    this.#read = this.#logs.map(() => 0)
  }

  get positions(): Positions {
    return [...this.#read]
  }

  /** For the attempt of this number. */
  restore(positions: Positions | undefined, attempt: number): void {
    const { records, crashes, isShared } = this.#case
    this.#limit = isShared ? Math.ceil((records * attempt) / (crashes + 1)) : records
    this.#read = this.#logs.map((_, group) => positions?.[group] ?? 0)
  }

  /** The next record for an owner of these groups, whose order is fixed for each group only; undefined when there is none. */
  next(first: number, last: number, watermarkOf: (group: number) => number): InputRecord | undefined {
    const waiting: number[] = []
    for (let group = first; group <= last; group++) if (this.#hasNext(group)) waiting.push(group)
    const isDrawn = waiting.length === 0 || this.#random.chance(0.5)
    const drawn = isDrawn ? this.#draw(first, last, watermarkOf) : undefined
    const group = drawn ?? (waiting.length > 0 ? this.#random.pick(waiting) : undefined)
    if (group === undefined) return undefined
    const at = this.#read[group] as number
    this.#read[group] = at + 1
    return this.#logs[group]?.[at]
  }

  isOver(first: number, last: number): boolean {
    if (this.records.length < this.#case.records && this.#keysOf(first, last).length > 0) return false
    for (let group = first; group <= last; group++) if (this.#hasNext(group)) return false
    return true
  }

  #hasNext(group: number): boolean {
    return (this.#read[group] as number) < (this.#logs[group] as InputRecord[]).length
  }

  #keysOf(first: number, last: number): WindowCase['keys'] {
    return this.#case.keys.filter((fields) => {
      const group = this.#groupOf(fields)
      return group >= first && group <= last
    })
  }

  #groupOf(fields: Pick<InputRecord, 'key' | 'tag'>): number {
    return this.#groups.groupOf(keySelector(this.#case.key)(fields))
  }

  /** Around what its key has reached: on time, late for some windows, late for all. */
  #draw(first: number, last: number, watermarkOf: (group: number) => number): number | undefined {
    const keys = this.#keysOf(first, last)
    if (keys.length === 0 || this.records.length >= this.#limit) return undefined
    const random = this.#random
    const { key, tag } = random.pick(keys)
    const group = this.#groupOf({ key, tag })
    const reached = watermarkOf(group)
    const base = Number.isFinite(reached) && random.chance(0.8) ? reached : this.#latest
    const before = this.#last.get(first)
    const ts =
      before !== undefined && random.chance(0.4)
        ? before
        : base + random.below(random.pick([1, 5, 20, 150, 400])) - random.below(random.pick([1, 5, 10, 100, 300]))
    this.#last.set(first, ts)
    this.#latest = Math.max(this.#latest, ts)
    const record: InputRecord = { id: this.records.length + 1, key, value: random.below(106) - 5, ts, tag }
    this.records.push(record)
    this.#logs[group]?.push(record)
    return group
  }
}
