import {
  defineSource,
  type Batch,
  type BrokenRecord,
  type Reader,
  type Source,
  type SourceContext,
  type SourceProgress,
} from '../connect/contract.ts'
import { messageOf, StreamError } from '../core/errors.ts'
import { SeededRandom } from './seeded-random.ts'

const BATCH_RECORDS = 512
const SPLIT = '0'
const OPTIONS: readonly string[] = ['count', 'rate', 'seed', 'record']
/** Below this many records a second the next one is waited for alone, above it the timer gathers a few. */
const SHORTEST_WAIT_MS = 1

export interface GeneratorOptions<T> {
  /** How many records; without end if not given. */
  readonly count?: number
  /** Records a second; as fast as they are taken if not given. */
  readonly rate?: number
  /** Gives other random numbers; 1 if not given. */
  readonly seed?: number
  /** Record `index`, from 0. Must follow from the index and the random numbers alone: after a restart it is asked again. */
  readonly record: (index: number, random: () => number) => T
}

/**
 * Records that are computed, in the order of their index, as one split. Replayable: record i draws from a random stream of its
 * own, made of seed and i.
 */
export function generatorSource<T>(options: GeneratorOptions<T>): Source<T> {
  check('count', options.count, (count) => Number.isSafeInteger(count) && count >= 0, 'a whole number from 0')
  check('rate', options.rate, (rate) => rate > 0 && rate < Infinity, 'a number of records a second above 0')
  check('seed', options.seed, Number.isSafeInteger, 'a whole number')
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name))
  if (unknown !== undefined)
    throw new StreamError('INVALID_OPTION', `generatorSource has no option '${unknown}': there are ${OPTIONS.join(', ')}.`)
  if (typeof options.record !== 'function') throw new StreamError('INVALID_OPTION', 'generatorSource needs a function `record`.')
  return defineSource<T, number>({
    kind: 'generator',
    bounded: options.count !== undefined,
    replayable: true,
    timestamps: false,
    open: (context) => Promise.resolve(new GeneratorReader(options, context)),
  })
}

function check(name: string, value: number | undefined, isAllowed: (value: number) => boolean, allowed: string): void {
  if (value === undefined || (typeof value === 'number' && isAllowed(value))) return
  throw new StreamError('INVALID_OPTION', `generatorSource: ${name} is ${String(value)}; it may be ${allowed}.`)
}

/** Position: the index of the next record. */
class GeneratorReader<T> implements Reader<T, number> {
  readonly splits: Map<string, number> = new Map()
  readonly #context: SourceContext<number>
  readonly #record: (index: number, random: () => number) => T
  readonly #end: number
  readonly #seed: number
  readonly #perMs: number
  readonly #random = new SeededRandom(0)
  readonly #draw: () => number
  readonly #first: number
  readonly #isOwner: boolean
  readonly #startMs: number
  #next: number
  /** The record that is being made, and the one to which the random stream belongs: most records draw nothing. */
  #index = -1
  #drawnFor = -1

  constructor(options: GeneratorOptions<T>, context: SourceContext<number>) {
    this.#context = context
    this.#record = options.record
    this.#end = options.count ?? Number.MAX_SAFE_INTEGER
    this.#seed = options.seed ?? 1
    this.#perMs = (options.rate ?? Infinity) / 1000
    this.#draw = () => this.#number()
    this.#startMs = context.env.clock.monotonic()
    this.#first = context.restored.get(SPLIT) ?? 0
    this.#next = this.#first
    this.#isOwner = context.owns(SPLIT)
    if (this.#isOwner && !context.ended.has(SPLIT)) this.splits.set(SPLIT, this.#next)
  }

  poll(): Batch<T, number> | 'wait' | 'end' {
    if (this.splits.size === 0) return 'end'
    const first = this.#next
    const end = Math.min(this.#due(), this.#end, first + BATCH_RECORDS)
    if (end <= first && this.#end > first) return 'wait'
    const { values, broken } = this.#make(first, end)
    this.#next = Math.max(first, end)
    const splitEnded = this.#next >= this.#end
    if (splitEnded) this.splits.clear()
    const positionOf = (index: number): string => `record ${first + index + broken.filter((one) => one.index <= index).length}`
    return { split: SPLIT, values, next: this.#next, splitEnded, positionOf, ...(broken.length === 0 ? {} : { broken }) }
  }

  progress(): SourceProgress | undefined {
    if (!this.#isOwner) return { done: 0, total: 0 }
    if (this.#end === Number.MAX_SAFE_INTEGER) return undefined
    return { done: this.splits.size === 0 ? this.#end : this.#next, total: this.#end }
  }

  ready(): Promise<void> {
    const waitMs = (this.#next + 1 - this.#first) / this.#perMs - (this.#context.env.clock.monotonic() - this.#startMs)
    const { signal, env } = this.#context
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = env.timers.after(Math.max(SHORTEST_WAIT_MS, waitMs), done)
      signal.addEventListener('abort', done)
      if (signal.aborted) done()
    })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** The index before which records are due by now. */
  #due(): number {
    if (this.#perMs === Infinity) return Number.MAX_SAFE_INTEGER
    return this.#first + Math.floor((this.#context.env.clock.monotonic() - this.#startMs) * this.#perMs)
  }

  #number(): number {
    if (this.#drawnFor !== this.#index) {
      this.#random.restart(this.#seed, this.#index)
      this.#drawnFor = this.#index
    }
    return this.#random.next()
  }

  #make(first: number, end: number): { readonly values: T[]; readonly broken: BrokenRecord[] } {
    const values: T[] = []
    const broken: BrokenRecord[] = []
    for (let index = first; index < end; index++) {
      this.#index = index
      try {
        values.push(this.#record(index, this.#draw))
      } catch (error) {
        broken.push({
          index: values.length,
          code: 'USER_CODE',
          message: `record(${index}) of the generator threw: ${messageOf(error)}`,
          input: index,
          position: `record ${index}`,
        })
      }
    }
    return { values, broken }
  }
}
