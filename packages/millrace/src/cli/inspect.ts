import type { Env } from '../core/env.ts'
import { StreamError } from '../core/errors.ts'
import type { Values } from './arguments.ts'
import { exitCodes } from './exit-codes.ts'
import { jsonValue } from './format.ts'
import { inspectCheckpoint } from './inspect-data.ts'
import { inspectText } from './inspect-text.ts'
import { readLog, type LogReport, type StoredCheckpoint } from './log-reader.ts'
import type { World } from './world.ts'

/** `millrace inspect`: what is inside a checkpoint. */
export async function inspectCommand(operand: string, values: Values, world: World): Promise<number> {
  const { env, stdout, stderr, paint } = world
  const { directory, checkpoint } = await operandOf(env, operand)
  const log = await readLog(env, directory)
  const stored = chosen(log, directory, checkpoint)
  const report = await inspectCheckpoint(env, log, stored)
  stdout.write(values['json'] === true ? `${JSON.stringify(report, jsonValue, 2)}\n` : inspectText(report, env.clock.now()))
  // Damage elsewhere in the log concerns nobody who asked for this checkpoint; that of the newest entry is thrown above.
  for (const { message } of report.damaged) stderr.write(`${paint('red', 'damaged:')} ${message}\n`)
  return report.damaged.length > 0 ? exitCodes.refused.code : exitCodes.ok.code
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
