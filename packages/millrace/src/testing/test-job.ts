import type { Job } from '../api/job-types.ts'
import type { Stream } from '../api/stream-types.ts'
import { durationMs, type Duration } from '../core/duration.ts'
import { StreamError } from '../core/errors.ts'
import { isTimedSource } from '../plan/timed.ts'
import type { SourceNode } from '../plan/nodes.ts'
import type { Key } from '../state/contract.ts'
import { notAwaited, TestActions } from './test-actions.ts'
import { checkFeedOptions, checkRecords, checkTestOptions } from './test-options.ts'
import { inputOf, outputOf, splitOf } from './test-places.ts'
import { ended, TestLife } from './test-process.ts'
import { MARKER, type Entry, type TestInput } from './test-input.ts'
import type { TestRecord } from './test-output.ts'
import type { Counts, FeedOptions, HandlesOf, RestoreIntoOptions, TestJob, TestOptions, TestWith } from './test-types.ts'
import { TestWorld } from './test-world.ts'
import { goesBack, momentMs, type Moment } from './time-of.ts'

type AnyInput = Stream<unknown> | string
type AnyOptions = RestoreIntoOptions & { readonly config?: unknown }

/**
 * Starts a job under test: as it is, but with sources and sinks that the test feeds and reads, a clock that the test moves, and
 * checkpoints in memory. Nothing connects to anything.
 *
 * @throws all build errors of the job; {INVALID_OPTION}
 *
 * @example
 * import assert from 'node:assert/strict'
 * import { arraySource, defineJob, printSink } from 'millrace'
 * import { testJob } from 'millrace/testing'
 * const job = defineJob('lengths', (job) => {
 *   const words = job.from('words', arraySource<string>([]))
 *   const lengths = words.map((word) => word.length)
 *   lengths.to('lengths', printSink())
 *   return { words, lengths }
 * })
 * const t = await testJob(job)
 * await t.feed(t.streams.words, ['mill', 'race'])
 * assert.deepEqual(t.output(t.streams.lengths), [4, 4])
 * await t.close()
 */
export async function testJob<Config, Handles>(
  job: Job<Config, Handles>,
  ...options: TestWith<Config, TestOptions>
): Promise<TestJob<Handles>> {
  const given: TestOptions & AnyOptions = options[0] ?? {}
  checkTestOptions(given, ['config', 'parallelism', 'keyGroups', 'start', 'splits', 'check'])
  const world = TestWorld.begin(given.start === undefined ? undefined : momentMs(given.start, 'start'), given.splits ?? {})
  return new RunningTest<Handles>(job, given, world, await TestLife.start(job, world, given))
}

class RunningTest<Handles> implements TestJob<Handles> {
  readonly streams: HandlesOf<Handles>
  readonly #job: unknown
  readonly #options: AnyOptions
  readonly #world: TestWorld
  /** The streams of the first build, by name: every build has its own. */
  readonly #names: ReadonlyMap<unknown, string>
  readonly #edges: TestLife['handles']
  #life: TestLife
  /** What `advanceTo` and records have come to. */
  #reachedMs: number
  readonly #actions = new TestActions()
  /** Of the lives before: what they had counted when their newest checkpoint was taken. */
  #before: Counts = { late: 0, invalid: 0 }
  #covered: Counts = this.#before
  #isOver = false

  constructor(job: unknown, options: AnyOptions, world: TestWorld, life: TestLife) {
    this.#job = job
    this.#options = options
    this.#world = world
    this.#life = life
    this.#edges = life.handles
    const named = Object.entries(life.handles)
    // One stream may have two names.
    this.#names = new Map(named.map(([name, { stream }]) => [stream, name]))
    this.streams = Object.fromEntries(named.map(([name, { stream }]) => [name, stream])) as HandlesOf<Handles>
    this.#reachedMs = world.clock.nowMs
  }

  get now(): number {
    this.#checkAwaited()
    return this.#world.clock.nowMs
  }

  get watermark(): number {
    this.#checkAwaited()
    return this.#life.status.watermark
  }

  get restored(): TestJob['restored'] {
    this.#checkAwaited()
    return this.#life.restored
  }

  feed(input: AnyInput, records: readonly unknown[], options: FeedOptions = {}): Promise<void> {
    return this.feedRaw(input, records, options)
  }

