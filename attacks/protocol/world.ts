/**
 * The world of the enumeration: an abstract storage, a strict sink, and processes that run the real machines (log, coordinator,
 * retention) against them. A world is never changed; a step makes a new one.
 *
 * The job has one task: it numbers records 1..n, keeps a sum per key (so there are chunks), and writes what it has read.
 */
import type { Uncommitted } from '../../packages/millrace/src/checkpoint/build-manifest.ts'
import type { Merge } from '../../packages/millrace/src/checkpoint/compaction.ts'
import type { CoordinatorState, CoordinatorAction } from '../../packages/millrace/src/checkpoint/coordinator.ts'
import type { LogAction, LogState } from '../../packages/millrace/src/checkpoint/log.ts'
import type { Entry, Manifest, StoredCommittable, TaskReport } from '../../packages/millrace/src/checkpoint/manifest.ts'
import type { RetentionState } from '../../packages/millrace/src/checkpoint/retention.ts'
import type { Beat } from '../../packages/millrace/src/connect/contract.ts'

export const SOURCE = 'source/numbers'
export const STEP = 'step/sum'
export const SINK = 'sink/out'
export const TASK = 'all'

export interface World {
  readonly storage: Storage
  readonly sink: Sink
  readonly processes: readonly Process[]
  readonly budget: Budget
  readonly ghost: Ghost
  /** The process that went on last. */
  readonly current: number
}

export interface Storage {
  readonly entries: Readonly<Record<number, Entry>>
  /** By name: the records whose effect is in it. */
  readonly chunks: Readonly<Record<string, readonly number[]>>
  readonly beat: Beat | undefined
}

/** By `epoch.checkpoint`: what was sealed durably, and what was published. Committing what was not prepared is an error. */
export interface Sink {
  readonly prepared: Readonly<Record<string, readonly number[]>>
  readonly committed: Readonly<Record<string, readonly number[]>>
}

/** What may still happen. */
export interface Budget {
  readonly crashes: number
  /** Leases that run out although the owner lives: it is paused meanwhile. */
  readonly leases: number
  /** Checkpoints that are declined after their seal. */
  readonly aborts: number
  /** Checkpoints that are given up while what belongs to them is still on its way. */
  readonly timeouts: number
  /** Creations whose outcome the process is not told: made, not made, or made at any time later. */
  readonly doubts: number
  readonly merges: number
  readonly stops: number
  /** Attempts that fail at any moment, also while an entry is on its way. */
  readonly failures: number
  /** Beats between entries, at any moment. */
  readonly beats: number
  /** Times that a process is interrupted although it could go on; -1: any number. */
  readonly switches: number
}

/** What only the judge knows. */
export interface Ghost {
  /** Entries that counted for their maker. */
  readonly confirmed: readonly { readonly number: number; readonly epoch: number; readonly position: number | undefined }[]
  /** Checkpoint ids that were used. */
  readonly used: readonly number[]
  readonly hadDoubt: boolean
  readonly violation: string | undefined
}

export interface Process {
  readonly name: string
  readonly life: 'unborn' | 'running' | 'dead' | 'done'
  readonly log: LogState | undefined
  readonly coordinator: CoordinatorState | undefined
  readonly retention: RetentionState | undefined
  readonly task: Task | undefined
  /** Begun and not done; any of them may be next, deletions in their order. */
  readonly operations: readonly Operation[]
  readonly tokens: number
}

export interface Task {
  readonly position: number
  /** Since the last seal. */
  readonly open: readonly number[]
  /** Sealed, and not known to be in a complete checkpoint. */
  readonly sealed: readonly StoredCommittable[]
  readonly hasEnded: boolean
}

export type Operation =
  | { readonly kind: 'log'; readonly action: LogAction & { readonly kind: 'look' | 'read' | 'look-for-chunks' | 'wait' | 'create' } }
  | { readonly kind: 'seal'; readonly epoch: number; readonly barrier: CoordinatorAction & { readonly kind: 'trigger-barrier' } }
  | { readonly kind: 'acknowledge'; readonly epoch: number; readonly checkpoint: number; readonly report: TaskReport }
  | { readonly kind: 'commit'; readonly epoch: number; readonly upTo: number; readonly left: readonly StoredCommittable[] }
  | { readonly kind: 'withdraw'; readonly epoch: number; readonly kept: Uncommitted }
  | { readonly kind: 'open'; readonly epoch: number; readonly manifest: Manifest | undefined }
  | { readonly kind: 'list-chunks'; readonly epoch: number }
  | { readonly kind: 'delete-entry'; readonly number: number }
  | { readonly kind: 'delete-chunk'; readonly chunk: string }
  | { readonly kind: 'merge'; readonly epoch: number; readonly merge: Merge }
  /** A restart is pending: another attempt, or somebody asks for a stop meanwhile. */
  | { readonly kind: 'restart'; readonly usedTo: number }
  /** A creation that was said to have failed comes to be after all, if its number is still free. */
  | { readonly kind: 'land'; readonly number: number; readonly entry: Entry }

export interface Scenario {
  readonly key: string
  readonly name: string
  readonly records: number
  readonly processes: number
  readonly retain: number
  readonly failureBudget: number
  /** A stop may be asked for before the tasks run, too. */
  readonly stopsEarly?: boolean
  /** Only entries of an owner are without an answer, and they are not made. */
  readonly doubts?: 'own-entries'
  readonly budget: Budget
  /** Whether the files that are no longer needed go one by one, with anything between, or all at once. */
  readonly deletes: 'stepwise' | 'at-once'
  /** Whether the report of what a task has sealed may come later than what it does next. */
  readonly reports: 'late' | 'at-once'
  /** Whether a committed process may hear of it later. With `no-matter` a commit is one step with its decision. */
  readonly answers: 'late' | 'at-once' | 'no-matter'
}

export function firstWorld(scenario: Scenario): World {
  return {
    storage: { entries: {}, chunks: {}, beat: undefined },
    sink: { prepared: {}, committed: {} },
    processes: Array.from({ length: scenario.processes }, (_, i) => unborn(i)),
    budget: scenario.budget,
    ghost: { confirmed: [], used: [], hadDoubt: false, violation: undefined },
    current: 0,
  }
}

export function unborn(index: number): Process {
  return {
    name: 'ABCDEF'[index] as string,
    life: 'unborn',
    log: undefined,
    coordinator: undefined,
    retention: undefined,
    task: undefined,
    operations: [],
    tokens: 0,
  }
}

export function numbersOf(storage: Storage): readonly number[] {
  return Object.keys(storage.entries)
    .map(Number)
    .sort((a, b) => a - b)
}

/** Records that a manifest has read. */
export function positionOf(manifest: Manifest | undefined): number {
  const part = manifest?.operators[SOURCE]
  return part?.kind === 'source' ? (part.splits['0']?.position as number) : 0
}

export function idOf(committable: StoredCommittable): string {
  return `${committable.epoch}.${committable.checkpoint}`
}

/** The newest checkpoint as a successor would restore it. */
export function latestManifest(storage: Storage): Manifest | undefined {
  const newest = storage.entries[numbersOf(storage).at(-1) ?? 0]
  const latest = newest?.latest == null ? undefined : storage.entries[newest.latest]
  return latest?.kind === 'checkpoint' ? latest.manifest : undefined
}
