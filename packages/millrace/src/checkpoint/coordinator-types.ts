/** State, events and actions of the checkpoint coordinator; what they mean is in coordinator.ts. */
import type { Plain } from '../connect/contract.ts'
import type { StreamError } from '../core/errors.ts'
import type { Uncommitted, WriterStates } from './build-manifest.ts'
import type { Merge } from './compaction.ts'
import type { Manifest, StoredCommittable, TaskReport } from './manifest.ts'

/** One subtask of one task. */
export interface TaskSlot {
  readonly task: string
  readonly subtask: number
}

export interface CoordinatorOptions {
  readonly job: string
  /** Of the claim; an attempt has an epoch of its own, so it names the attempt too. */
  readonly epoch: number
  readonly planHash: string
  readonly keyGroups: number
  readonly tasks: readonly (TaskSlot & { readonly isSource: boolean })[]
  /** After the comparison with the plan (`compareWithPlan`); undefined for a fresh start. */
  readonly restored: Manifest | undefined
  /** Ids of this epoch are greater (`Ownership.checkpointFloor`). */
  readonly checkpointFloor: number
  /** Positions of some source are not in a checkpoint yet: one is taken before a record flows. Always on a fresh start. */
  readonly needsFirst: boolean
  /** CP-4: failed checkpoints in a row that are tolerated, 0 to 50. */
  readonly failureBudget: number
}

export type CheckpointReason = Manifest['reason']

/** Every event carries the wall clock (for people only) and, where it comes from an attempt, its epoch. */
export type CoordinatorEvent = { readonly nowMs: number } & (
  | { readonly kind: 'tick' }
  /** Asked to stop: a last checkpoint, its commit, a release. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'withdrawn'; readonly epoch: number }
  /** All tasks are open; sources wait for the completion of `first`, if one is needed, before they poll. */
  | { readonly kind: 'tasksRunning'; readonly epoch: number }
  | { readonly kind: 'acked'; readonly epoch: number; readonly checkpoint: number; readonly report: TaskReport }
  | {
      readonly kind: 'declined'
      readonly epoch: number
      readonly checkpoint: number
      readonly task: string
      readonly subtask: number
      readonly error: StreamError
    }
  /** All its input has ended and all its output is sent; it goes on answering barriers. */
  | { readonly kind: 'taskEnded'; readonly epoch: number; readonly task: string; readonly subtask: number }
  | { readonly kind: 'timedOut'; readonly epoch: number; readonly checkpoint: number }
  /** The log: the entry of a checkpoint counts. */
  | { readonly kind: 'stored'; readonly epoch: number; readonly checkpoint: number }
  /** The log: the entry cannot be made; whether it exists is open (LG9). */
  | { readonly kind: 'storeFailed'; readonly epoch: number; readonly error: StreamError }
  /** The log: somebody else owns the job. */
  | { readonly kind: 'fenced'; readonly error: StreamError }
  /** The log: the `finished` or `release` entry counts. */
  | { readonly kind: 'closed'; readonly epoch: number; readonly entry: 'finished' | 'release' }
  | { readonly kind: 'committed'; readonly epoch: number; readonly upTo: number }
  | { readonly kind: 'commitFailed'; readonly epoch: number; readonly upTo: number; readonly error: StreamError }
  /** A stop does not wait for commits any longer, and none is under way: the next owner makes those that are left. */
  | { readonly kind: 'commitsLeft'; readonly epoch: number }
  | { readonly kind: 'merged'; readonly epoch: number; readonly merge: Merge }
  /** A task has failed. Once the log is being closed that changes nothing: all that counts is in its last checkpoint. */
  | { readonly kind: 'attemptFailed'; readonly epoch: number; readonly error: StreamError }
  /** The host gives the attempt up, wherever it is: the log is not its own any more, or a deadline has passed. */
  | { readonly kind: 'givenUp'; readonly epoch: number; readonly error: StreamError }
)

/** By sink, in the order in which they are to be committed: checkpoint, then subtask. */
export type CommittableGroup = { readonly checkpoint: number; readonly sinks: Readonly<Record<string, readonly StoredCommittable[]>> }

