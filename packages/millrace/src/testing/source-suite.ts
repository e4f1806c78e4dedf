import { SeededRandom } from '../connectors/seeded-random.ts'
import { sourceDefinitionOf, type Batch, type Plain, type Reader, type Source, type SourceDefinition } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import { shown } from '../plan/ids.ts'
import { check, checkSame, contractCases, ContractViolation, type ContractCase } from './contract-case.ts'
import { checkSuiteOptions, wrongOption } from './suite-options.ts'

/** How the suite opens a source, and what must come out of it. */
export interface SourceSuiteOptions<T> {
  readonly env: Env
  /** Makes a source; called once for each case. All have the same records. */
  create(): Source<T> | Promise<Source<T>>
  /** Every split with its records in order. Of a source without end as many as are to be read. */
  readonly expected: ReadonlyMap<string, readonly T[]>
  /** Where its batches end depends on the clock, as at a rate: that they end where they ended before is not tried. */
  readonly isPaced?: boolean
  /** For the random cases; 1 if not given. */
  readonly seed?: number
}

/**
 * The contract of replayable sources: from the position of any batch a reader goes on exactly there, however its work is cut
 * up and whoever owns which split; splits are announced, end once, and belong to one reader.
 *
 * @throws {INVALID_OPTION} {INVALID_JOB}
 */
export function sourceSuite<T>(options: SourceSuiteOptions<T>): readonly ContractCase[] {
  checkSuiteOptions('sourceSuite', options, ['create'])
  checkExpected(options.expected)
  return contractCases({ ...cases, ...(options.isPaced === true ? {} : unlessPaced) }, options.env, () => makeBench(options))
}

function checkExpected(expected: unknown): void {
  const want = "a Map of each split with its records in order, such as new Map([['0', records]])"
  if (!(expected instanceof Map)) throw wrongOption('sourceSuite', 'expected', expected, want)
  for (const [split, records] of expected)
    if (!Array.isArray(records)) throw wrongOption('sourceSuite', `expected.get(${shown(split)})`, records, 'an array of records')
}

type SourceCase = (bench: Bench) => Promise<void>
type AnyBatch = Batch<unknown, Plain>
type AnyReader = Reader<unknown, Plain>

/** How far an attempt has come: what a checkpoint would hold. */
interface Progress {
  readonly positions: ReadonlyMap<string, Plain>
  readonly ended: ReadonlyMap<string, Plain>
}

const NOTHING: Progress = { positions: new Map(), ended: new Map() }
/** Polls without a batch after which a reader is taken to be stuck. */
const MAX_WAITS = 10_000

class Bench {
  readonly expected: ReadonlyMap<string, readonly unknown[]>
  readonly random: SeededRandom
  readonly #env: Env
  readonly #definition: SourceDefinition<unknown, Plain>

  constructor(options: SourceSuiteOptions<unknown>, definition: SourceDefinition<unknown, Plain>) {
    this.expected = options.expected
    this.random = new SeededRandom(options.seed ?? 1, 'source suite')
    this.#env = options.env
    this.#definition = definition
  }

  get isBounded(): boolean {
    return this.#definition.bounded
  }

  open(from: Progress = NOTHING, owns: (split: string) => boolean = () => true): Promise<AnyReader> {
    const restored = new Map([...from.positions].filter(([split]) => owns(split)))
    return this.#definition.open({
      source: 'source/suite',
      env: this.#env,
      restored,
      ended: new Map([...from.ended].filter(([split]) => owns(split))),
      owns,
      signal: new AbortController().signal,
    })
  }

  /** The next batch; undefined at the end. */
  async next(reader: AnyReader, first?: string): Promise<AnyBatch | undefined> {
    for (let waits = 0; waits < MAX_WAITS; waits++) {
      const polled = reader.poll(first)
      if (polled === 'end') return undefined
      if (polled !== 'wait') return this.#checked(polled)
      await reader.ready()
    }
    throw new ContractViolation(`${MAX_WAITS} times ready, and never a batch`)
  }

  /** Lets what is read in the background come in. */
  rest(): Promise<void> {
    return new Promise((resolve) => this.#env.timers.after(1, resolve))
  }

  /** All batches, or as many as give what is expected. */
  async readAll(reader: AnyReader): Promise<AnyBatch[]> {
    const batches: AnyBatch[] = []
    const wanted = [...this.expected.values()].reduce((sum, values) => sum + values.length, 0)
    for (let count = 0; this.isBounded || count < wanted;) {
      const batch = await this.next(reader)
      if (batch === undefined) break
      batches.push(batch)
      count += batch.values.length
    }
    await reader.close()
    return batches
  }

  /** Of each split its records, whole and in order; the surplus of a source without end is left out. */
  isAll(batches: readonly AnyBatch[], rule: string): void {
    for (const [split, values] of this.expected) {
      const read = batches.filter((batch) => batch.split === split).flatMap((batch) => batch.values)
      checkSame(this.isBounded ? read : read.slice(0, values.length), values, `${rule}: split ${split}`)
    }
    for (const batch of batches) check(this.expected.has(batch.split), `${rule}: nobody expects a split ${batch.split}`)
  }

  #checked(batch: AnyBatch): AnyBatch {
    check(batch.timestamps === undefined || batch.timestamps.length === batch.values.length, 'there is a timestamp for each value')
    for (const timestamp of batch.timestamps ?? [])
      check(
        Number.isNaN(timestamp) || Number.isSafeInteger(timestamp),
        `a timestamp is a whole number of milliseconds or NaN, not ${timestamp}`,
      )
    check(isPlain(batch.next), `the position after a batch of ${batch.split} is plain data`)
    for (const broken of batch.broken ?? [])
      check(broken.index >= 0 && broken.index <= batch.values.length, 'a broken record stands somewhere in its batch')
    return batch
  }
}

