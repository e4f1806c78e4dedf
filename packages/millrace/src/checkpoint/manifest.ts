/**
 * What a checkpoint is: one entry of the job's log. STATE FORMAT: everything in this file is written to storage.
 *
 * A manifest is complete in itself: every chunk that it needs is listed with length and hash, and nothing else of the
 * directory matters for a restore (rules 1.1).
 */
import type { Plain } from '../connect/contract.ts'
import type { ProcessIdentity } from '../core/env.ts'
import type { DeclaredState } from '../state/contract.ts'

export const MANIFEST_FORMAT = 1

export interface Manifest {
  readonly format: typeof MANIFEST_FORMAT
  readonly job: string
  /** Never reused; an aborted checkpoint takes an id too, so there may be gaps (rules 1.3). */
  readonly checkpoint: number
  readonly epoch: number
  /** Wall clock, for people only. */
  readonly createdAtMs: number
  /** `first`: before any record; `end`: all input has ended and all output is in it; `stop`: asked for by a stop. */
  readonly reason: 'first' | 'periodic' | 'stop' | 'end'
  /** Fixed for the life of the state. */
  readonly keyGroups: number
  readonly planHash: string
  /** Every chunk that some run names, once. */
  readonly chunks: readonly ChunkRef[]
  /** By address (`source/…`, `step/…`, `sink/…`). Only what has state, positions or committables. */
  readonly operators: Readonly<Record<string, OperatorPart>>
}

export interface ChunkRef {
  readonly name: string
  readonly sizeBytes: number
  readonly sha256: string
}

export type OperatorPart = KeyedPart | SourcePart | SinkPart

/** Keyed state and timers of a step, and its watermark. A process function without a key has the watermark alone, by the ranges that its subtasks would have. */
export interface KeyedPart {
  readonly kind: 'keyed'
  readonly states: Readonly<Record<string, StoredDeclaration>>
  /** Oldest first: for a key group, the state is what these runs give when applied in this order. */
  readonly runs: readonly Run[]
  /** Rules 1.2 (b): the watermark that holds for each range of key groups; ranges are disjoint and cover all groups. */
  readonly watermarks: readonly GroupWatermark[]
}
/** A declaration without its functions. */
export type StoredDeclaration = DeclaredState

/** The blocks of one operator in one chunk, for the key groups `first` to `last`, both inside. */
export interface Run {
  readonly chunk: string
  readonly first: number
  readonly last: number
  readonly bytes: number
  readonly entries: number
  /** 0: a checkpoint's delta; 1 and up: merged deltas; `base`: merged with all that is older, no tombstones in it. */
  readonly level: number | 'base'
  /**
   * States in it that count no more, as a user has dropped them, or as later runs hold all of them in another version: a restore and
   * a merge leave them out, also if their names are used again.
   */
  readonly ignored?: readonly string[]
}
export interface GroupWatermark {
  readonly first: number
  readonly last: number
  /** ∓Infinity before and after all input. */
  readonly watermark: number
}

/** True when ascending ranges hold each of `keyGroups` groups exactly once. */
export function coversAllGroups(ranges: readonly { readonly first: number; readonly last: number }[], keyGroups: number): boolean {
  let next = 0
  for (const { first, last } of ranges) {
    if (first !== next || last < first) return false
    next = last + 1
  }
  return next === keyGroups
}

export interface SourcePart {
  readonly kind: 'source'
  /** Every split ever announced, by name. */
  readonly splits: Readonly<Record<string, SplitState>>
}
export interface SplitState {
  /** Where to go on; for one that has ended, where it ended. */
  readonly position: Plain
  /** Rules 1.2 (a): the greatest timestamp seen; -Infinity before the first record with one. */
  readonly maxTimestamp: number
  readonly ended: boolean
  /** What its reader had told those downstream, higher than what its splits give where one was idle; absent before it told anything. */
  readonly watermark?: number
}

export interface SinkPart {
  readonly kind: 'sink'
  /** Sealed up to this checkpoint and not known to be committed, in order of checkpoints. */
  readonly committables: readonly StoredCommittable[]
  /** What writers sealed as `state`, in order of subtasks. */
  readonly writerStates: readonly Plain[]
}
export interface StoredCommittable {
  readonly checkpoint: number
  readonly epoch: number
  readonly subtask: number
  readonly data: Plain
}

// ---------------------------------------------------------------- the log

/** Number of a log's first entry. */
export const FIRST_ENTRY = 1
/**
 * How many checkpoint ids an owner may use beyond the greatest one in its newest entry. Whoever follows an owner that did not
 * release starts above all of them, so an id is never used twice, not even for checkpoints that were aborted.
 */
export const CHECKPOINT_ID_WINDOW = 100

/** Entry n of the job's log. Numbers are dense: one's own last entry + 1. */
export type Entry = ClaimEntry | CheckpointEntry | ReleaseEntry | FinishedEntry

/** What every entry says, so that the newest one alone tells what the log must hold. */
export interface EntryHead {
  readonly job: string
  /** Token of the first claim: what sinks have staged in the name of this log, and of no other, it may withdraw. */
  readonly log: string
  readonly epoch: number
  /** Number of the claim of this epoch; a claim's own number. */
  readonly claim: number
  /** The entry of the checkpoint that a successor restores; a checkpoint's own number; null while there is none. */
  readonly latest: number | null
  /**
   * Older entries that must be there, ascending: retained checkpoints and the claim. Every other older entry may have been
   * deleted, and its number may have been taken again by a zombie: it counts for nothing.
   */
  readonly kept: readonly number[]
  /** No checkpoint id above this one was used before this entry; -1 before the first. */
  readonly checkpointFloor: number
}

export interface ClaimEntry extends EntryHead {
  readonly kind: 'claim'
  readonly owner: ProcessIdentity
  /** Tells this claim from another one for the same epoch by a process that lost the race. */
  readonly token: string
  /** The owner beats more often than this. */
  readonly leaseMs: number
}
export interface CheckpointEntry extends EntryHead {
  readonly kind: 'checkpoint'
  readonly manifest: Manifest
}
/** The owner has stopped cleanly: nobody needs to wait, and its `checkpointFloor` is exact. */
export interface ReleaseEntry extends EntryHead {
  readonly kind: 'release'
}
/** A bounded job has finished and committed all. */
export interface FinishedEntry extends EntryHead {
  readonly kind: 'finished'
  readonly checkpoint: number
}

// ---------------------------------------------------------------- what tasks report

/** What a task acknowledges for checkpoint n; everything in it is durable. */
export interface TaskReport {
  readonly task: string
  readonly subtask: number
  /** All its input had ended and all its output had left when it sealed this: nothing of it changes any more. */
  readonly isFinal: boolean
  readonly chunk?: ChunkRef
  readonly operators: Readonly<Record<string, OperatorReport>>
}
/**
 * A sink reports what it sealed for this checkpoint and for earlier ones that were aborted: it keeps a committable until a
 * checkpoint that holds it is complete, as state keeps its changes (rules 1.5 b). Once it is, the coordinator carries it.
 */
export type OperatorReport =
  | {
      readonly kind: 'keyed'
      readonly states: Readonly<Record<string, StoredDeclaration>>
      readonly first: number
      readonly last: number
      readonly watermark: number
      /** Parts of the range for which a higher one holds, ascending. */
      readonly floors?: readonly GroupWatermark[]
      readonly run?: { readonly bytes: number; readonly entries: number }
    }
  | { readonly kind: 'source'; readonly splits: Readonly<Record<string, SplitState>> }
  | { readonly kind: 'sink'; readonly committables: readonly StoredCommittable[]; readonly writerState?: Plain }
