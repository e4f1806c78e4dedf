/** Which kills there will be: data, made of the seed alone. */
import { CRASH_POINTS } from '../../packages/millrace/src/job/crash-points.ts'
import type { Kill } from './kill.ts'
import { needOf } from './needs.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'

const LONGEST_MS = 300
/** One of each phase: they come first, so that a short plan has them too. */
const FIRST = [
  'task.draining',
  'commit.before',
  'storage.entry.beforeSync',
  'task.encode',
  'withdraw.after',
  'storage.mark.beforeLink',
  'files.part.beforeSync',
]

/** Half by the clock, half at points: each point about as often as every other. Kills of a fresh job come first in each leg. */
export function planOf(seed: number, kills: number): Kill[] {
  const random = new SeededRandom(seed, 'kills')
  const points = [
    ...FIRST,
    ...shuffled(
      CRASH_POINTS.filter((point) => !FIRST.includes(point)),
      random,
    ),
  ]
  const plan: Kill[] = []
  for (let index = 0; index < kills; index++) {
    const point = index % 2 === 1 ? (points[(index >> 1) % points.length] as string) : undefined
    const need = point === undefined ? undefined : needOf(point)
    const fresh = need === undefined ? random.chance(0.1) : need.fresh === true
    // Squared: early moments are rich in events.
    if (point === undefined)
      plan.push({
        kind: 'time',
        since: fresh || random.chance(0.2) ? 'claiming' : 'running',
        afterMs: fresh ? random.below(40) : Math.floor(LONGEST_MS * random.next() ** 2),
        fresh,
      })
    else plan.push({ kind: 'point', point, nth: need?.rare === true ? 1 : 1 + random.below(6), fresh })
  }
  return plan
}

export function shuffled<T>(list: readonly T[], random: SeededRandom): T[] {
  const rest = [...list]
  return list.map(() => rest.splice(random.below(rest.length), 1)[0] as T)
}
