/** What happens to one simulated job, as data: drawn before it begins, printed whole, and made smaller when it fails. */
import type { RunOptions } from '../../packages/millrace/src/api/run-types.ts'
import type { CompactionLimits } from '../../packages/millrace/src/checkpoint/compaction.ts'
import type { Tempo } from '../../packages/millrace/src/simulate/machine.ts'
import type { LinkTempo } from '../../packages/millrace/src/simulate/simulated-links.ts'
import type { InputShape } from '../lib/sequence-input.ts'
import type { LedgerShape } from './ledger.ts'

/** When something ends or stops a process. `recovery`: at the nth operation of the disk since its start, if it has not come to run by then. */
export type When =
  | { readonly at: 'time'; readonly ms: number }
  | { readonly at: 'point'; readonly point: string; readonly nth: number }
  | { readonly at: 'recovery'; readonly nth: number }

/** Whose operations: those on checkpoints, their log or their chunks alone, on output, on input, or all. */
export type Where = 'checkpoints' | 'log' | 'chunks' | 'output' | 'input' | 'all'

/** What a loss of power takes: nothing, sectors, all unsynced bytes, names, of all some. */
export type PowerKind = 'power' | 'torn' | 'unsynced' | 'names' | 'mixed'
export type DiskErrorKind = 'space' | 'short' | 'write' | 'sync' | 'read' | 'rename'

export type Fault =
  | { readonly kind: 'crash' | 'point'; readonly when: When }
  | { readonly kind: PowerKind; readonly when: When }
  /** The first kills, the one in the life after it takes names, or of all some. */
  | { readonly kind: 'twin'; readonly when: When; readonly loses: 'names' | 'mixed' | undefined }
  | { readonly kind: 'pause'; readonly when: When; readonly forMs: number }
  | { readonly kind: 'rival'; readonly ms: number }
  | ({ readonly kind: 'links' } & LinkTempo)
  | { readonly kind: 'stale'; readonly ms: number; readonly polls: number; readonly travelMs: number }
  | { readonly kind: 'slow'; readonly where: Where; readonly chance: number; readonly mostMs: number; readonly forMs: number }
  /** From the `from`th operation that could fail so, each `every`th, `times` times. */
  | { readonly kind: DiskErrorKind; readonly where: Where; readonly from: number; readonly every: number; readonly times: number }
  /** Of commits of the strict sink, and of operations that give a file its name. */
  | { readonly kind: 'reply'; readonly where: Where; readonly from: number; readonly times: number }
  /** Commits of the strict sink are refused, or it is not there for so many. */
  | { readonly kind: 'refuse'; readonly how: 'refused' | 'outage'; readonly from: number; readonly times: number }
  | { readonly kind: 'timeout'; readonly afterMs: number }
  | { readonly kind: 'clock'; readonly ms: number; readonly byMs: number }
  | { readonly kind: 'stop'; readonly ms: number; readonly againMs: number | undefined }
  /** Flips a bit, takes the file away, or all entries. */
  | { readonly kind: 'rot'; readonly how: 'bit' | 'file' | 'log' }

/** One process, or more where faults want another beside it. */
export interface Life {
  readonly parallelism: number
  readonly faults: readonly Fault[]
  /** Its fault hits while the process before it is being recovered from. */
  readonly isRecovery: boolean
}

export interface SimPlan {
  readonly seed: number
  readonly shape: InputShape
  readonly ledger: LedgerShape
  /** File sinks of the sequence job that there are: at least its history and one kind of windows. */
  readonly sinks: readonly string[]
  readonly everyMs: number
  readonly leaseMs: number
  readonly timeoutMs: number
  readonly restart: NonNullable<RunOptions['restart']>
  /** Between two batches of its strict source, at most. */
  readonly pauseMs: number
  /** As long as the strict sink usually takes to commit one thing, at most. */
  readonly commitMs: number
  readonly retain: number
  readonly keyGroups: number
  readonly check: boolean
  /** Parts of its sinks stay open over checkpoints until they have so many bytes. */
  readonly partBytes: number | undefined
  /** Its sinks are full now and then. */
  readonly hesitates: boolean
  readonly tempo: Tempo
  readonly tuning: {
    readonly batchRecords: number
    readonly credits: number
    readonly failureBudget: number
    readonly generateCode: boolean
    readonly compaction: CompactionLimits
  }
  /** Subtasks have their turns in any order, not in rotation. */
  readonly isShuffled: boolean
  /** One file, one subtask: then it is settled which rows are late. */
  readonly isSerial: boolean
  readonly lives: readonly Life[]
  /** Of the processes that finish the job once the faults have stopped. */
  readonly lastParallelism: number
}

/** All faults of a plan in their order: what shrinking takes away by number. */
export function faultsOf(plan: SimPlan): readonly Fault[] {
  return plan.lives.flatMap(({ faults }) => faults)
}

/** The plan with only these of its faults; a life without any is none. */
export function keeping(plan: SimPlan, kept: ReadonlySet<number>): SimPlan {
  let number = 0
  const lives = plan.lives.map((life) => ({ ...life, faults: life.faults.filter(() => kept.has(number++)) }))
  return { ...plan, lives: lives.filter(({ faults }) => faults.length > 0) }
}
