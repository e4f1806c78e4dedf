/** What a job must be like before a crash point can be passed. */
import type { Kill } from './kill.ts'

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
}

const at = (point: string, nth: number): Kill => ({ kind: 'point', point, nth, fresh: false })

/** By the beginning of the point's name; the first that fits. */
const needs: readonly (readonly [prefix: string, need: Need])[] = [
  ['storage.mark.', { fresh: true, rare: true }],
  ['directory.', { fresh: true, rare: true }],
  ['files.withdraw.', { leftBy: at('files.part.afterSync', 3), rare: true }],
  ['files.commit.afterUnlinkOfCopied', { openParts: true, leftBy: at('checkpoint.stored', 4), rare: true }],
  ['storage.sweep.', { leftBy: at('storage.chunk.beforeLink', 2), rare: true }],
  ['restore.run', { leftBy: at('checkpoint.stored', 2), checkpointIsEnough: true, rare: true }],
  ['restore.', { rare: true }],
  ['claim.', { rare: true }],
  ['withdraw.', { rare: true }],
  ['upkeep.', { rare: true }],
  ['storage.beat.', { rare: true }],
]

export function needOf(point: string): Need {
  return needs.find(([prefix]) => point.startsWith(prefix))?.[1] ?? {}
}
