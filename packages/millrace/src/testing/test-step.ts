import { defineJob } from '../api/job.ts'
import type { FromOptions, Job } from '../api/job-types.ts'
import type { Stream } from '../api/stream-types.ts'
import { arraySource } from '../connectors/array-source.ts'
import type { Duration } from '../core/duration.ts'
import type { Key } from '../state/contract.ts'
import { testJob } from './test-job.ts'
import type { TestRecord } from './test-output.ts'
import type { TestJob, TestOptions } from './test-types.ts'
import type { Moment } from './time-of.ts'

/** Steps under test: what is made of one stream. */
export type StepUnderTest<I, O> = (input: Stream<I>) => Stream<O>

/** How steps are tested: what `from` would say of their input, and what a test of a job may say. */
export interface StepOptions<I> extends Pick<FromOptions<I>, 'timestamp' | 'outOfOrderness' | 'idleness'>, Omit<TestOptions, 'splits'> {}

/** Steps under test, with one input and one output. Its methods are those of `TestJob`. */
export interface TestStep<in I, out O> extends AsyncDisposable {
  /** Gives records to the first step, one after the other. */
  push(...records: readonly I[]): Promise<void>
  advanceTo(moment: Moment): Promise<void>
  advanceBy(duration: Duration): Promise<void>
  passTime(duration: Duration): Promise<void>
  finish(): Promise<void>
  checkpoint(): Promise<void>
  crash(): Promise<void>
  close(): Promise<void>
  /** What has come out so far. */
  output(): O[]
  records(): TestRecord<O>[]
  state(step: string, key: Key): Readonly<Record<string, unknown>>
}

/** The job around steps under test. */
export function stepJob<I, O>(
  step: StepUnderTest<I, O>,
  { timestamp, outOfOrderness, idleness }: StepOptions<I>,
): Job<void, { readonly input: Stream<I>; readonly output: Stream<O> }> {
  const options: FromOptions<I> = {
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(outOfOrderness === undefined ? {} : { outOfOrderness }),
    ...(idleness === undefined ? {} : { idleness }),
  }
  return defineJob('step-under-test', (job) => {
    const input = job.from('input', arraySource<I>([]), options)
    return { input, output: step(input) }
  })
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
export async function testStep<I, O>(step: StepUnderTest<I, O>, options: StepOptions<I> = {}): Promise<TestStep<I, O>> {
  const { timestamp: _timestamp, outOfOrderness: _outOfOrderness, idleness: _idleness, ...rest } = options
  return asStep(await testJob(stepJob(step, options), rest))
}

function asStep<I, O>(job: TestJob<{ readonly input: Stream<I>; readonly output: Stream<O> }>): TestStep<I, O> {
  const { input, output } = job.streams
  return {
    push: (...records) => job.feedRaw(input, records),
    advanceTo: (moment) => job.advanceTo(moment),
    advanceBy: (duration) => job.advanceBy(duration),
    passTime: (duration) => job.passTime(duration),
    finish: () => job.finish(),
    checkpoint: () => job.checkpoint(),
    crash: () => job.crash(),
    close: () => job.close(),
    output: () => job.output(output),
    records: () => job.records(output),
    state: (step, key) => job.state(step, key),
    [Symbol.asyncDispose]: () => job.close(),
  }
}
