/** What a running job tells whoever started it: the command line, a test, a dashboard later. Data only. */
import type { ProcessIdentity } from '../core/env.ts'
import type { StateComparison } from '../plan/summary.ts'
import type { Key } from '../state/contract.ts'

export type JobPhase = 'waiting' | 'restoring' | 'running' | 'restarting' | 'stopping' | 'ended'

export interface JobStatus {
  readonly phase: JobPhase
  /** Records taken from sources since this process started; after a restart some are taken once more. */
  readonly records: number
  /** Of these, records that were invalid and became dead letters. */
  readonly invalid: number
  /** Records that were late for all windows of a step that sends them nowhere: dropped. */
  readonly late: number
  readonly sources: readonly SourceStatus[]
  readonly sinks: readonly SinkStatus[]
  /** Lowest event time of the job; ∓Infinity before the first and after the last. */
  readonly watermark: number
  readonly restarts: number
  readonly newestCheckpoint: CheckpointInfo | undefined
  /** Of the attempt at hand; undefined before it is known, and when it starts from nothing. */
  readonly restored: StateComparison | undefined
}
export interface SourceStatus {
  readonly address: string
  readonly records: number
  readonly invalid: number
  /** From 0 to 1, how much of its input has been read; undefined where the source does not know. */
  readonly share: number | undefined
}
export interface SinkStatus {
  readonly address: string
  /** Given to its writers; after a restart some are given once more. */
  readonly records: number
  /** Where its output goes, if the sink says so. */
  readonly place: string | undefined
}
export interface CheckpointInfo {
  readonly checkpoint: number
  /** Wall clock. */
  readonly createdAtMs: number
  /** From the trigger to the durable manifest; undefined for one that was restored. */
  readonly durationMs: number | undefined
  /** Bytes of all chunks it needs, and of its entry of the log. */
  readonly sizeBytes: number
  /** Bytes that were new with it. */
  readonly newBytes: number
  /** Addresses of sinks that keep output open over it, to be shown later; absent when there are none. */
  readonly openSinks?: readonly string[]
}

export type JobEvent =
  /** Another process has the job: `owner` as its claim says, `silentMs` how long its heartbeat has not moved. */
  | { readonly kind: 'waiting'; readonly owner: ProcessIdentity; readonly silentMs: number; readonly leaseMs: number }
  | { readonly kind: 'claimed'; readonly epoch: number }
  /** Undefined: starts from nothing. */
  | (StateComparison & {
      readonly kind: 'restoring'
      readonly checkpoint: number | undefined
      /** An older checkpoint, with the user's word: output that was committed after it stays, and is written again. */
      readonly repeatsOutput: boolean
    })
  | { readonly kind: 'running'; readonly checkpoint: number | undefined }
  | { readonly kind: 'checkpoint'; readonly info: CheckpointInfo }
  /** A stop has not waited for all commits of its last checkpoint: the next run makes those that are left. */
  | { readonly kind: 'commits-left' }
  | { readonly kind: 'checkpoint-aborted'; readonly checkpoint: number; readonly reason: string }
  | { readonly kind: 'attempt-failed'; readonly error: unknown; readonly restartInMs: number | undefined }
  /** The bounded job of this storage had finished before: nothing was run. */
  | { readonly kind: 'already-finished'; readonly checkpoint: number }
  | { readonly kind: 'ended'; readonly outcome: JobOutcome }
export type JobOutcome = 'finished' | 'already-finished' | 'stopped'

export interface StopOptions {
  /** After this it ends: with what is not committed left to the next run, or, where the last checkpoint is not complete, STOPPED. */
  readonly deadlineMs?: number
  /** How long it waits for commits once the last checkpoint is complete; until the deadline if not given. */
  readonly commitMs?: number
}
/** A started job. */
export interface JobHandle {
  /** Rejects when the job has failed for good; everything is closed by then. */
  readonly finished: Promise<JobOutcome>
  /** Last checkpoint, commit, release. Resolves as `finished` does. */
  stop(options?: StopOptions): Promise<void>
  /** Has a checkpoint taken soon, unless one is being taken. Its end is told to the observer. */
  checkpoint(): void
  /** State and timers of a process function for a key, by name; undefined for any other step, and while nothing runs. For the test kit. */
  look(step: string, key: Key): Readonly<Record<string, unknown>> | undefined
  status(): JobStatus
}
export type JobObserver = (event: JobEvent) => void
