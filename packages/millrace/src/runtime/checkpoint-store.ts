/** What an epoch needs of the place where its checkpoints go. */
import type { Merge } from '../checkpoint/compaction.ts'
import type { TaskSlot } from '../checkpoint/coordinator-types.ts'
import type { AppendBody, Ownership } from '../checkpoint/log-types.ts'
import type { Manifest, TaskReport } from '../checkpoint/manifest.ts'
import type { KeyedRestore } from '../checkpoint/restore-plan.ts'
import type { StreamError } from '../core/errors.ts'
import type { TaskSnapshot } from '../task/messages.ts'
import type { RestoredRun } from '../task/task-spec.ts'
import type { CheckpointInfo } from './monitor.ts'

export interface CheckpointStore {
  /** The next entry of the log; resolves once it counts. */
  append(body: Exclude<AppendBody, { kind: 'claim' }>): Promise<void>
  /** Makes a task's part of a checkpoint durable. */
  write(slot: TaskSlot, snapshot: TaskSnapshot): Promise<TaskReport>
  /** Reads what a subtask gets back. @throws {CHECKPOINT_CORRUPT} {FENCED} when it is missing because another process has the job */
  read(operator: string, from: KeyedRestore): Promise<readonly RestoredRun[]>
  /** All tasks have what they get back: what dead attempts left may go. */
  restored(): void
  /** A checkpoint is complete: files may go, runs may be merged. Works on in the background. */
  upkeep(manifest: Manifest, merged: (merge: Merge) => void): void
  /** The job is being stopped: nothing is merged any more. */
  rest(): void
  discard(merge: Merge): void
  /** @throws {FENCED} when another process has the job by now: what was found may then be its doing */
  checkOwned(): Promise<void>
  /** Of the manifest that was appended last. */
  describe(manifest: Manifest): Omit<CheckpointInfo, 'durationMs'>
  /** Resolves when nothing is under way any more; the epoch has ended. */
  settle(): Promise<void>
}

export type Claimed = { readonly kind: 'owner' } | { readonly kind: 'finished'; readonly checkpoint: number }

/** The store of a job from its claim to its end. */
export interface JobStore extends CheckpointStore {
  /** Highest checkpoint id that was used. */
  usedTo: number
  /** False: there is no storage, nothing survives the process. */
  readonly keepsState: boolean
  readonly ownership: Ownership
  claim(): Promise<Claimed>
  /** For another attempt: a new epoch. When the ownership was given up (LG9) the log is searched anew, and others may be waited for. */
  claimAgain(): Promise<Claimed>
  release(): Promise<void>
  /** Ends waiting for the claim; one that is being made is finished. */
  cancel(): void
  /** Waits for nothing any more: what is asked for rejects with this. */
  abandon(why: StreamError): void
  close(): Promise<void>
}