async function makeBench<T>(options: SourceSuiteOptions<T>): Promise<Bench> {
  const definition = sourceDefinitionOf(await options.create())
  if (definition === undefined) throw new ContractViolation('create() gives no source that defineSource has made')
  if (!definition.replayable) throw new ContractViolation('this suite is for replayable sources')
  return new Bench(options as SourceSuiteOptions<unknown>, definition)
}

function after(progress: Progress, batch: AnyBatch): Progress {
  const positions = new Map(progress.positions).set(batch.split, batch.next)
  return { positions, ended: batch.splitEnded === true ? new Map(progress.ended).set(batch.split, batch.next) : progress.ended }
}

const cases: Readonly<Record<string, SourceCase>> = {
  async 'every record of every split, in order'(bench) {
    bench.isAll(await bench.readAll(await bench.open()), 'all')
  },

  async 'splits are announced with their start, and end once'(bench) {
    const reader = await bench.open()
    checkSame([...reader.splits.keys()].sort(), [...bench.expected.keys()].sort(), 'the splits')
    for (const position of reader.splits.values()) check(isPlain(position), 'a start is plain data')
    if (!bench.isBounded) return reader.close()
    const ended: string[] = []
    for (let batch = await bench.next(reader); batch !== undefined; batch = await bench.next(reader)) {
      check(!ended.includes(batch.split), `nothing comes from ${batch.split} after its end`)
      if (batch.splitEnded === true) ended.push(batch.split)
      if (batch.splitEnded === true) check(!reader.splits.has(batch.split), 'a split that has ended is announced no more')
    }
    checkSame(ended.sort(), [...bench.expected.keys()].sort(), 'every split has ended')
    checkSame(reader.poll(undefined), 'end', 'the end stays the end')
    checkSame(reader.splits.size, 0, 'splits at the end')
    await reader.close()
  },

  async 'what it says of its progress only grows, to all of it at the end, also from a position in the middle'(bench) {
    const whole = await bench.readAll(await bench.open())
    for (const from of [NOTHING, whole.slice(0, Math.floor(whole.length / 2)).reduce(after, NOTHING), whole.reduce(after, NOTHING)]) {
      const reader = await bench.open(from)
      let last = checkedProgress(reader, 0)
      // Where batches end may depend on time.
      for (let left = whole.length; bench.isBounded || left > 0; left--) {
        if ((await bench.next(reader)) === undefined) break
        last = checkedProgress(reader, last)
      }
      if (bench.isBounded && last !== undefined) checkSame(checkedProgress(reader, last), 1, 'the progress at the end')
      await reader.close()
      checkedProgress(reader, last)
    }
  },

  async 'the start of a split can be restored'(bench) {
    const first = await bench.open()
    const positions = new Map(first.splits)
    await first.close()
    bench.isAll(await bench.readAll(await bench.open({ positions, ended: new Map() })), 'from checkpoint 0')
  },

  async 'there is a middle of a split to go on from'(bench) {
    const whole = await bench.readAll(await bench.open())
    const hasMiddle = whole.some(({ split }, index) => whole.findIndex((batch) => batch.split === split) < index)
    check(
      hasMiddle,
      'no split gives two batches, so that a restart cannot be tried: give it more records, until one batch does not hold them',
    )
  },

  async 'after any batch it goes on exactly there'(bench) {
    const whole = await bench.readAll(await bench.open())
    const stride = Math.max(1, Math.floor(whole.length / 24))
    let progress = NOTHING
    for (const [index, batch] of whole.entries()) {
      progress = after(progress, batch)
      if (index % stride !== 0 && index < whole.length - 2) continue
      const rest = bench.isBounded || index < whole.length - 1 ? await bench.readAll(await bench.open(progress)) : []
      bench.isAll([...whole.slice(0, index + 1), ...rest], `after batch ${index}`)
    }
  },

  async 'any chopping gives the same'(bench) {
    for (let round = 0; round < 6; round++) {
      const batches: AnyBatch[] = []
      let progress = NOTHING
      for (let isOver = false; !isOver;) {
        const reader = await bench.open(progress)
        for (let left = bench.random.below(6); left >= 0 && !isOver; left--) {
          const splits = [...reader.splits.keys()]
          const batch = await bench.next(reader, splits.length > 0 && bench.random.chance(0.7) ? bench.random.pick(splits) : undefined)
          isOver = batch === undefined || (!bench.isBounded && batches.length > 200)
          if (batch === undefined) break
          batches.push(batch)
          progress = after(progress, batch)
        }
        await reader.close()
      }
      bench.isAll(batches, `round ${round}`)
    }
  },

  async 'a split that has ended is not read again'(bench) {
    if (!bench.isBounded) return
    const whole = await bench.readAll(await bench.open())
    const progress = whole.reduce(after, NOTHING)
    const reader = await bench.open(progress)
    checkSame(reader.splits.size, 0, 'splits')
    checkSame(await bench.next(reader), undefined, 'batches')
    await reader.close()
  },

  async 'each split belongs to one reader'(bench) {
    const splits = [...bench.expected.keys()].sort()
    const owner = new Map(splits.map((split, index) => [split, index % 3]))
    const batches: AnyBatch[] = []
    for (let shard = 0; shard < 4; shard++) {
      const reader = await bench.open(NOTHING, (split) => owner.get(split) === shard)
      const mine = splits.filter((split) => owner.get(split) === shard)
      checkSame([...reader.splits.keys()].sort(), mine, `the splits of reader ${shard}`)
      if (bench.isBounded || mine.length > 0) batches.push(...(await bench.readAll(reader)))
    }
    if (bench.isBounded || splits.length === 1) bench.isAll(batches, 'all readers together')
  },

  async 'the split that is asked for is served'(bench) {
    if (!bench.isBounded) return
    const wanted = [...bench.expected.keys()].at(-1)
    if (wanted === undefined) return
    const reader = await bench.open()
    let others = 0
    for (let batch = await bench.next(reader, wanted); batch !== undefined; batch = await bench.next(reader, wanted)) {
      if (batch.split === wanted && batch.splitEnded === true) break
      if (batch.split !== wanted) others++
      await bench.rest()
    }
    check(!reader.splits.has(wanted), `${wanted} came to its end, after ${others} batches of others`)
    await reader.close()
  },
}

