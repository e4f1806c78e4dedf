/** Which kills there will be: data, made of the seed alone. */
import { CRASH_POINTS } from '../../packages/millrace/src/job/crash-points.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import type { Kill } from '../kill/kill.ts'
import { needOf } from '../kill/needs.ts'
import type { Phase } from '../kill/phase.ts'
import { shuffled } from '../kill/plan.ts'

/** A point that is passed often is hit at one of its first so many passes. */
const LATEST = 8

/** What is known of a kill at a point, after it. */
export interface Moment {
  /** Which pass. */
  readonly nth: number
  readonly phase: Phase
  readonly subtasks: number
}

/** So many of all, other ones with another seed. */
export function chosenPoints(seed: number, share: number): readonly string[] {
  return CRASH_POINTS.filter((_point, index) => (index + seed) % share === 0)
}

/** Each point so many times, each time at another pass where it has several; the last time at the place where the point lies. */
export function planOf(seed: number, points: readonly string[], times: number): Kill[] {
  const random = new SeededRandom(seed, 'points')
  const kills = points.flatMap((point) => {
    const passes = shuffled(
      Array.from({ length: LATEST }, (_zero, index) => index + 1),
      random,
    )
    return Array.from({ length: times }, (_zero, time) => killAt(point, time, time === times - 1, passes))
  })
  return shuffled(kills, random)
}

function killAt(point: string, time: number, isLast: boolean, passes: readonly number[]): Kill {
  const { fresh = false, once = false, rare = false, place } = needOf(point)
  if (fresh) return { kind: 'point', point, nth: 1, fresh }
  // Passed once: then the other moment is the first start of a job.
  if (once) return isLast ? { kind: 'point', point, nth: 1, fresh, place: 'restore' } : { kind: 'point', point, nth: 1, fresh: true }
  const nth = rare ? 1 + (time % 2) : (passes[time % LATEST] as number)
  return { kind: 'point', point, nth, fresh, ...(isLast && place !== undefined ? { place } : {}) }
}

/** The points that were hit, but never at the place where they lie. */
export function misplaced(hits: ReadonlyMap<string, readonly Moment[]>): readonly string[] {
  return [...hits]
    .filter(([point, moments]) => moments.length > 0 && !moments.some((moment) => isInPlace(point, moment)))
    .map(([point]) => point)
}

function isInPlace(point: string, { phase, subtasks }: Moment): boolean {
  const { place } = needOf(point)
  return place === 'restore' ? phase === 'restore' : place !== 'subtasks' || subtasks > 1
}
