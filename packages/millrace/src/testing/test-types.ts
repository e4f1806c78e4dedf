import type { Streams } from '../api/job-types.ts'
import type { Stream } from '../api/stream-types.ts'
import type { Key } from '../state/contract.ts'
import type { Duration } from '../core/duration.ts'
import type { Timestamp } from '../core/time.ts'
import type { StateComparison } from '../plan/summary.ts'
import type { Job } from '../api/job-types.ts'
import type { Moment } from './time-of.ts'
import type { TestRecord } from './test-output.ts'

/** How a job is tested. */
export interface TestOptions {
  /** Subtasks per step; default 1. */
  parallelism?: number
  /** Default 1,024. */
  keyGroups?: number
  /** Where the clock begins; default: with the event time of the first record, or the first moment that is advanced to. */
  start?: Moment
  /** Names of the splits of a source, by its id. Without them a source has one split. */
  splits?: Readonly<Record<string, readonly string[]>>
  /** Deep-freezes what is fed and emitted, and looks for state that was changed in place; default true. */
  check?: boolean
}

/** Options with the job's config, which is required exactly where its factory takes one. */
export type TestWith<Config, Options> = [Config] extends [void] ? [options?: Options] : [options: Options & { config: Config }]

/** What `restoreInto` can be told. */
export interface RestoreIntoOptions extends Omit<TestOptions, 'start' | 'splits'> {
  /** Other splits of a source, by its id: more, or fewer but for those that were fed. Without them it has those from before. */
  splits?: TestOptions['splits']
  /** The other version may have no place for state, sources or sinks that the checkpoint holds. */
  allowDropped?: boolean
}

/** What `feed` can be told. */
export interface FeedOptions {
  /** Which split of the source gives the records; its first one if not given. */
  split?: string
  /** The event time that the source itself says: of all records of this call. A `timestamp` of `from` may make another of it. */
  at?: Moment
}

/** Streams by name, as the factory returned them; none where it returned nothing. */
export type HandlesOf<Handles> = [Handles] extends [Streams] ? Handles : {}

/**
 * A job under test. Its sources and sinks are replaced by id, time is virtual, checkpoints are in memory, and nothing happens but by the
 * methods. Each returns a promise that resolves when everything that follows from it has happened.
 *
 * Where a method takes a stream it may be given as the factory returned it, or by the id of its source or sink.
 */
export interface TestJob<out Handles = {}> extends AsyncDisposable {
  /** What the factory returned: what is fed and read. */
  readonly streams: HandlesOf<Handles>
  /** How far the clock has come. */
  readonly now: Timestamp
  /** The lowest of all steps: no record at or before it will come, late ones excepted. */
  readonly watermark: Timestamp
  /** What became of the state; undefined for a job that has begun with nothing. */
  readonly restored: StateComparison | undefined

  /**
   * Gives records to a source, one after the other: the watermark follows after each. Before a record of a later event time than the
   * clock shows, the clock goes on to that time.
   * @throws {TEST_STREAM} {TEST_ENDED} {INVALID_OPTION}, and what the job fails with
   */
  feed(input: string, records: readonly unknown[], options?: FeedOptions): Promise<void>
  feed<T>(input: Stream<T>, records: readonly NoInfer<T>[], options?: FeedOptions): Promise<void>
  /** The same with records as the outside world gives them: what a schema makes others of, or refuses. */
  feedRaw(input: Stream<unknown> | string, records: readonly unknown[], options?: FeedOptions): Promise<void>

  /**
   * The moment has passed, on the clock and in event time. First the clock goes on, with all that is due on the way in its order; then
   * each source that gives event time promises that no record at or before the moment will come, and what waits for that happens.
   * Afterwards the job's clock shows the next millisecond.
   */
  advanceTo(moment: Moment): Promise<void>
  /** `advanceTo` the time that was reached, and so much more. */
  advanceBy(duration: Duration): Promise<void>
  /** So much passes on the clock alone, while all sources are silent. Inputs with `idleness` become idle. */
  passTime(duration: Duration): Promise<void>
  /** Event time alone, of one source: it promises that no record at or before the moment will come. */
  advanceEventTime(input: Stream<unknown> | string, moment: Moment, options?: Pick<FeedOptions, 'split'>): Promise<void>
  /** There is no more input: of one source or one of its splits, or of all. When all have ended, the job ends. */
  finish(input?: Stream<unknown> | string, options?: Pick<FeedOptions, 'split'>): Promise<void>

  /** Takes a checkpoint. */
  checkpoint(): Promise<void>
  /**
   * The process dies, and another one goes on from the newest checkpoint: what came later is read again, in the order in which it was fed,
   * but for records of a source that is not replayable: they are lost. The factory is called anew. Without a checkpoint the job begins
   * again from nothing.
   */
  crash(): Promise<void>
  /**
   * Stops the job with a checkpoint, and starts another version of it from there. This one is over; what was fed belongs to the other,
   * whose output begins empty. A refusal changes nothing: this one goes on.
   * @throws {STATE_DROPPED} {STATE_MISMATCH} when the other version does not fit the state
   */
  restoreInto<Config, Other>(job: Job<Config, Other>, ...options: TestWith<Config, RestoreIntoOptions>): Promise<TestJob<Other>>
  /**
   * Ends the job with a checkpoint, and closes what its steps have opened.
   * @throws {TEST_NOT_AWAITED} {USER_CODE} what the `close` of a step throws
   */
  close(): Promise<void>

  /**
   * What has come out so far. Synchronous: everything before has to be awaited.
   * @throws {TEST_STREAM} {TEST_NOT_AWAITED}
   */
  output(of: string): unknown[]
  output<T>(of: Stream<T>): T[]
  /** The same with event times. */
  records(of: string): TestRecord<unknown>[]
  records<T>(of: Stream<T>): TestRecord<T>[]
  /**
   * What a `process` step with a key holds for it: its state and pending timers by name, without those that have nothing; a value
   * with `initial` always has something. Lists are arrays, maps are Maps, timers are times. Changes nothing.
   * @throws {TEST_STREAM} for a step that there is not, or that is no `process` step with a key
   */
  state(step: string, key: Key): Readonly<Record<string, unknown>>
  /** How many records have been dropped because they were late, and how many were invalid. As the output, a crash changes it only where the job does. */
  counts(): Counts
}

/** Of records that lead to nothing. */
export interface Counts {
  readonly late: number
  readonly invalid: number
}
