import type { InputFormat } from '../lib/sequence-input.ts'

/** What the parent tells the process that it is going to kill, as JSON in its one argument. */
export interface ChildOptions {
  readonly input: string
  readonly output: string
  readonly checkpoints: string
  readonly parallelism: number
  readonly everyMs: number
  readonly retain: number
  readonly leaseMs: number
  readonly wide: boolean
  readonly format?: InputFormat
  /** Parts of sinks stay open until they have so many bytes. */
  readonly partBytes?: number
  readonly windows?: boolean
  /** The job of `keys-job.ts` with so many keys and records in the place of the sequence job. */
  readonly many?: { readonly keys: number; readonly records: number }
  /** One byte: the phase it was in last. */
  readonly phaseFile: string
  /** Smaller batches make the job slower, so that a kill finds work. */
  readonly batchRecords: number
  /** Batches that a channel holds; two if not given. */
  readonly credits?: number
  /** Reads so many rows for each checkpoint and no more, so that it lasts. */
  readonly rowsPerCheckpoint?: number
  /** Ends itself with this signal at the `nth` time (from 1) that it passes this crash point. */
  readonly at?: { readonly point: string; readonly nth: number; readonly signal: 'SIGKILL' | 'SIGSTOP' }
}

/** What it says, one JSON value a line. */
export type ChildLine =
  | { readonly kind: 'claiming' }
  | { readonly kind: 'waiting'; readonly silentMs: number }
  /** Ms since `claiming`. */
  | { readonly kind: 'claimed'; readonly epoch: number; readonly afterMs: number }
  | { readonly kind: 'running'; readonly checkpoint: number | undefined }
  | { readonly kind: 'checkpoint'; readonly checkpoint: number; readonly records: number }
  | { readonly kind: 'stopping' }
  /** It stops itself by SIGSTOP, any moment now. */
  | { readonly kind: 'pausing' }
  | { readonly kind: 'ended'; readonly outcome: string; readonly records: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
