import type { Floor } from '../operator/contract.ts'
import type { SplitState } from '../checkpoint/manifest.ts'
import type { Plain } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import type { OutputName, Plan } from '../plan/nodes.ts'
import type { TaskHost } from './messages.ts'
import type { OutputEdge } from './router.ts'
import type { Specializer } from './specialize.ts'
import type { Underway } from './underway.ts'
import type { StateBudget } from './state-budget.ts'

/** One subtask of one task of the physical plan, as data. */
export interface TaskSpec {
  readonly plan: Plan
  /** Name of the task, for messages. */
  readonly name: string
  /** Indices of the plan's nodes that run in this task, in topological order. */
  readonly nodes: readonly number[]
  readonly subtask: number
  readonly subtasks: number
  readonly keyGroups: number
  readonly outputs: readonly TaskOutput[]
  /** One per sending subtask and edge; what `deliver` names. */
  readonly channels: readonly TaskChannel[]
}
export interface TaskOutput extends OutputEdge {
  readonly node: number
  readonly from: OutputName
}
export interface TaskChannel {
  readonly node: number
  /** Which input edge of the node. */
  readonly input: number
  /** Whether a source behind it can give event time; others take no part in the watermark (rules 1.13). */
  readonly timed: boolean
}

/** What a task gets back from a checkpoint, by address. */
export type OperatorRestore =
  | {
      readonly kind: 'keyed'
      /** Oldest first. */
      readonly runs: readonly RestoredRun[]
      readonly watermark: number
      /** Of these key groups it was higher. */
      readonly floors?: readonly Floor[]
    }
  | { readonly kind: 'source'; readonly splits: Readonly<Record<string, SplitState>> }
  /** Absent for one that the checkpoint does not hold. */
  | { readonly kind: 'sink'; readonly writerStates: readonly Plain[] }

/** Blocks of one run, of this subtask's key groups alone. States of these names in it are dropped. */
export interface RestoredRun {
  readonly blocks: readonly Uint8Array[]
  readonly ignored: readonly string[]
}

export interface TaskOptions {
  readonly spec: TaskSpec
  readonly host: TaskHost
  /** For the connectors of this task, and for budgets; the task itself asks it for nothing else. */
  readonly env: Env
  /** As in `SinkContext`. */
  readonly log: string
  readonly epoch: number
  readonly specializer: Specializer
  /** False where there is no storage: snapshots then hold no state, only what sinks have sealed. */
  readonly keepsState: boolean
  /** Deep-freeze and inspect every record, not samples. */
  readonly check: boolean
  /** Of the process: what its state may take. */
  readonly stateBudget?: StateBudget | undefined
  readonly signal: AbortSignal
  readonly underway: Underway
  /** Smaller ones are for tests: credits of one record. */
  readonly batchRecords?: number
  readonly credits?: number
}

/** Time as the host sees it, read once per call. */
export interface HostTime {
  readonly now: number
  readonly monotonic: number
}
