/**
 * What goes between a task and its host. A host is transport: it moves elements, keeps time and storage; whatever decides a
 * result is in the task. docs/design/host-frames.md has the same as frames of bytes.
 */
import type { OperatorReport } from '../checkpoint/manifest.ts'
import type { StateBlock, StateStatistics } from '../state/contract.ts'

/** At most this many records in a batch between tasks. */
export const BATCH_RECORDS = 512
/** Batches that may be under way on one channel before the sender has to wait. */
export const CHANNEL_CREDITS = 2
/** Records that one call of user code may emit while there is no room (rules 1.10). */
export const OVERDRAFT_RECORDS = 65_536

export interface RecordBatch {
  readonly kind: 'batch'
  readonly values: readonly unknown[]
  /** NaN: none. */
  readonly timestamps: Float64Array
}
export type StreamElement =
  | RecordBatch
  | { readonly kind: 'watermark'; readonly at: number }
  | { readonly kind: 'idle' }
  | { readonly kind: 'barrier'; readonly checkpoint: number; readonly reason: BarrierReason }
  | { readonly kind: 'end' }
/** `stop`: the task begins nothing after it. `end`: its input has ended, nothing follows. */
export type BarrierReason = 'checkpoint' | 'stop' | 'end'

/** All that a task gives for a checkpoint. Everything a sink sealed is durable; the blocks are not yet. */
export interface TaskSnapshot {
  readonly checkpoint: number
  /** The task had ended when it sealed this. */
  readonly isFinal: boolean
  readonly blocks: readonly { readonly operator: string; readonly block: StateBlock }[]
  readonly operators: Readonly<Record<string, OperatorReport>>
}

export interface SeenByWindow {
  readonly value: unknown
  /** NaN when it has none. */
  readonly timestamp: number
  readonly watermark: number
  readonly now: number
}

/** What a task asks of its host. Called on the task's thread, during the task's own calls. */
export interface TaskHost {
  /** A batch takes one credit of the channel; all else takes none. */
  send(output: number, target: number, element: StreamElement): void
  /** The credit of a batch goes back to its sender: it has been taken up. */
  consumed(channel: number): void
  /** Everything before the barrier is out; the host sends it on all outputs, then calls `resume` (the hold, rules 1.4). */
  held(checkpoint: number, reason: BarrierReason): void
  snapshot(snapshot: TaskSnapshot): void
  /** All input has ended and everything is out. Barriers come to this task directly from now on. */
  ended(): void
  failed(error: unknown): void
  /** A sink is full until something is committed: a checkpoint is due, whatever the interval. May be asked for more than once. */
  checkpointWanted?(): void
  /** For those who watch: an operator begins with a watermark. */
  watermark?(address: string, at: number, now: number): void
  /** For those who watch: a window step gets a record. */
  windowed?(address: string, seen: SeenByWindow): void
  /** For those who watch: the timers of an operator in processing time begin to fire. */
  clock?(address: string, now: number): void
  /** For those who watch: splits of a source have become idle. */
  splitsIdle?(address: string, splits: readonly string[]): void
  /** For those who watch: a slice of what keeps state small has been done, and this is left of an operator's state. */
  swept?(address: string, statistics: StateStatistics): void
  /** Something outside has made work possible: call `step` again. */
  wake(): void
}

export type StepResult = 'more' | 'idle'