  feedRaw(input: AnyInput, records: readonly unknown[], options: FeedOptions = {}): Promise<void> {
    return this.#act(async () => {
      checkRecords(records)
      checkFeedOptions(options)
      const { node, to } = this.#input(input)
      const split = splitOf(to, options.split)
      const own = options.at === undefined ? Number.NaN : momentMs(options.at, 'at')
      for (const value of records) {
        await this.#reach(eventTimeOf(node, value, own))
        if (to.hasEnded(split)) throw inputEnded(to, split)
        await this.#give(to, { kind: 'record', source: to.address, split, value, timestamp: own })
      }
    })
  }

  advanceTo(moment: Moment): Promise<void> {
    return this.#act(() => this.#advanceTo(momentMs(moment, 'advanceTo')))
  }

  advanceBy(duration: Duration): Promise<void> {
    return this.#act(() => this.#advanceTo(this.#reachedMs + Math.ceil(durationMs(duration, 'advanceBy'))))
  }

  passTime(duration: Duration): Promise<void> {
    return this.#act(() => this.#pass(this.#reachedMs + Math.ceil(durationMs(duration, 'passTime'))))
  }

  advanceEventTime(input: AnyInput, moment: Moment, options: Pick<FeedOptions, 'split'> = {}): Promise<void> {
    return this.#act(async () => {
      const { node, to } = this.#input(input)
      if (!isTimedSource(node))
        throw new StreamError('TEST_STREAM', `${node.address} gives no event time: from() has no timestamp, and its source has none.`)
      const atMs = momentMs(moment, 'advanceEventTime')
      for (const split of splitsOf(to, options)) {
        to.promise(split, atMs)
        await this.#mark(node, to, split, atMs)
      }
    })
  }

  finish(input?: AnyInput, options: Pick<FeedOptions, 'split'> = {}): Promise<void> {
    return this.#act(async () => {
      const inputs = input === undefined ? this.#inputs().map(({ to }) => to) : [this.#input(input).to]
      for (const to of inputs) {
        for (const split of splitsOf(to, options)) {
          if (to.hasEnded(split)) continue
          await this.#give(to, { kind: 'end', source: to.address, split })
        }
      }
      if (!this.#inputs().every(({ to }) => to.splits.every((split) => to.hasEnded(split)))) return
      this.#cover()
      await this.#life.end()
    })
  }

  checkpoint(): Promise<void> {
    return this.#act(async () => {
      await this.#life.checkpoint()
      this.#cover()
    })
  }

  crash(): Promise<void> {
    return this.#act(async () => {
      if (this.#life.hasFinished) throw ended(this.#life.job)
      this.#life.env.die()
      await this.#goOn()
    })
  }

  async restoreInto<Config, Other>(job: Job<Config, Other>, ...options: TestWith<Config, RestoreIntoOptions>): Promise<TestJob<Other>> {
    const given: AnyOptions = options[0] ?? {}
    checkTestOptions(given, ['config', 'parallelism', 'keyGroups', 'splits', 'check', 'allowDropped'])
    return this.#act(async () => {
      if (this.#life.phase === 'ended') throw this.#life.ending
      await this.#life.stop()
      this.#cover()
      this.#life.env.die()
      const world = this.#world.next(given.splits ?? {})
      try {
        const life = await TestLife.start(job, world, given)
        this.#isOver = true
        return new RunningTest<Other>(job, given, world, life)
      } catch (refusal) {
        // It has changed nothing. Where this one cannot go on either, what comes next says so.
        await this.#goOn().catch(() => undefined)
        throw refusal
      }
    })
  }

  close(): Promise<void> {
    if (this.#isOver) return Promise.resolve()
    const isEarly = this.#actions.isUnderWay
    return this.#act(async () => {
      this.#isOver = true
      await this.#life.stop()
      if (isEarly) throw notAwaited(this.#life.job, 'closed')
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  output(of: AnyInput): never[] {
    return this.records(of).map(({ value }) => value)
  }

  records(of: AnyInput): TestRecord<never>[] {
    this.#checkAwaited()
    const output = outputOf(of, { world: this.#world, names: this.#names, life: this.#life })
    return [...output.records] as TestRecord<never>[]
  }

  state(step: string, key: Key): Readonly<Record<string, unknown>> {
    this.#checkAwaited()
    return this.#life.look(step, key)
  }

  counts(): Counts {
    this.#checkAwaited()
    return this.#counted()
  }

  #counted(): Counts {
    const { late, invalid } = this.#life.status
    return { late: this.#before.late + late, invalid: this.#before.invalid + invalid }
  }

  #checkAwaited(): void {
    if (this.#actions.isUnderWay) throw notAwaited(this.#life.job, 'looked at')
  }

  #act<T>(action: () => Promise<T>): Promise<T> {
    return this.#actions.run(() => {
      if (this.#isOver) throw ended(this.#life.job)
      return action()
    })
  }

  #give(to: TestInput, entry: Entry): Promise<void> {
    return this.#world.feed(to, entry, (fed) => this.#life.settle(fed))
  }

  /** A checkpoint has been taken. */
  #cover(): void {
    this.#world.cover()
    this.#covered = this.#counted()
  }

  /** Another process takes the job up at its newest checkpoint. */
  async #goOn(): Promise<void> {
    this.#world.rewind()
    this.#before = this.#covered
    try {
      this.#life = await TestLife.start(this.#job, this.#world, this.#options)
    } catch (error) {
      this.#life.lose(error)
      throw error
    }
    await this.#world.replay((fed) => this.#life.settle(fed))
  }

  #input(input: AnyInput): { readonly node: SourceNode; readonly to: TestInput } {
    const node = inputOf(input, { names: this.#names, edges: this.#edges, life: this.#life })
    return { node, to: this.#world.inputs.get(node.address) as TestInput }
  }

  #inputs(): { readonly node: SourceNode; readonly to: TestInput }[] {
    return this.#life.sources.map((node) => ({ node, to: this.#world.inputs.get(node.address) as TestInput }))
  }

  async #advanceTo(atMs: number): Promise<void> {
    this.#begin(atMs)
    await this.#pass(atMs)
    for (const { node, to } of this.#inputs()) {
      if (!isTimedSource(node)) continue
      for (const split of to.splits) if (!to.hasEnded(split)) await this.#mark(node, to, split, atMs)
    }
  }

  async #pass(atMs: number): Promise<void> {
    momentMs(atMs, 'what time was to pass to')
    if (this.#life.hasFinished) throw ended(this.#life.job)
    if (atMs < this.#reachedMs) throw goesBack('Time', { fromMs: this.#reachedMs, toMs: atMs })
    this.#reachedMs = atMs
    await this.#life.passTo(atMs + 1)
  }

  /** The first moment may lie before the one that the clock showed until then. */
  #begin(atMs: number): void {
    if (this.#world.beginAt(atMs)) this.#reachedMs = this.#world.clock.nowMs
  }

  /** A record is not read before it has happened. */
  async #reach(eventMs: number | undefined): Promise<void> {
    if (eventMs === undefined) return
    this.#begin(eventMs)
    if (eventMs < this.#world.clock.nowMs) return
    this.#reachedMs = Math.max(this.#reachedMs, eventMs)
    await this.#life.passTo(eventMs)
  }

  async #mark(node: SourceNode, to: TestInput, split: string, atMs: number): Promise<void> {
    if (to.hasEnded(split)) throw inputEnded(to, split)
    // A watermark lies behind the greatest time by what records may be out of order.
    const timestamp = atMs + node.outOfOrdernessMs + 1
    await this.#give(to, { kind: 'record', source: to.address, split, value: MARKER, timestamp })
  }
}

function splitsOf(to: TestInput, options: Pick<FeedOptions, 'split'>): readonly string[] {
  checkTestOptions(options, ['split'], 'This')
  return options.split === undefined ? to.splits : [splitOf(to, options.split)]
}

/** The time that `from` will find; undefined where it finds none, or refuses the record. */
function eventTimeOf({ validate, timestamp }: SourceNode, value: unknown, own: number): number | undefined {
  let time: unknown = own
  try {
    if (timestamp !== undefined) time = timestamp(validate === undefined ? value : validate(value), Number.isNaN(own) ? undefined : own)
    return momentMs(time, 'a timestamp')
  } catch {
    return undefined
  }
}

function inputEnded({ address, splits }: TestInput, split: string): StreamError {
  const what = splits.length === 1 ? address : `The split '${split}' of ${address}`
  return new StreamError('TEST_ENDED', `${what} has ended: nothing more can come from it. Feed it before finish().`)
}
