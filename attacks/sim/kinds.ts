/** What can go wrong in a simulated history, by name: what --only-faults takes, what is counted, and what the floors are about. */
import { OptionError } from '../lib/options.ts'

export const FAULT_KINDS = [
  'crash',
  'point',
  'twin',
  'power',
  'torn',
  'unsynced',
  'names',
  'mixed',
  'pause',
  'rival',
  'links',
  'stale',
  'slow',
  'space',
  'short',
  'write',
  'sync',
  'read',
  'rename',
  'reply',
  'refuse',
  'timeout',
  'clock',
  'stop',
  'rot',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

export const FAULT_WORDS: Readonly<Record<FaultKind, string>> = {
  crash: 'a process is killed between any two events',
  point: 'a process is killed at a named crash point',
  twin: 'a process is killed at a named crash point, and at the same the next one loses power',
  power: 'the machine loses power, and the disk loses nothing',
  torn: 'the machine loses power: of what was not synced some sectors are left',
  unsynced: 'the machine loses power: what was not synced is gone',
  names: 'the machine loses power: changes of directories that were not synced are gone',
  mixed: 'the machine loses power: of all that was not synced, bytes and names, some is left',
  pause: 'a process stands still for longer than its lease, while another one wants the job',
  rival: 'a second process is started on the same job',
  links: 'what tasks tell each other and the coordinator is slow, and links overtake each other',
  stale: 'an attempt fails, and what it had sent arrives when the next one runs',
  slow: 'operations of the disk take up to many times the lease',
  space: 'no space: files cannot be made, and nothing is appended',
  short: 'no space in the middle of a write: a part of it is left',
  write: 'EIO on making or appending to a file',
  sync: 'EIO on fsync; what was to be synced is lost',
  read: 'EIO on opening, reading and listing',
  rename: 'EIO on rename, link and unlink',
  reply: 'a commit, an entry or a heartbeat takes effect, and whoever made it is told that it failed',
  refuse: 'a sink refuses a commit, or is not there for longer than a commit is tried',
  timeout: 'checkpoints are given up after so short a time that some are',
  clock: 'the wall clock jumps, by -1 hour to +1 year',
  stop: 'SIGTERM, and now and then a second one',
  rot: 'in a file that the next start needs a bit is flipped, or it is gone, or the whole log is: it has to refuse',
}

export function faultKindsOf(text: string): readonly FaultKind[] {
  return text.split(',').map((name) => {
    const kind = FAULT_KINDS.find((each) => each === name.trim())
    if (kind === undefined) throw new OptionError(`knows no fault '${name}'; there are ${FAULT_KINDS.join(', ')}`)
    return kind
  })
}