export type CoordinatorAction =
  /** Each group fully before the next. Answer: `committed` or `commitFailed`. */
  | { readonly kind: 'commit'; readonly upTo: number; readonly groups: readonly CommittableGroup[] }
  /** Everything of older epochs that is not in `kept`, nor in the writer states `open`, is withdrawn. Answer: `withdrawn`. */
  | { readonly kind: 'withdraw'; readonly kept: Uncommitted; readonly open: WriterStates }
  /** Opens writers and readers from the restored manifest. Answer: `tasksRunning`. */
  | { readonly kind: 'start-tasks'; readonly needsFirst: boolean }
  /**
   * Barrier n to these subtasks. `completed`: the newest complete checkpoint (-1: none); every task takes it from the barrier and
   * lets go of what that one covers before it seals n, as messages of their own may come late (C7). `stop`: emit nothing after it.
   */
  | {
      readonly kind: 'trigger-barrier'
      readonly checkpoint: number
      readonly reason: CheckpointReason
      readonly completed: number
      readonly tasks: readonly TaskSlot[]
    }
  /** To the log. Answer: `stored`, `storeFailed` or `fenced`. */
  | { readonly kind: 'store-manifest'; readonly manifest: Manifest }
  | { readonly kind: 'notify-complete'; readonly checkpoint: number }
  /** By source and split: upstream may forget what lies before. */
  | {
      readonly kind: 'acknowledge-sources'
      readonly checkpoint: number
      readonly positions: Readonly<Record<string, Readonly<Record<string, Plain>>>>
    }
  /** Tasks behave as if it had never been triggered: what it had sealed joins the next. */
  | { readonly kind: 'abort'; readonly checkpoint: number; readonly error: StreamError }
  /** A time for retention and compaction: the manifest is the newest. */
  | { readonly kind: 'release-files'; readonly manifest: Manifest }
  /** A merge came too late: its chunk is of no use. */
  | { readonly kind: 'discard-merge'; readonly merge: Merge }
  /** To the log. Answer: `closed`. */
  | { readonly kind: 'append-finished'; readonly checkpoint: number; readonly usedTo: number }
  | { readonly kind: 'append-release'; readonly usedTo: number }
  /** The attempt is over; whether there is another one is the restart policy's question. */
  | { readonly kind: 'fail-job'; readonly error: StreamError }
  | { readonly kind: 'ended'; readonly how: 'finished' | 'stopped' }

/** The one checkpoint in flight. */
export interface Flight {
  readonly checkpoint: number
  readonly reason: CheckpointReason
  /** By slot. */
  readonly reports: Readonly<Record<string, TaskReport>>
  readonly missing: readonly string[]
  /** Slots that had ended when they sealed what they report. */
  readonly final: readonly string[]
  /** Once it is being stored it cannot be aborted any more. */
  readonly manifest: Manifest | undefined
}

export interface CoordinatorState {
  readonly options: CoordinatorOptions
  readonly stage: 'committing-restored' | 'withdrawing' | 'opening' | 'running' | 'finishing' | 'closing' | 'ended'
  readonly newest: Manifest | undefined
  /** The highest checkpoint id that was used. */
  readonly usedTo: number
  readonly flight: Flight | undefined
  /** A checkpoint to be triggered as soon as none is in flight. */
  readonly wanted: 'stop' | 'end' | undefined
  readonly ended: readonly string[]
  /** Of slots that had ended when they sealed a complete checkpoint: they never change again and are not asked again. */
  readonly settled: Readonly<Record<string, TaskReport>>
  /** In the newest manifest and not known to be committed. */
  readonly uncommitted: Uncommitted
  /** The commit on its way. */
  readonly committing: number | undefined
  /** For the next manifest. */
  readonly merges: readonly Merge[]
  /** Failed in a row. */
  readonly failures: number
  /** Messages of other attempts or checkpoints, which were dropped. */
  readonly dropped: number
}

export interface CoordinatorDecision {
  readonly state: CoordinatorState
  readonly actions: readonly CoordinatorAction[]
}
