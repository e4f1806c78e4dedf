/** A source of the reference, delivered as the seed likes: which split is served, when there is nothing, which splits are silent. */
import { defineSource, type Batch, type Env, type Reader, type Source, type SourceContext } from 'millrace/connect'
import type { ArrivalEvent } from '../../reference/interpret.ts'
import type { Row, SourceSpec, Split } from '../../reference/program.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'

export interface DeliveryStyle {
  readonly ownTimestamps: boolean
  /** Splits are found one after another. */
  readonly discovers: boolean
  /** Chance of 'wait' at a poll. */
  readonly waits: number
  /** Chance that a split falls silent after a batch. */
  readonly silences: number
  /** Chance that it gives what it likes and not what it was asked for. */
  readonly disobeys: number
}

/** The recorded arrival of one source read by one subtask, cut back at each restore. */
export class SourceWorld {
  readonly source: Source<Row>
  readonly style: DeliveryStyle
  arrival: ArrivalEvent[] = []
  readonly violations: string[] = []
  hasIdled = false
  readonly spec: SourceSpec
  readonly #random: SeededRandom

  constructor(spec: SourceSpec, seed: number, style: DeliveryStyle) {
    this.spec = spec
    this.style = style
    this.#random = new SeededRandom(seed, `source ${spec.id}`)
    this.source = defineSource<Row, number>({
      kind: 'oracle',
      bounded: true,
      replayable: true,
      timestamps: style.ownTimestamps,
      open: (context) => {
        this.#cut(context)
        return Promise.resolve(new FakeReader(this, context, this.#random))
      },
    })
  }

  splitsIdle(splits: readonly string[]): void {
    this.hasIdled = true
    for (const split of splits) this.arrival.push({ kind: 'split-idle', source: this.spec.id, split })
  }

  /** What lies behind the restored positions has not happened. */
  #cut({ restored, ended }: SourceContext<number>): void {
    const read = new Map<string, number>()
    this.arrival = this.arrival.filter((event) => {
      if (event.kind !== 'batch' && event.kind !== 'split-ended') return true
      const all = this.spec.splits.find(({ id }) => id === event.split)?.records.length ?? 0
      if (event.kind === 'split-ended') return ended.has(event.split)
      const upTo = (read.get(event.split) ?? 0) + event.count
      read.set(event.split, upTo)
      return upTo <= (ended.has(event.split) ? all : (restored.get(event.split) ?? 0))
    })
  }
}

class FakeReader implements Reader<Row, number> {
  readonly splits: Map<string, number> = new Map()
  readonly #world: SourceWorld
  readonly #random: SeededRandom
  readonly #env: Env
  readonly #undiscovered: Split[]
  readonly #position = new Map<string, number>()
  readonly #silentUntilMs = new Map<string, number>()
  readonly #acknowledged = new Map<string, number>()
  #isWaiting = false

  constructor(world: SourceWorld, context: SourceContext<number>, random: SeededRandom) {
    this.#world = world
    this.#random = random
    this.#env = context.env
    for (const split of context.restored.keys())
      if (!context.owns(split)) world.violations.push(`${context.source} was given the split ${split} that it does not own`)
    const owned = world.spec.splits.filter(({ id }) => context.owns(id) && !context.ended.has(id))
    for (const { id } of owned) this.#position.set(id, context.restored.get(id) ?? 0)
    const known = (split: Split): boolean => !world.style.discovers || context.restored.has(split.id)
    for (const split of owned.filter(known)) this.splits.set(split.id, this.#position.get(split.id) as number)
    this.#undiscovered = owned.filter((split) => !known(split))
  }

  poll(first: string | undefined): Batch<Row, number> | 'wait' | 'end' {
    // A split is announced before it is served, not in the same poll.
    const given = this.#serve(first)
    if (this.#undiscovered.length > 0 && this.#random.chance(0.3)) this.#discover()
    return given
  }

  #serve(first: string | undefined): Batch<Row, number> | 'wait' | 'end' {
    const { style } = this.#world
    if (this.splits.size === 0 && this.#undiscovered.length === 0) return 'end'
    if (this.#random.chance(style.waits)) return this.#wait()
    const now = this.#env.clock.monotonic()
    const served = [...this.splits.keys()].filter((split) => (this.#silentUntilMs.get(split) ?? 0) <= now)
    if (served.length === 0) return this.#wait()
    const split = first !== undefined && served.includes(first) && !this.#random.chance(style.disobeys) ? first : this.#random.pick(served)
    return this.#batch(this.#world.spec.splits.find(({ id }) => id === split) as Split)
  }

  ready(): Promise<void> {
    if (!this.#isWaiting) this.#world.violations.push(`${this.#world.spec.id}: ready without 'wait'`)
    const delayMs = this.#random.chance(0.1) ? this.#random.next() * 200 : this.#random.next() * 8
    return new Promise((resolve) => this.#env.timers.after(delayMs, resolve))
  }

  acknowledge(positions: ReadonlyMap<string, number>): Promise<void> {
    for (const [split, position] of positions) {
      if (position < (this.#acknowledged.get(split) ?? 0))
        this.#world.violations.push(`${split} was acknowledged at ${position} after ${this.#acknowledged.get(split)}`)
      if (position > (this.#position.get(split) ?? position))
        this.#world.violations.push(`${split} was acknowledged at ${position}, before it was read`)
      this.#acknowledged.set(split, position)
    }
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #wait(): 'wait' {
    this.#isWaiting = true
    return 'wait'
  }

  #discover(): void {
    const [split] = this.#undiscovered.splice(0, 1)
    if (split !== undefined) this.splits.set(split.id, this.#position.get(split.id) as number)
  }

  #batch({ id, records, batch }: Split): Batch<Row, number> {
    this.#isWaiting = false
    const { spec, style, arrival } = this.#world
    const from = this.#position.get(id) as number
    if (from < records.length && this.#random.chance(0.03)) {
      arrival.push({ kind: 'batch', source: spec.id, split: id, count: 0 })
      return { split: id, values: [], next: from }
    }
    const given = records.slice(from, from + batch)
    const next = from + given.length
    const splitEnded = next === records.length && (given.length === 0 || this.#random.chance(0.5))
    this.#position.set(id, next)
    if (splitEnded) this.splits.delete(id)
    if (this.#random.chance(style.silences)) this.#silentUntilMs.set(id, this.#env.clock.monotonic() + this.#random.next() * 250)
    if (given.length === 0) arrival.push({ kind: 'split-ended', source: spec.id, split: id })
    else arrival.push({ kind: 'batch', source: spec.id, split: id, count: given.length, ...(splitEnded ? { ended: true } : {}) })
    const timestamps = style.ownTimestamps ? { timestamps: Float64Array.from(given, ({ ts }) => ts ?? Number.NaN) } : {}
    return { split: id, values: given as readonly Row[], next, splitEnded, ...timestamps }
  }
}
