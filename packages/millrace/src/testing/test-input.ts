/**
 * What is fed to a job under test. All inputs share one history, in the order in which it was fed: after a crash it is read again in
 * that order, entry by entry, so that what was late before is late again.
 */
import { StreamError } from '../core/errors.ts'
import { goesBack } from './time-of.ts'
import type { Batch, Reader, SourceContext, SourceDefinition, Plain } from '../connect/contract.ts'

/** Takes the watermark of its split on, and is dropped before any step of the job sees it. */
export const MARKER: object = Object.freeze({})

/** One thing that was fed. */
export type Entry =
  | { readonly kind: 'record'; readonly source: string; readonly split: string; readonly value: unknown; readonly timestamp: number }
  | { readonly kind: 'end'; readonly source: string; readonly split: string }

/** One input of a job under test: the source that stands in for its own. Position: the index of the next entry of the split. */
export class TestInput {
  readonly address: string
  readonly #entries = new Map<string, Entry[]>()
  /** How many entries of each split may be read. */
  readonly #readable = new Map<string, number>()
  readonly #ended = new Set<string>()
  #readers: (() => void)[] = []
  #isReplayable = true
  /** No record of the split will come at or before it. */
  readonly #promisedMs = new Map<string, number>()
  #splits: readonly string[] = []

  constructor(address: string) {
    this.address = address
  }

  get splits(): readonly string[] {
    return this.#splits
  }

  /** It has these splits from now on. @throws {INVALID_OPTION} when one is missing that was fed */
  split(splits: readonly string[]): void {
    const lost = this.#splits.find((split) => !splits.includes(split) && this.#of(split).some(isFed))
    if (lost !== undefined) throw fedSplit(this.address, lost)
    for (const split of splits) if (!this.#entries.has(split)) this.#entries.set(split, [])
    this.#splits = splits
  }

  /** Its place in the split, from 1. */
  add(entry: Entry): number {
    if (entry.kind === 'end') this.#ended.add(entry.split)
    return this.#of(entry.split).push(entry)
  }

  /** Takes back what was added last. */
  remove({ kind, split }: Entry): void {
    if (kind === 'end') this.#ended.delete(split)
    this.#of(split).pop()
  }

  /** Whether it gives an entry again that no checkpoint covers. That time has passed, and an end, are no records. */
  givesAgain(entry: Entry): boolean {
    return this.#isReplayable || !isRecord(entry)
  }

  /** For people: which of the records that the test has fed stands there. */
  positionOf(split: string, place: number): string {
    const count = this.#of(split).slice(0, place).filter(isRecord).length
    return `record ${count} fed to ${this.address}${split === DEFAULT_SPLIT ? '' : `, split ${split}`}`
  }

  hasEnded(split: string): boolean {
    return this.#ended.has(split)
  }

  /** @throws {INVALID_OPTION} for less than was promised before */
  promise(split: string, atMs: number): void {
    const beforeMs = this.#promisedMs.get(split) ?? Number.NEGATIVE_INFINITY
    if (atMs < beforeMs) throw goesBack(`The event time of ${this.address}`, { fromMs: beforeMs, toMs: atMs })
    this.#promisedMs.set(split, atMs)
  }

  /** Nothing may be read before it is released, but for what a checkpoint holds as read. */
  rewind(): void {
    this.#readable.clear()
    this.#readers = []
  }

  /** Entries of the split may be read up to this place; what a checkpoint holds as read is not read again. */
  release(split: string, place: number): void {
    this.#readable.set(split, place)
    for (const wake of this.#readers.splice(0)) wake()
  }

  /** With all that its original says of itself. */
  source({ kind, bounded, replayable, timestamps }: SourceDefinition<unknown, Plain>): SourceDefinition<unknown, Plain> {
    this.#isReplayable = replayable
    const definition: SourceDefinition<unknown, number> = {
      kind,
      bounded,
      replayable,
      timestamps,
      open: (context) => Promise.resolve(this.#open(context)),
    }
    return definition as unknown as SourceDefinition<unknown, Plain>
  }

  #of(split: string): Entry[] {
    return this.#entries.get(split) as Entry[]
  }

  #open({ owns, restored, ended }: SourceContext<number>): Reader<unknown, number> {
    const splits = new Map<string, number>()
    for (const split of this.splits) if (owns(split) && !ended.has(split)) splits.set(split, restored.get(split) ?? 0)
    const hasNext = (split: string): boolean => (splits.get(split) as number) < (this.#readable.get(split) ?? 0)
    return {
      splits,
      poll: (first) => {
        if (splits.size === 0) return 'end'
        const split = first !== undefined && splits.has(first) && hasNext(first) ? first : [...splits.keys()].find(hasNext)
        if (split === undefined) return 'wait'
        const next = (splits.get(split) as number) + 1
        splits.set(split, next)
        const batch = this.#batch(split, next)
        if (batch.splitEnded === true) splits.delete(split)
        return batch
      },
      ready: () => ([...splits.keys()].some(hasNext) ? Promise.resolve() : new Promise((resolve) => this.#readers.push(resolve))),
      close: () => Promise.resolve(),
    }
  }

  /** Each record is a batch of its own: the watermark follows after each. */
  #batch(split: string, next: number): Batch<unknown, number> {
    const entry = this.#of(split)[next - 1] as Entry
    if (entry.kind === 'end') return { split, values: [], next, splitEnded: true }
    return {
      split,
      values: [entry.value],
      next,
      positionOf: () => this.positionOf(split, next),
      ...(Number.isNaN(entry.timestamp) ? {} : { timestamps: Float64Array.of(entry.timestamp) }),
    }
  }
}

/** The test itself has given it. */
export function isRecord(entry: Entry): boolean {
  return entry.kind === 'record' && entry.value !== MARKER
}

/** The test has said it of this very source; that time has passed, it says of all. */
function isFed(entry: Entry): boolean {
  return entry.kind === 'end' || isRecord(entry)
}

function fedSplit(address: string, split: string): StreamError {
  const id = address.slice('source/'.length)
  return new StreamError(
    'INVALID_OPTION',
    `splits.${id} leaves out '${split}', which was fed: its records stay with the job. Name it too: { splits: { ${id}: ['${split}', …] } }.`,
  )
}

/** The one split of an input of which nothing else is said. */
export const DEFAULT_SPLIT = '0'
