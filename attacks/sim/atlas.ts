/** The fault atlas: with which errors a process may end, loudly, for what was done to it. Whatever else it ends with is a violation. */
import type { ErrorCode } from '../../packages/millrace/src/core/error-codes.ts'
import type { FaultKind } from './kinds.ts'
import type { Fault } from './plan.ts'

export interface Circumstances {
  readonly faults: readonly Fault[]
  /** Another process has wanted the job meanwhile. */
  readonly hasRival: boolean
}

const DISK_ERRORS: readonly ErrorCode[] = ['STORAGE', 'CHECKPOINT_FAILED', 'COMMIT_FAILED', 'SINK', 'SOURCE']

/** A disk that fails may make a process give up: another one takes the job over. */
const atlas: Partial<Record<FaultKind, readonly ErrorCode[]>> = {
  space: DISK_ERRORS,
  short: DISK_ERRORS,
  write: DISK_ERRORS,
  sync: DISK_ERRORS,
  read: DISK_ERRORS,
  rename: DISK_ERRORS,
  reply: DISK_ERRORS,
  // Too short for the disk: what has to be is never there.
  timeout: ['CHECKPOINT_TIMEOUT', 'CHECKPOINT_FAILED'],
  pause: ['FENCED'],
}

export function allowedEnds({ faults, hasRival }: Circumstances): ReadonlySet<ErrorCode> {
  const kinds = new Set(faults.map(({ kind }) => kind))
  const allowed = new Set([...kinds].flatMap((kind) => atlas[kind] ?? []))
  // One that cannot show for longer than its lease that it lives may lose the job to another.
  if (hasRival && (kinds.has('slow') || [...kinds].some((kind) => atlas[kind] === DISK_ERRORS))) allowed.add('FENCED')
  // The deadline of a stop passes while the disk does not answer.
  if (kinds.has('stop') && kinds.has('slow')) allowed.add('STOPPED')
  // Whoever stops a job that fails is told why it failed.
  if (kinds.has('stop') && kinds.has('stale')) allowed.add('USER_CODE')
  return allowed
}
