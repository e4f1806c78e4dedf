import type { SinkContext } from '../connect/contract.ts'
import { messageOf, StreamError } from '../core/errors.ts'
import { systemCodeOf } from './durable.ts'
import { joinPath } from './path.ts'

/**
 * What a checkpoint keeps of a sealed part. STATE FORMAT.
 *
 * `size` and `crc32` prove, when the hidden file is gone, that what has the final name is this part.
 */
export type Part = {
  /** Inside the hidden folder. */
  readonly hidden: string
  /** Inside the directory. */
  readonly final: string
  readonly size: number
  readonly crc32: number
  /** Inside the hidden folder: the part with which it begins, if it went through a restore. It goes with the commit. */
  readonly copyOf: string | null
}

/**
 * What a checkpoint keeps of a part that stays open: so much of it is durable, and that name it gets if it ends with a restore.
 * STATE FORMAT.
 */
export type OpenPart = {
  readonly hidden: string
  readonly final: string
  readonly size: number
  readonly crc32: number
}

/** Ends the message about a file of a checkpoint that is not there: it may be where the sink was. */
export const OTHER_PATH =
  "If the sink's path has been changed since, change it back: what is there belongs to these checkpoints. A relative path begins where the process was started."

/** The named durable steps of a file sink (rule E3), in the order in which they come. */
export const FILE_SINK_CRASH_POINTS: readonly string[] = [
  'files.part.beforeCopy',
  'files.part.afterCopy',
  'files.part.beforeCreate',
  'files.part.afterCreate',
  'files.part.beforeSync',
  'files.part.afterSync',
  'files.part.afterDirectorySync',
  'files.commit.beforeLink',
  'files.commit.afterLink',
  'files.commit.afterDirectorySync',
  'files.commit.afterUnlink',
  'files.commit.afterUnlinkOfCopied',
  'files.withdraw.beforeUnlink',
  'files.withdraw.afterUnlink',
]

/** One folder for each job and sink: `+` is in no id, so that no two pairs get the same. */
export function hiddenFolderOf(directory: string, context: SinkContext): string {
  return joinPath(directory, `.millrace-${encodeId(context.job)}+${encodeId(context.sink)}`)
}

/** EXACTLY-ONCE: log, epoch and the writer's own id are in the name, so no run and no attempt ever opens or removes a file of another. */
export function hiddenName(at: {
  readonly log: string
  readonly epoch: number
  readonly subtask: number
  readonly count: number
  readonly writer: string
}): string {
  return `${at.log}-${pad(at.epoch, 8)}-${at.subtask}-${at.count}-${at.writer}.inprogress`
}

/** The epoch in a hidden name of this log; undefined for any other name. */
export function epochOf(hidden: string, log: string): number | undefined {
  const match = /^(.+)-(\d{8,})-\d+-\d+-[0-9a-f]{16}\.inprogress$/.exec(hidden)
  return match?.[1] === log ? Number(match[2]) : undefined
}

/** ORDER: padded, so that names sort as the checkpoints that committed them, and within one as they were written: `digits` is what its last index needs. */
export function finalName(at: {
  readonly checkpoint: number
  readonly subtask: number
  readonly index: number
  readonly digits: number
  readonly extension: string
}): string {
  return `part-${pad(at.checkpoint, 12)}-${at.subtask}-${pad(at.index, at.digits)}${at.extension}`
}

export function isFinalName(name: string): boolean {
  return /^part-\d{12,}-\d+-\d+/.test(name)
}

export function sinkError(context: SinkContext, path: string, cause: unknown): StreamError {
  if (StreamError.is(cause)) return cause
  return new StreamError('SINK', `${context.sink} cannot write ${path}: ${messageOf(cause)}`, {
    cause,
    details: { file: path, sink: context.sink, subtask: context.subtask, system: systemCodeOf(cause) },
  })
}

function encodeId(id: string): string {
  return id.replace(/[^A-Za-z0-9._-]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}
