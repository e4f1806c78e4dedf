/** States, events and actions of the log machine; what they mean as a protocol is in log.ts. */
import type { Beat } from '../connect/contract.ts'
import type { ProcessIdentity } from '../core/env.ts'
import type { StreamError } from '../core/errors.ts'
import type { CheckpointEntry, ClaimEntry, Entry, Manifest } from './manifest.ts'

/** `from` is a checkpoint's id. Restoring an older one forgets what newer ones hold, so it takes the user's word. */
export type Restore = 'latest' | 'none' | { readonly from: number; readonly acceptLoss: boolean }

export interface LogOptions {
  readonly job: string
  readonly self: ProcessIdentity
  /** Drawn anew for each start of the machine (`Env.random.id`). */
  readonly token: string
  /** A claim is taken over when its owner's heart has not beaten for so long on the waiter's clock. */
  readonly leaseMs: number
  /** How often a waiter looks; an owner tries again after so long. */
  readonly pollMs: number
  /** Checkpoints that are kept, at least 1. */
  readonly retain: number
  readonly restore: Restore
  /** Tokens of earlier starts in this process that have ended: nobody needs to wait for them. */
  readonly abandoned: readonly string[]
  /** How often a failing creation is tried, at least 1. */
  readonly maxTries: number
  /** What a message calls the file of an entry. */
  readonly nameOf: (entry: number) => string
}

// ---------------------------------------------------------------- events

/** Result of a `look`. */
export interface Look {
  /** All entries of the log, ascending. */
  readonly numbers: readonly number[]
  readonly beat: Beat | undefined
  /** About the process to be probed; undefined when there was none or nobody can tell. */
  readonly ownerAlive: boolean | undefined
}
/** Result of reading one entry: intact, damaged (with the error of `decodeEntry`), or not there. */
export type ReadEntry =
  | { readonly number: number; readonly entry: Entry }
  /** `isLost`: only a beat still names it. */
  | { readonly number: number; readonly error: StreamError; readonly isLost?: true }
  | { readonly number: number; readonly missing: true }

export type AppendBody =
  | { readonly kind: 'checkpoint'; readonly manifest: Manifest }
  /** The attempt has failed and the same process goes on: a new epoch without waiting. */
  | { readonly kind: 'claim'; readonly token: string; readonly usedTo: number }
  /** `usedTo`: the highest checkpoint id that was used, -1 when none. */
  | { readonly kind: 'release'; readonly usedTo: number }
  | { readonly kind: 'finished'; readonly checkpoint: number; readonly usedTo: number }

export type LogEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'looked'; readonly look: Look }
  | { readonly kind: 'read'; readonly results: readonly ReadEntry[] }
  | { readonly kind: 'chunksSeen'; readonly found: boolean }
  /** On the waiter's own monotonic clock. */
  | { readonly kind: 'waited'; readonly elapsedMs: number }
  | { readonly kind: 'created'; readonly number: number; readonly result: 'created' | 'exists' }
  /** The entry may be there or not, now or later. */
  | { readonly kind: 'createFailed'; readonly number: number; readonly error: StreamError }
  /** A look, a read or a look for chunks could not be done. */
  | { readonly kind: 'ioFailed'; readonly error: StreamError }
  /** To an owner. One at a time; a `claim` or a `release` may come while a checkpoint or `finished` is on its way. */
  | { readonly kind: 'append'; readonly body: AppendBody }
  /** To an owner: a look that the machine has not asked for. */
  | { readonly kind: 'noticed'; readonly numbers: readonly number[] }
  /** To an owner, more often than its lease; `seen` is what `lastBeat` gives now. */
  | { readonly kind: 'beatDue'; readonly seen: Beat | undefined }

// ---------------------------------------------------------------- actions

/** What an owner begins an epoch with. */
export interface Ownership {
  /** `EntryHead.log`. */
  readonly log: string
  readonly epoch: number
  readonly claim: number
  /** Undefined: a fresh start. */
  readonly restored: { readonly number: number; readonly manifest: Manifest } | undefined
  /** Checkpoint ids of this epoch are greater. */
  readonly checkpointFloor: number
  /** Retained checkpoints that are intact, ascending. */
  readonly retained: readonly { readonly number: number; readonly manifest: Manifest }[]
  /** Needed entries that are damaged or missing, without being the one restored: to be reported. */
  readonly damaged: readonly { readonly number: number; readonly error: StreamError }[]
  /** False while a damaged entry may be a checkpoint, whose chunks nobody knows (D6). */
  readonly mayDelete: boolean
  /** All entries of the log. */
  readonly numbers: readonly number[]
}

