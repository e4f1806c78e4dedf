import { defineJob } from '../api/job.ts'
import type { FromOptions, Job, Streams } from '../api/job-types.ts'
import { outputsOf } from '../api/stream.ts'
import type { Stream } from '../api/stream-types.ts'
import { arraySource } from '../connectors/array-source.ts'
import type { Duration } from '../core/duration.ts'
import { StreamError } from '../core/errors.ts'
import type { Timestamp } from '../core/time.ts'
import type { Key } from '../state/contract.ts'
import { testJob } from './test-job.ts'
import type { TestRecord } from './test-output.ts'
import { checkTestOptions } from './test-options.ts'
import type { Counts, TestJob, TestOptions } from './test-types.ts'
import type { Moment } from './time-of.ts'

/** Steps under test: what is made of one stream. */
export type StepUnderTest<I, O> = (input: Stream<I>) => Stream<O>

/** Steps under test with several outputs, by name. */
export type StepsUnderTest<I, Outputs extends Streams> = (input: Stream<I>) => Outputs

/** How steps are tested: what `from` would say of their input, and what a test of a job may say. */
export interface StepOptions<I> extends Pick<FromOptions<I>, 'timestamp' | 'outOfOrderness' | 'idleness'>, Omit<TestOptions, 'splits'> {}

/** Steps under test, with one input, and one output or several by name. Its methods are those of `TestJob`. */
export interface TestStep<in I, out O, out Outputs = {}> extends AsyncDisposable {
  /** What the function has returned, if that is streams by name. */
  readonly streams: Outputs
  readonly watermark: Timestamp
  /** Gives records to the first step, one after the other. */
  push(...records: readonly I[]): Promise<void>
  advanceTo(moment: Moment): Promise<void>
  advanceBy(duration: Duration): Promise<void>
  passTime(duration: Duration): Promise<void>
  finish(): Promise<void>
  checkpoint(): Promise<void>
  crash(): Promise<void>
  close(): Promise<void>
  /** What has come out so far. Of several outputs it is said which: `t.output(t.streams.late)`. */
  output(): O[]
  output<T>(of: Stream<T>): T[]
  records(): TestRecord<O>[]
  records<T>(of: Stream<T>): TestRecord<T>[]
  counts(): Counts
  state(step: string, key: Key): Readonly<Record<string, unknown>>
}

const INPUT = 'input'
/** What the output is called that has no name. */
const ONLY = '~'
/** Of `testStep`. */
export const STEP_OPTIONS: readonly string[] = ['timestamp', 'outOfOrderness', 'idleness', 'parallelism', 'keyGroups', 'start', 'check']

/** The job around steps under test, with one output. */
export function stepJob<I, O>(
  step: StepUnderTest<I, O>,
  options: StepOptions<I>,
): Job<void, { readonly input: Stream<I>; readonly output: Stream<O> }> {
  return defineJob('step-under-test', (job) => {
    const input = job.from(INPUT, arraySource<I>([]), fromOptions(options))
    return { input, output: step(input) }
  })
}

function stepsJob<I>(step: (input: Stream<I>) => Stream<unknown> | Streams, options: StepOptions<I>): Job<void, Streams> {
  return defineJob('step-under-test', (job) => {
    const made = step(job.from(INPUT, arraySource<I>([]), fromOptions(options)))
    return isStream(made) ? { [ONLY]: made } : made
  })
}

function fromOptions<I>({ timestamp, outOfOrderness, idleness }: StepOptions<I>): FromOptions<I> {
  return {
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(outOfOrderness === undefined ? {} : { outOfOrderness }),
    ...(idleness === undefined ? {} : { idleness }),
  }
}

function isStream(made: Stream<unknown> | Streams): made is Stream<unknown> {
  return outputsOf(made) !== undefined
}

/**
 * Tests one step, or a few, without a job: records in, records out. Annotate the parameter of the function with the type of the records.
 *
 * @throws all build errors of the steps; {INVALID_OPTION}
 *
 * @example
 * import assert from 'node:assert/strict'
 * import { agg, type Stream, tumbling } from 'millrace'
 * import { testStep } from 'millrace/testing'
 * interface Trip { taxi: string; at: number }
 * const t = await testStep(
 *   (trips: Stream<Trip>) => trips.keyBy((trip) => trip.taxi).window(tumbling('1m')).aggregate('trips', { count: agg.count() }),
 *   { timestamp: (trip) => trip.at },
 * )
 * await t.push({ taxi: 'a', at: 1_000 }, { taxi: 'a', at: 2_000 })
 * await t.advanceTo(60_000)
 * assert.deepEqual(t.output(), [{ key: 'a', window: { start: 0, end: 60_000 }, count: 2 }])
 */
export async function testStep<I, O>(step: StepUnderTest<I, O>, options?: StepOptions<I>): Promise<TestStep<I, O>>
export async function testStep<I, Outputs extends Streams>(
  step: StepsUnderTest<I, Outputs>,
  options?: StepOptions<I>,
): Promise<TestStep<I, never, Outputs>>
export async function testStep<I>(
  step: (input: Stream<I>) => Stream<unknown> | Streams,
  options: StepOptions<I> = {},
): Promise<TestStep<I, unknown, Streams>> {
  checkTestOptions(options, STEP_OPTIONS, 'testStep')
  const { timestamp: _timestamp, outOfOrderness: _outOfOrderness, idleness: _idleness, ...rest } = options
  return asStep(await testJob(stepsJob(step, options), rest))
}

function asStep<I>(job: TestJob<Streams>): TestStep<I, unknown, Streams> {
  const { streams } = job
  const chosen = (of: Stream<unknown> | undefined): Stream<unknown> => {
    if (of !== undefined) return of
    const only = streams[ONLY]
    if (only !== undefined) return only
    throw new StreamError(
      'TEST_STREAM',
      `These steps have several outputs: say which, as in t.output(t.streams.${Object.keys(streams)[0]}).`,
    )
  }
  return {
    streams: ONLY in streams ? {} : streams,
    get watermark() {
      return job.watermark
    },
    push: (...records) => job.feedRaw(INPUT, records),
    advanceTo: (moment) => job.advanceTo(moment),
    advanceBy: (duration) => job.advanceBy(duration),
    passTime: (duration) => job.passTime(duration),
    finish: () => job.finish(),
    checkpoint: () => job.checkpoint(),
    crash: () => job.crash(),
    close: () => job.close(),
    output: (of?: Stream<unknown>) => job.output(chosen(of)) as never[],
    records: (of?: Stream<unknown>) => job.records(chosen(of)) as never[],
    counts: () => job.counts(),
    state: (step, key) => job.state(step, key),
    [Symbol.asyncDispose]: () => job.close(),
  }
}
