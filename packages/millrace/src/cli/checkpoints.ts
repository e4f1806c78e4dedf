import { chunkOriginOf } from '../checkpoint/chunk-name.ts'
import type { ProcessIdentity } from '../core/env.ts'
import { tableText } from '../core/text-layout.ts'
import type { Values } from './arguments.ts'
import { ownerText } from './event-text.ts'
import { exitCodes } from './exit-codes.ts'
import { ageText, bytesText, durationText, jsonValue } from './format.ts'
import { readLog, sizeOf, type LogReport, type StoredCheckpoint } from './log-reader.ts'
import type { World } from './world.ts'

/** `millrace checkpoints`: what a directory holds, and who owns the job. */
export async function checkpointsCommand(operand: string, values: Values, world: World): Promise<number> {
  const report = await readLog(world.env, operand)
  const text =
    values['json'] === true
      ? `${JSON.stringify(checkpointsData(report), jsonValue, 2)}\n`
      : checkpointsText(report, { directory: operand, nowMs: world.env.clock.now(), self: world.env.processes.self() })
  world.stdout.write(text)
  for (const { message } of report.damaged) world.stderr.write(`${world.paint('red', 'damaged:')} ${message}\n`)
  // Without a log it is no directory of checkpoints, or an empty one; `inspect` says the same.
  const isRefused = report.damaged.length > 0 || report.newest === undefined
  return isRefused ? exitCodes.refused.code : exitCodes.ok.code
}

/** What a script gets. */
export function checkpointsData(report: LogReport): unknown {
  return {
    directory: report.storage.name,
    job: report.newest?.entry?.job ?? report.checkpoints.at(-1)?.manifest.job,
    owner: report.owner,
    epoch: report.newest?.entry?.epoch,
    checkpoints: report.checkpoints.map((stored, index) => ({
      checkpoint: stored.manifest.checkpoint,
      reason: stored.manifest.reason,
      createdAtMs: stored.manifest.createdAtMs,
      epoch: stored.manifest.epoch,
      sizeBytes: sizeOf(stored),
      newBytes: newBytesOf(report.checkpoints, index),
      entry: stored.entry,
      file: stored.file,
    })),
    damaged: report.damaged,
  }
}

export function checkpointsText(
  report: LogReport,
  context: { readonly directory: string; readonly nowMs: number; readonly self: ProcessIdentity },
): string {
  const { checkpoints, newest } = report
  const job = newest?.entry?.job ?? checkpoints.at(-1)?.manifest.job
  const lines: string[] = []
  if (job !== undefined) lines.push(`job ${job}: ${ownerLine(report, context.self)}`, '')
  if (checkpoints.length === 0) lines.push(`No ${report.damaged.length > 0 ? 'intact ' : ''}checkpoints in ${context.directory}.`)
  else {
    const rows = checkpoints.map((stored, index) => [
      String(stored.manifest.checkpoint),
      stored.manifest.reason,
      ageText(context.nowMs - stored.manifest.createdAtMs),
      bytesText(sizeOf(stored)),
      bytesText(newBytesOf(checkpoints, index)),
      String(stored.manifest.epoch),
      isNewest(report, stored) ? '<- continues from here' : '',
    ])
    lines.push(...tableText([['CHECKPOINT', 'REASON', 'AGE', 'SIZE', 'NEW', 'EPOCH', ''], ...rows.toReversed()], { right: [0, 3, 4, 5] }))
  }
  return `${lines.join('\n')}\n`
}

/** What a run on the directory would do about the owner. */
function ownerLine({ owner, damaged }: LogReport, self: ProcessIdentity): string {
  switch (owner.state) {
    case 'none':
      return 'nobody has it'
    case 'released':
      return 'stopped and given back; a run continues at once'
    case 'finished':
      return 'finished, all output is committed; a run changes nothing'
    case 'damaged':
      return `its log is damaged at entry ${damaged.at(-1)?.number}; a run stops and changes nothing`
    case 'unclaimed':
      return 'its claim is damaged; a run waits until nobody has given a sign of life for its lease'
    case 'alive':
      return `running in ${ownerText(owner.process, self)}`
    case 'gone':
      return `process ${owner.process.pid}, which had it, is gone; a run continues at once`
    case 'unknown':
      return `claimed by ${ownerText(owner.process, self)}; a run waits until that is silent for ${durationText(owner.leaseMs)}`
  }
}

function isNewest({ newest, owner }: LogReport, stored: StoredCheckpoint): boolean {
  return owner.state !== 'finished' && owner.state !== 'damaged' && newest?.entry?.latest === stored.entry
}

/** The entry, and chunks that the one before does not have; of the oldest in the list those that were written for it. */
export function newBytesOf(checkpoints: readonly StoredCheckpoint[], index: number): number {
  const { manifest, entryBytes } = checkpoints[index] as StoredCheckpoint
  const before = checkpoints[index - 1]?.manifest
  const known = new Set(before?.chunks.map(({ name }) => name))
  const isNew = (name: string): boolean =>
    before === undefined ? chunkOriginOf(name)?.checkpoint === manifest.checkpoint : !known.has(name)
  return manifest.chunks.reduce((sum, { name, sizeBytes }) => sum + (isNew(name) ? sizeBytes : 0), entryBytes)
}