export type LogAction =
  /** First `lastBeat`, then `entries` (in this order: LG6); `probe` is asked about with `isAlive`. Answer: `looked`. */
  | { readonly kind: 'look'; readonly probe: ProcessIdentity | undefined }
  | { readonly kind: 'read'; readonly numbers: readonly number[] }
  /** Whether `listChunks` gives anything. */
  | { readonly kind: 'look-for-chunks' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'create'; readonly number: number; readonly entry: Entry }
  /** No answer. */
  | { readonly kind: 'beat'; readonly beat: Beat }
  /** Outcome: this process owns the job in a new epoch. */
  | { readonly kind: 'owner'; readonly ownership: Ownership }
  /** Outcome: the entry counts. `numbers` is the whole log after it. */
  | { readonly kind: 'appended'; readonly number: number; readonly entry: Entry; readonly numbers: readonly number[] }
  /** Outcome: the job has finished long ago. */
  | { readonly kind: 'finished'; readonly checkpoint: number }
  /** Outcome: another process owns the job. Nothing may be committed or deleted any more. */
  | { readonly kind: 'fenced'; readonly error: StreamError }
  /** Outcome: the start, or the ownership, has ended with an error. */
  | { readonly kind: 'stop'; readonly error: StreamError }

// ---------------------------------------------------------------- states

/** What the newest entry and those it needs were when they were read. */
export interface LogView {
  readonly newest: number
  /** Undefined: damaged. */
  readonly entry: Entry | undefined
  /** All others that were read: those that the newest one needs; all, when it is damaged. */
  readonly others: readonly ReadEntry[]
  /** The damage of the newest. */
  readonly error: StreamError | undefined
  /** The newest is not there: a beat names it. */
  readonly isLost: boolean
  /** A later look has shown the same newest entry, so that what was missing is missing (LG7, LG11). */
  readonly isConfirmed: boolean
}

export interface Search {
  readonly options: LogOptions
  readonly view: LogView | undefined
  /** Since the owner's last sign of life. */
  readonly waitedMs: number
  readonly seen: { readonly newest: number; readonly epoch: number; readonly count: number } | undefined
  readonly probe: ProcessIdentity | undefined
  /** Asked about chunks already, with this newest entry (0: none). */
  readonly chunks: { readonly newest: number; readonly found: boolean } | undefined
  /** The newest entry of the last look that could not be read, to tell a race from a loss. */
  readonly vanished: number | undefined
  readonly failures: number
}

export interface Claiming {
  readonly number: number
  readonly entry: ClaimEntry
  readonly ownership: Ownership
  readonly tries: number
}

export interface Pending {
  readonly number: number
  readonly entry: Entry
  /** `checking`: after a failure the name was found taken, perhaps by ourselves. */
  readonly phase: 'creating' | 'pausing' | 'checking' | 'confirming'
  readonly tries: number
}

export interface Owner {
  readonly options: LogOptions
  readonly log: string
  readonly epoch: number
  readonly claim: number
  readonly token: string
  /** One's own newest entry. */
  readonly last: number
  readonly latest: number | null
  readonly checkpoints: readonly { readonly number: number; readonly manifest: CheckpointEntry['manifest'] }[]
  /** Stay needed until a user restores a certain checkpoint by name; without old claims. */
  readonly damaged: readonly number[]
  readonly beats: number
  readonly pending: Pending | undefined
  /** Waits until `pending`, a checkpoint or `finished`, is settled. */
  readonly next: (AppendBody & { readonly kind: 'claim' | 'release' }) | undefined
}

export type LogState =
  | { readonly kind: 'looking'; readonly search: Search }
  | { readonly kind: 'reading'; readonly search: Search; readonly look: Look; readonly newest: ReadEntry | undefined }
  | { readonly kind: 'chunks'; readonly search: Search; readonly newest: number }
  | { readonly kind: 'waiting'; readonly search: Search; readonly askedMs: number }
  | { readonly kind: 'claiming'; readonly search: Search; readonly claiming: Claiming; readonly phase: Pending['phase'] }
  | { readonly kind: 'owner'; readonly owner: Owner }
  | { readonly kind: 'ended'; readonly how: 'finished'; readonly checkpoint: number }
  | { readonly kind: 'ended'; readonly how: 'released' | 'fenced' | 'stopped' }

export interface LogDecision {
  readonly state: LogState
  readonly actions: readonly LogAction[]
}
