/** The door `millrace/connect`: what a third-party source, sink or checkpoint storage implements. The built-in ones use nothing else. */
export { defineSink, defineSource, defineStorage } from './connect/contract.ts'
export { PackedValues, unpackValues } from './connect/packed-values.ts'
export { StreamError } from './core/errors.ts'

export type {
  Batch,
  Beat,
  BrokenRecord,
  CheckpointStorage,
  Committable,
  CommitOutcome,
  Committer,
  OpenStorage,
  Plain,
  Reader,
  Sealed,
  Sink,
  SinkContext,
  SinkDefinition,
  Source,
  SourceContext,
  SourceDefinition,
  SourceProgress,
  StorageDefinition,
  Writer,
} from './connect/contract.ts'
export type {
  Budget,
  Clock,
  Digest,
  Env,
  FileHandle,
  FileInfo,
  Files,
  Log,
  Output,
  Processes,
  ProcessIdentity,
  Random,
  Timers,
} from './core/env.ts'
export type { ErrorCode } from './core/error-codes.ts'
export type { Timestamp } from './core/time.ts'
