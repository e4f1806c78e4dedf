import type { CheckpointStorage } from '../connect/contract.ts'
import type { Duration } from '../core/duration.ts'
import type { StateComparison } from '../plan/summary.ts'

/** What becomes of a run that fails. */
export type Restart =
  | 'none'
  | { strategy: 'fixed-delay'; attempts: number; delay: Duration }
  /** Gives up when more than so many failures come within `per`. */
  | { strategy: 'failure-rate'; failures: number; per: Duration; delay: Duration }
  | { strategy: 'exponential'; initial?: Duration; max?: Duration; multiplier?: number; jitter?: number; resetAfter?: Duration }

/** How a job is run. */
export interface RunOptions {
  /** Subtasks per step, for those that do not say; default 1. */
  parallelism?: number
  /** Default 1,024; fixed for the life of the state. */
  keyGroups?: number
  /** Without it nothing survives the process. A string is a directory. */
  checkpoints?: { storage: string | CheckpointStorage; every?: Duration; timeout?: Duration; retain?: number; lease?: Duration }
  /** Default 'latest': what the storage holds is continued; 'none' refuses storage that holds anything. `from`: a checkpoint of this storage, N or DIR/N. */
  restore?: 'latest' | 'none' | { from?: string; acceptLoss?: boolean; allowDropped?: boolean }
  /** Default: exponential with checkpoints, none without. */
  restart?: Restart
  /**
   * What the state of the process may take, an estimate; above it the job fails (STATE_LIMIT), before the process runs out of memory.
   * Default: 60 % of the heap.
   */
  state?: { maxBytes?: number }
  /** Deep-freezes what is read and emitted; default: only samples. */
  check?: boolean
  /** Aborting it stops the job as `stop()` does. */
  signal?: AbortSignal
}

/** The factory's config is required exactly where the factory takes one; it is structured-cloned, so it is data: no functions, no instances of classes. */
export type With<Config> = [Config] extends [void] ? [options?: RunOptions] : [options: RunOptions & { config: Config }]

/** A job that runs. */
export interface RunningJob extends AsyncDisposable {
  /** Resolves when a bounded job has finished and committed, or when it was stopped; rejects when it has failed for good. */
  readonly finished: Promise<void>
  /**
   * What becomes of the state that the checkpoint holds; undefined before the job has compared the two, and when it starts from
   * nothing.
   */
  readonly restored: StateComparison | undefined
  /**
   * Takes a last checkpoint, commits and ends. When the `deadline` passes during the commits, what is left is committed by the next
   * run; when it passes before the checkpoint is complete, or there are no checkpoints, it rejects with STOPPED. Soon after the
   * deadline it has settled in any case, also when an `open`, a `close` or a commit never ends; whose it is is said.
   */
  stop(options?: { deadline?: Duration }): Promise<void>
}
