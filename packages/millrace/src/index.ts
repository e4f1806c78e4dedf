/** Millrace: exactly-once stream processing. What a job needs; edges have doors of their own (`millrace/files`). */
export { agg, aggregator } from './api/aggregates.ts'
export { defineJob } from './api/job.ts'
export { listState, mapState, valueState } from './api/state-specs.ts'
export { outputTag } from './api/tag.ts'
export { countWindow, session, sliding, tumbling } from './api/windows.ts'
export { eventTimer, eventTimers, processingTimer, processingTimers } from './api/timers.ts'
export { arraySource } from './connectors/array-source.ts'
export { callbackSink } from './connectors/callback-sink.ts'
export { collectSink } from './connectors/collect-sink.ts'
export { generatorSource } from './connectors/generator-source.ts'
export { printSink } from './connectors/print-sink.ts'
export { durationMs } from './core/duration.ts'
export { StreamError } from './core/errors.ts'
export { run, start } from './job/run.ts'

export type { Aggregate, Aggregates, Results } from './api/aggregate-types.ts'
export type { DeadLetter, Explanation, FromOptions, Job, JobBuilder } from './api/job-types.ts'
export type {
  KeyContext,
  KeyedProcess,
  OpenContext,
  Out,
  PlainContext,
  PlainProcess,
  ProcessBase,
  Tag,
  Timer,
  TimerHandles,
  Timers,
  TimerSpec,
} from './api/process-types.ts'
export type { Restart, RunningJob, RunOptions } from './api/run-types.ts'
export type { StandardSchema } from './api/standard-schema.ts'
export type {
  Frozen,
  FrozenDate,
  ListState,
  MapState,
  ReadonlyMapState,
  StateHandles,
  StateOptions,
  StateSpec,
  ValueOptions,
  ValueState,
} from './api/state-types.ts'
export type { ElementOf, KeyedStream, NotPromise, Stream, WindowedStream } from './api/stream-types.ts'
export type { TimeWindow, WindowAssigner, WindowTime } from './api/window-types.ts'
export type { CheckpointStorage, Sink, Source } from './connect/contract.ts'
export type { Duration } from './core/duration.ts'
export type { MigratedState, StateComparison } from './plan/summary.ts'
export type { ErrorCode } from './core/error-codes.ts'
export type { Timestamp } from './core/time.ts'
export type { Key } from './state/contract.ts'
