import { defineSource, type Batch, type Reader, type Source, type SourceContext, type SourceProgress } from '../connect/contract.ts'
import { messageOf, StreamError } from '../core/errors.ts'

/** Records of one batch: the engine's own size of a buffer. */
const BATCH_RECORDS = 512
const SPLIT = '0'

/**
 * The values of an array or another iterable, in order, as one split. Replayable: what has been taken from the iterable is
 * kept, so that a restart of the job in this process reads the same values; an iterable is walked once, as far as needed.
 */
export function arraySource<T>(values: Iterable<T>): Source<T> {
  const kept = new KeptValues(values)
  return defineSource<T, number>({
    kind: 'array',
    bounded: true,
    replayable: true,
    timestamps: false,
    open: (context) => Promise.resolve(new ArrayReader(kept, context)),
  })
}

/** Position: the index of the next value. */
class ArrayReader<T> implements Reader<T, number> {
  readonly splits: Map<string, number> = new Map()
  readonly #values: KeptValues<T>
  readonly #source: string
  readonly #isOwner: boolean
  #next = 0

  constructor(values: KeptValues<T>, context: SourceContext<number>) {
    this.#values = values
    this.#source = context.source
    this.#isOwner = context.owns(SPLIT)
    if (!this.#isOwner || context.ended.has(SPLIT)) return
    this.#next = context.restored.get(SPLIT) ?? 0
    if (!values.reaches(this.#next, context.source)) {
      throw new StreamError(
        'SOURCE_CHANGED',
        `${context.source} is at value ${this.#next}, but its array now ends before that: give it the values that it had.`,
      )
    }
    this.splits.set(SPLIT, this.#next)
  }

  poll(): Batch<T, number> | 'end' {
    if (this.splits.size === 0) return 'end'
    const first = this.#next
    const values = this.#values.slice(first, first + BATCH_RECORDS, this.#source)
    this.#next = first + values.length
    const splitEnded = !this.#values.reaches(this.#next + 1, this.#source)
    if (splitEnded) this.splits.clear()
    return { split: SPLIT, values, next: this.#next, splitEnded, positionOf: (index) => `value ${first + index}` }
  }

  progress(): SourceProgress | undefined {
    if (!this.#isOwner) return { done: 0, total: 0 }
    const total = this.#values.length
    return total === undefined ? undefined : { done: this.splits.size === 0 ? total : this.#next, total }
  }

  ready(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** An array as it is, or what an iterable has given so far. */
class KeptValues<T> {
  readonly #values: T[] | readonly T[]
  #rest: Iterator<T> | undefined
  /** What the iterable threw: it gives nothing after that, and what it would have given must not pass for its end. */
  #failure: StreamError | undefined

  constructor(values: Iterable<T>) {
    if (Array.isArray(values)) {
      this.#values = values as readonly T[]
      return
    }
    if (typeof (values as Partial<Iterable<T>> | null | undefined)?.[Symbol.iterator] !== 'function') {
      throw new StreamError('INVALID_OPTION', 'arraySource needs an array or another iterable.')
    }
    this.#values = []
    this.#rest = values[Symbol.iterator]()
  }

  /** Undefined before the end of an iterable has been seen. */
  get length(): number | undefined {
    return this.#rest === undefined ? this.#values.length : undefined
  }

  reaches(length: number, source: string): boolean {
    while (this.#values.length < length && this.#rest !== undefined) this.#pull(this.#rest, source)
    return this.#values.length >= length
  }

  slice(first: number, end: number, source: string): T[] {
    this.reaches(end, source)
    return this.#values.slice(first, end)
  }

  #pull(rest: Iterator<T>, source: string): void {
    if (this.#failure !== undefined) throw this.#failure
    let step: IteratorResult<T>
    try {
      step = rest.next()
    } catch (cause) {
      this.#failure = new StreamError(
        'USER_CODE',
        `The iterable of ${source} threw after ${this.#values.length} values: ${messageOf(cause)}`,
        {
          cause,
          // It cannot be walked again.
          retry: 'never',
        },
      )
      throw this.#failure
    }
    if (step.done === true) this.#rest = undefined
    else (this.#values as T[]).push(step.value)
  }
}
