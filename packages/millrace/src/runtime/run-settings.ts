/** What the runtime is told: options after defaults and checks. */
import type { RestartStrategy } from '../checkpoint/restart.ts'
import type { StorageDefinition } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import type { Plan } from '../plan/nodes.ts'
import type { Tuning, Watch } from './attempt.ts'
import type { JobObserver } from './monitor.ts'

export interface RunSettings {
  readonly parallelism: number
  /** Undefined: as the checkpoint says, else the default. */
  readonly keyGroups: number | undefined
  /** Undefined: nothing survives the process. */
  readonly checkpoints: CheckpointSettings | undefined
  readonly restore: RestoreSettings
  readonly restart: RestartStrategy
  readonly check: boolean
  /** Undefined: a share of the heap. */
  readonly maxStateBytes: number | undefined
}
export interface CheckpointSettings {
  readonly storage: StorageDefinition
  readonly everyMs: number
  readonly timeoutMs: number
  readonly retain: number
  readonly leaseMs: number
}
export interface RestoreSettings {
  readonly mode: 'latest' | 'none'
  /** A checkpoint's id. */
  readonly from: number | undefined
  readonly acceptLoss: boolean
  readonly allowDropped: boolean
}

/** All that a run of a job is given. */
export interface JobRunOptions {
  readonly plan: Plan
  readonly settings: RunSettings
  readonly env: Env
  readonly observer?: JobObserver
  readonly tuning?: Tuning
  readonly watch?: Watch
}
