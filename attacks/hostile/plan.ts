/** Which cases there are: every act at every place where it makes sense, the rest drawn from the seed. */
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { shuffled } from '../kill/plan.ts'
import { ACTS, type Act } from './acts.ts'
import type { HostileCase } from './case.ts'
import { PLACES, type Place } from './places.ts'

/** Places that are passed once for each record, and so often at most; the others seldom. */
const EARLIEST = 250
const LONGEST = 300
const OFTEN: readonly Place[] = [
  ...(['source', 'schema', 'timestamp', 'map', 'key', 'process', 'window', 'sink', 'filter', 'flatMap'] as const),
  ...(['iterable', 'reduce', 'selector', 'gap', 'count-add', 'ranker'] as const),
]
const FIRINGS: readonly Place[] = ['timer', 'result', 'create', 'merge', 'window-process']
/** Places that are passed a few times, if the job is not opened often; all others, once. */
const SELDOM: readonly Place[] = ['commit', 'acknowledge', 'seal', 'initial', 'migrate', 'state-schema']

/** What an error becomes. An async function that rejects is what the last two are made for. */
const PLAIN: readonly Act[] = ['throw', 'throw-nothing', 'throw-async', 'never-resolve']
/** And the end of the process. */
const ENDING: readonly Act[] = [...PLAIN, 'exit-0', 'kill-self']
/** And what is different where the engine holds something half done. */
const WIDE: readonly Act[] = [...ENDING, 'reject-later', 'throw-later', 'busy', 'block-for-ever', 'heap', 'stack', 'mutate', 'own-handlers']
const EVERY: readonly Act[] = ACTS.filter((act) => act !== 'mutate-state')

/** A place that is not here is like others: what is tried there is what an error of it becomes. */
const ACTS_AT: Readonly<Partial<Record<Place, readonly Act[]>>> = {
  source: EVERY,
  schema: EVERY,
  timestamp: EVERY,
  map: EVERY,
  key: EVERY,
  process: ACTS,
  timer: EVERY,
  window: EVERY,
  sink: EVERY,
  // What it is given is a copy.
  commit: EVERY.filter((act) => act !== 'mutate'),
  // Before anything of the engine runs: what it patches is there from the beginning.
  config: EVERY,
  migrate: WIDE,
  reduce: WIDE,
  merge: WIDE,
  gap: WIDE,
  withdraw: WIDE.filter((act) => act !== 'mutate'),
  factory: ENDING,
  'step-close': ENDING,
  'source-close': ENDING,
  'sink-close': ENDING,
  'committer-close': ENDING,
}

const ALL = ACTS.flatMap((act) => PLACES.map((place) => ({ act, place }))).filter(({ act, place }) =>
  (ACTS_AT[place] ?? PLAIN).includes(act),
)

/** What `--case` takes. */
export function caseNumber(act: Act, place: Place): number {
  return ALL.findIndex((each) => each.act === act && each.place === place) + 1
}

export function casesOf(seed: number, busyMs: number, only?: number, most?: number): HostileCase[] {
  const random = new SeededRandom(seed, 'cases')
  const cases = ALL.map(({ act, place }, index): HostileCase => {
    const isOften = OFTEN.includes(place)
    const seldom = SELDOM.includes(place) ? 2 + random.below(3) : 0
    const after = isOften ? EARLIEST + random.below(LONGEST) : FIRINGS.includes(place) ? 40 + random.below(80) : seldom
    return { number: index + 1, act, place, parallelism: 1 + random.below(3), restarts: random.chance(0.4), after, busyMs }
  })
  const chosen = only === undefined ? cases : cases.filter(({ number }) => number === only)
  return inTurn(shuffled(chosen, new SeededRandom(seed, 'order'))).slice(0, most)
}

/** One of each place, then a second of each that has one, and so on: a cut has something of all places, if it is that long. */
function inTurn(cases: readonly HostileCase[]): HostileCase[] {
  const turns = [...Map.groupBy(cases, ({ place }) => place).values()].flatMap((own) => own.map((each, turn) => ({ each, turn })))
  return turns.toSorted((a, b) => a.turn - b.turn).map(({ each }) => each)
}
