/** What a job must be like before a crash point can be passed. */
import type { Kill, Place } from './kill.ts'

export interface Need {
  /** Passed only by a job that has just begun. */
  readonly fresh?: true
  /** Passed only after parts of files were open in a checkpoint. */
  readonly openParts?: true
  /** A kill before it, no part of any plan, that leaves what it needs. */
  readonly leftBy?: Kill
  /** The job may also have made a checkpoint in some earlier life. */
  readonly checkpointIsEnough?: true
  /** Not worth waiting for twice. */
  readonly rare?: true
  /** A process passes it once, whether the job is new or not. */
  readonly once?: true
  /** Where the point lies. */
  readonly place?: Place
}

const at = (point: string, nth: number): Kill => ({ kind: 'point', point, nth, fresh: false })

const toRestore = { leftBy: at('checkpoint.stored', 2), checkpointIsEnough: true } as const

/** By the beginning of the point's name; the first that fits. */
const needs: readonly (readonly [prefix: string, need: Need])[] = [
  ['storage.mark.', { fresh: true, rare: true }],
  ['directory.', { fresh: true, rare: true }],
  ['files.withdraw.', { leftBy: at('files.part.afterSync', 3), rare: true }],
  ['files.commit.afterUnlinkOfCopied', { openParts: true, leftBy: at('checkpoint.stored', 4), rare: true }],
  ['files.part.beforeCopy', { openParts: true, leftBy: at('checkpoint.stored', 4), rare: true, place: 'restore' }],
  ['files.part.afterCopy', { openParts: true, leftBy: at('checkpoint.stored', 4), rare: true, place: 'restore' }],
  ['storage.sweep.', { leftBy: at('storage.chunk.beforeLink', 2), rare: true }],
  ['restore.run', { ...toRestore, rare: true, place: 'restore' }],
  ['restore.', { rare: true, once: true, place: 'restore' }],
  ['claim.', { rare: true, once: true, place: 'restore' }],
  ['withdraw.', { rare: true, once: true, place: 'restore' }],
  ['task.', { place: 'subtasks' }],
  ['chunk.', { place: 'subtasks' }],
  ['files.part.', { place: 'subtasks' }],
  ['upkeep.', { rare: true }],
  ['storage.beat.', { rare: true }],
]

export function needOf(point: string): Need {
  return needs.find(([prefix]) => point.startsWith(prefix))?.[1] ?? {}
}

export function needOfKill(kill: Kill): Need {
  if (kill.kind !== 'point') return {}
  return kill.place === 'restore' ? { ...needOf(kill.point), ...toRestore } : needOf(kill.point)
}
