import type { ErrorCode } from '../core/error-codes.ts'
import { StreamError } from '../core/errors.ts'

type ExitName = 'ok' | 'failed' | 'usage' | 'fenced' | 'refused' | 'hangup' | 'interrupted' | 'terminated'
interface ExitCode {
  readonly code: number
  readonly what: string
}

/** How `millrace` ends, for scripts and supervisors; printed by `--help`. STABLE: a number never changes its meaning. */
export const exitCodes: Readonly<Record<ExitName, ExitCode>> = {
  ok: { code: 0, what: 'done: finished, stopped by one Ctrl-C or SIGTERM, or nothing was left to do' },
  failed: {
    code: 1,
    what: 'the job cannot be built, failed for good, ended the process or did not stop in time; or its storage fails',
  },
  usage: { code: 2, what: 'the command line or an option is wrong; nothing was started' },
  fenced: { code: 3, what: 'another process has taken over the job; it runs there' },
  refused: { code: 4, what: 'a checkpoint is damaged, missing, lacks what was asked for, or may not be restored into this job' },
  hangup: { code: 129, what: 'a second SIGHUP ended it at once' },
  interrupted: { code: 130, what: 'a second Ctrl-C ended it at once' },
  terminated: { code: 143, what: 'a second SIGTERM ended it at once' },
}

/** Codes that are not `failed`. */
const byErrorCode: Partial<Record<ErrorCode, ExitName>> = {
  COMMAND_LINE: 'usage',
  INVALID_OPTION: 'usage',
  INVALID_DURATION: 'usage',
  NOT_YET: 'usage',
  FENCED: 'fenced',
  CHECKPOINT_CORRUPT: 'refused',
  CHECKPOINT_FORMAT: 'refused',
  CHECKPOINT_FOREIGN: 'refused',
  CHECKPOINT_NOT_FOUND: 'refused',
  STATE_NOT_FOUND: 'refused',
  RESTORE_REFUSED: 'refused',
  STATE_DROPPED: 'refused',
  STATE_MISMATCH: 'refused',
  KEY_GROUPS_CHANGED: 'refused',
}

export function exitCodeOf(error: unknown): number {
  if (!StreamError.is(error)) return exitCodes.failed.code
  const name = byErrorCode[error.code] ?? 'failed'
  // A function of a step gave it for a record: something was started.
  const isOfRecord = name === 'usage' && error.details?.['step'] !== undefined
  return exitCodes[isOfRecord ? 'failed' : name].code
}

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'
const bySignal = { SIGINT: 'interrupted', SIGTERM: 'terminated', SIGHUP: 'hangup' } as const

export function exitCodeOfSignal(signal: StopSignal): number {
  return exitCodes[bySignal[signal]].code
}
