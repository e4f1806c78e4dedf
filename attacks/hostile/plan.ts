/** Which cases there are: every act at every place where it makes sense, the rest drawn from the seed. */
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { shuffled } from '../kill/plan.ts'
import { ACTS, type Act } from './acts.ts'
import type { HostileCase } from './case.ts'
import { PLACES, type Place } from './places.ts'

/** Places that are passed once for each record, and so often at most; the others seldom. */
const EARLIEST = 250
const LONGEST = 300
const FIRINGS: readonly Place[] = ['timer', 'result']
const OFTEN: readonly Place[] = ['source', 'schema', 'timestamp', 'map', 'key', 'process', 'window', 'sink', 'filter', 'flatMap']

/** Places that are like others: what is tried there is what an error of theirs becomes. */
const SELDOM: readonly Place[] = ['filter', 'flatMap', 'initial', 'result', 'source-open', 'acknowledge', 'sink-open', 'seal']
const PLAIN: readonly Act[] = ['throw', 'throw-nothing', 'throw-async', 'never-resolve']

/** What cannot be at a place, or would be the same as at another. */
function isSensible(act: Act, place: Place): boolean {
  // An async function that rejects is what these two are made for; their act is to throw.
  if (act === 'mutate-state') return place === 'process'
  return !(act === 'mutate' && place === 'commit') && (!SELDOM.includes(place) || PLAIN.includes(act))
}

const ALL = ACTS.flatMap((act) => PLACES.map((place) => ({ act, place }))).filter(({ act, place }) => isSensible(act, place))

/** What `--case` takes. */
export function caseNumber(act: Act, place: Place): number {
  return ALL.findIndex((each) => each.act === act && each.place === place) + 1
}

export function casesOf(seed: number, busyMs: number, only?: number, most?: number): HostileCase[] {
  const random = new SeededRandom(seed, 'cases')
  const cases = ALL.map(({ act, place }, index): HostileCase => {
    const isOften = OFTEN.includes(place)
    const seldom = place === 'source-open' || place === 'sink-open' ? 0 : 2 + random.below(3)
    const after = isOften ? EARLIEST + random.below(LONGEST) : FIRINGS.includes(place) ? 40 + random.below(80) : seldom
    return { number: index + 1, act, place, parallelism: 1 + random.below(3), restarts: random.chance(0.4), after, busyMs }
  })
  const chosen = only === undefined ? cases : cases.filter(({ number }) => number === only)
  return shuffled(chosen, new SeededRandom(seed, 'order')).slice(0, most)
}
