/** The fault atlas: with which errors a process may end, loudly, for what was done to it, and what they have to name. Whatever else it ends with is a violation. */
import type { ErrorCode } from '../../packages/millrace/src/core/error-codes.ts'
import type { StreamError } from '../../packages/millrace/src/core/errors.ts'
import { textOf } from '../lib/error-text.ts'
import { HUNG_UP } from '../lib/paced-source.ts'
import type { Fault } from './plan.ts'
import { OUTAGE, REFUSED } from './strict-sink.ts'

export interface Circumstances {
  readonly faults: readonly Fault[]
  /** Another process has wanted the job meanwhile. */
  readonly hasRival: boolean
}
interface Ends {
  readonly codes: readonly ErrorCode[]
  /** In its message or that of a cause. */
  readonly names: RegExp
}

/** A disk that fails may make a process give up: another one takes the job over. */
const DISK: Ends = { codes: ['STORAGE', 'CHECKPOINT_FAILED', 'SINK', 'SOURCE'], names: /EIO|ENOSPC/ }
/** Who cannot show for longer than its lease that it lives may lose the job to another. */
const FENCED: Ends = { codes: ['FENCED'], names: /has taken over/ }

/** Of a stop: the newest complete checkpoint is what the next run goes on from. */
const DEADLINE: Ends = {
  codes: ['STOPPED'],
  names: /^The deadline of stop\(\) has passed before the last checkpoint was complete.*is done again by the next run\./,
}

const DISK_KINDS: ReadonlySet<Fault['kind']> = new Set(['space', 'short', 'write', 'sync', 'read', 'rename', 'reply'])

/** What is wrong with how a process has ended. */
export function judgeError(error: StreamError, { faults, hasRival }: Circumstances): string | undefined {
  const text = textOf(error)
  const fitting = endsOf(faults, hasRival).filter(({ codes }) => codes.includes(error.code))
  const what = `after ${JSON.stringify(faults)} the job ended with ${error.code}: ${text}`
  if (fitting.length === 0) return what
  return fitting.some(({ names }) => names.test(text)) ? undefined : `${what}, which does not name the cause`
}

function endsOf(faults: readonly Fault[], hasRival: boolean): readonly Ends[] {
  const kinds = new Set(faults.map(({ kind }) => kind))
  const ends = faults.flatMap(endsAfter)
  if (hasRival && faults.some(({ kind }) => kind === 'pause' || kind === 'slow' || DISK_KINDS.has(kind))) ends.push(FENCED)
  // The deadline of a stop passes while the disk does not answer, or a sink is not there.
  if (kinds.has('stop') && (kinds.has('slow') || kinds.has('refuse'))) ends.push(DEADLINE)
  // Whoever stops a job that fails is told why it failed.
  if (kinds.has('stop') && kinds.has('stale')) ends.push({ codes: ['USER_CODE'], names: new RegExp(HUNG_UP) })
  // A chunk, too, may be longer on its way than its checkpoint has time.
  if (kinds.has('stop') && kinds.has('slow')) ends.push({ codes: ['CHECKPOINT_TIMEOUT'], names: /within its timeout/ })
  return ends
}

function endsAfter(fault: Fault): Ends[] {
  switch (fault.kind) {
    case 'refuse':
      return fault.how === 'refused'
        ? [{ codes: ['COMMIT_FAILED'], names: new RegExp(REFUSED) }]
        : [{ codes: ['SINK'], names: new RegExp(OUTAGE) }]
    // A folder of committed files that could not be synced: nobody knows which names are durable.
    case 'sync':
      return fault.where === 'output' || fault.where === 'all' ? [DISK, { codes: ['COMMIT_FAILED'], names: /EIO/ }] : [DISK]
    // Too short for the disk: what has to be is never there. Of each that failed the reason was told when it did.
    case 'timeout':
      return [{ codes: ['CHECKPOINT_TIMEOUT', 'CHECKPOINT_FAILED'], names: /timeout|100 checkpoints in a row/ }]
    default:
      return DISK_KINDS.has(fault.kind) ? [DISK] : []
  }
}