const unlessPaced: Readonly<Record<string, SourceCase>> = {
  async 'batches end where they ended before'(bench) {
    const whole = await bench.readAll(await bench.open())
    const middle = Math.floor(whole.length / 2)
    const progress = whole.slice(0, middle).reduce(after, NOTHING)
    const rest = await bench.readAll(await bench.open(progress))
    for (const split of bench.expected.keys()) {
      const ends = (batches: readonly AnyBatch[]): Plain[] => batches.filter((batch) => batch.split === split).map((batch) => batch.next)
      const [before, again] = [ends(whole.slice(middle)), ends(rest)]
      const length = bench.isBounded ? before.length : Math.min(before.length, again.length)
      checkSame(again.slice(0, length), before.slice(0, length), `positions of ${split} after a restore`)
    }
  },
}

/** The share that is done, 1 of nothing; undefined where the source does not know. */
function checkedProgress(reader: AnyReader, least: number | undefined): number | undefined {
  const progress = reader.progress?.()
  if (progress === undefined) return undefined
  const { done, total } = progress
  check(done >= 0 && done <= total, `of ${total} it has done at most all, not ${done}`)
  const share = total === 0 ? 1 : done / total
  check(share >= (least ?? 0), `its progress does not go back from ${least} to ${share}`)
  return share
}

function isPlain(value: unknown): boolean {
  if (value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value) || value instanceof Uint8Array) return true
  if (Array.isArray(value)) return value.every(isPlain)
  if (typeof value !== 'object') return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isPlain)
}
