import type { Env } from '../core/env.ts'
import { StreamError } from '../core/errors.ts'
import { readLog, type LogReport, type StoredCheckpoint } from './log-reader.ts'

export interface OpenedCheckpoint {
  readonly log: LogReport
  readonly stored: StoredCheckpoint
}

/** So often what a live owner has deleted while it was read is tried again with the checkpoint that is then the newest. */
const MAX_LOOKS = 5

/**
 * Finds the checkpoint `DIR` (the newest) or `DIR/N` and reads what `read` wants of it. Damage that comes from a checkpoint having
 * been deleted meanwhile, as it was superseded, is none: `read` is then called again with the newest one.
 *
 * @param isWhole whether what was read shows no damage, for a `read` that reports damage and does not throw it
 * @throws {COMMAND_LINE} {CHECKPOINT_NOT_FOUND} {CHECKPOINT_CORRUPT} and what `read` throws
 */
export async function readCheckpoint<T>(
  env: Env,
  operand: string,
  read: (checkpoint: OpenedCheckpoint) => Promise<T>,
  isWhole: (found: T) => boolean = () => true,
): Promise<T> {
  const { directory, checkpoint } = await operandOf(env, operand)
  for (let looks = 1; ; looks++) {
    const log = await readLog(env, directory)
    const stored = chosen(log, directory, checkpoint)
    let failure: StreamError | undefined
    let found: T | undefined
    try {
      found = await read({ log, stored })
      if (isWhole(found)) return found
    } catch (error) {
      if (!StreamError.is(error) || error.code !== 'CHECKPOINT_CORRUPT') throw error
      failure = error
    }
    if (looks < MAX_LOOKS && !(await isStillThere(env, directory, stored))) continue
    if (failure !== undefined) throw failure
    return found as T
  }
}

async function isStillThere(env: Env, directory: string, { entry }: StoredCheckpoint): Promise<boolean> {
  const { checkpoints } = await readLog(env, directory)
  return checkpoints.some((each) => each.entry === entry)
}

/** `DIR` or `DIR/N`; a directory of that whole name is the directory. */
async function operandOf(env: Env, operand: string): Promise<{ readonly directory: string; readonly checkpoint: number | undefined }> {
  if ((await env.files.info(operand)) !== undefined) return { directory: operand, checkpoint: undefined }
  const [, directory, id] = /^(.*)\/(\d+)$/.exec(operand) ?? []
  return id === undefined
    ? { directory: operand, checkpoint: undefined }
    : { directory: directory === '' ? '/' : (directory as string), checkpoint: Number(id) }
}

function chosen(log: LogReport, directory: string, checkpoint: number | undefined): StoredCheckpoint {
  const ids = log.checkpoints.map(({ manifest }) => manifest.checkpoint)
  const there = ids.length === 0 ? 'there is none' : `there are ${ids.join(', ')}`
  const damage = log.damaged.at(-1)
  if (checkpoint === undefined) {
    const newest = log.checkpoints.find(({ entry }) => entry === log.newest?.entry?.latest)
    if (newest !== undefined) return newest
    // Showing an older one in its place would hide the loss.
    if (damage !== undefined)
      throw new StreamError(
        'CHECKPOINT_CORRUPT',
        `${damage.message} Intact: ${ids.length === 0 ? 'none' : ids.map((id) => `${directory}/${id}`).join(', ')}.`,
      )
    throw new StreamError('CHECKPOINT_NOT_FOUND', `${directory} holds no checkpoint.`)
  }
  const found = log.checkpoints.findLast(({ manifest }) => manifest.checkpoint === checkpoint)
  if (found !== undefined) return found
  const damaged = damage === undefined ? '' : ` ${damage.message}`
  throw new StreamError('CHECKPOINT_NOT_FOUND', `Checkpoint ${checkpoint} is not in ${directory}: ${there}.${damaged}`)
}
