// Random windows: sizes for sources that span a second, gaps that keys now and then bridge, lateness that matters.
import { randomAggregates } from './generate-functions.ts'
import type { AssignerSpec, EvictorSpec, TimeDomain, TriggerSpec, WindowSpec, WindowStep } from './program.ts'
import type { Random } from './random.ts'

/** What may be drawn. Event time and the default trigger always may; `dynamic-gap` needs `session`. */
export const WINDOW_FEATURES = [
  'tumbling',
  'sliding',
  'cumulative',
  'session',
  'count',
  'global',
  'dynamic-gap',
  'processing',
  'trigger',
  'evictor',
  'lateness',
  'process',
] as const
export type WindowFeature = (typeof WINDOW_FEATURES)[number]

/** What is known of the stream. */
interface From {
  readonly timed: boolean
  readonly stamped: boolean
  readonly volume: number
  readonly features: readonly WindowFeature[]
  readonly conserving: boolean
}
type Drawn = Omit<WindowStep, 'kind' | 'id' | 'from'>

/** Above this many records no window is asked to show all it holds, unless it fires once. */
const FEW = 300

/** A window step for the stream, or none where no feature fits it. */
export function randomWindow(random: Random, from: From): Drawn | undefined {
  const assigner = randomAssigner(random, from)
  if (assigner === undefined) return undefined
  const isEvent = 'time' in assigner && assigner.time === 'event'
  if (from.conserving) return { assigner, allowedLateness: 0, lateTag: 'late', fn: { kind: 'each' } }
  const trigger = from.features.includes('trigger') ? randomTrigger(random, from, assigner) : undefined
  const evictor = from.features.includes('evictor') && random.chance(0.3) ? randomEvictor(random, from) : undefined
  return {
    assigner,
    ...(trigger === undefined ? {} : { trigger }),
    ...(evictor === undefined ? {} : { evictor }),
    allowedLateness: isEvent && from.features.includes('lateness') ? randomLateness(random) : 0,
    ...(isEvent && random.chance(0.6) ? { lateTag: 'late' } : {}),
    fn: randomFn(random, from),
  }
}

/** How many records leave, at most roughly. */
export function windowVolume({ assigner, allowedLateness, trigger, fn }: WindowStep, volume: number): number {
  const each = fn.kind === 'each' ? 8 : fn.kind === 'some' ? fn.modulo - 1 : 1
  const firings = trigger === undefined && allowedLateness === 0 ? 1 : 4
  return volume * overlap(assigner) * firings * each
}

function overlap(assigner: AssignerSpec): number {
  if (assigner.kind === 'sliding') return Math.ceil(assigner.size / assigner.slide)
  return assigner.kind === 'cumulative' ? assigner.size / assigner.step : 1
}

type Kind = AssignerSpec['kind']

function randomAssigner(random: Random, { timed, stamped, features, conserving }: From): AssignerSpec | undefined {
  const times: TimeDomain[] = timed && stamped ? ['event', 'event', 'event'] : []
  if (features.includes('processing') && !conserving) times.push('processing')
  const timeKinds: Kind[] = conserving ? ['tumbling', 'session'] : ['tumbling', 'sliding', 'cumulative', 'session']
  const fitting: Kind[] = [...(times.length > 0 ? timeKinds : []), ...(conserving ? [] : (['count', 'global'] as const))]
  const kinds = fitting.filter((kind) => features.includes(kind))
  if (kinds.length === 0) return undefined
  const kind = random.pick(kinds)
  if (kind === 'global') return { kind }
  if (kind === 'count') {
    const size = random.int(1, 8)
    return random.chance(0.5) ? { kind, size } : { kind, size, slide: random.int(1, 10) }
  }
  const time = random.pick(times)
  return kind === 'session'
    ? { kind, time, gap: features.includes('dynamic-gap') && random.chance(0.4) ? randomGap(random, time) : random.int(2, 80) }
    : randomAligned(random, kind, time)
}

/** Offsets below and above 0; slides that leave gaps; a cumulative window of a single step. */
function randomAligned(random: Random, kind: 'tumbling' | 'sliding' | 'cumulative', time: TimeDomain): AssignerSpec {
  if (kind === 'tumbling') {
    const size = random.pick([1, random.int(2, 30), random.int(30, 400)])
    return { kind, time, size, offset: randomOffset(random, size) }
  }
  if (kind === 'cumulative') {
    const step = random.int(5, 100)
    const size = step * random.int(1, 5)
    return { kind, time, size, step, offset: randomOffset(random, size) }
  }
  const slide = random.int(10, 150)
  const size = random.pick([random.int(1, slide), slide, slide * random.int(2, 4), random.int(slide, slide * 4)])
  return { kind, time, size, slide, offset: randomOffset(random, slide) }
}

function randomOffset(random: Random, limit: number): number {
  return random.chance(0.5) ? 0 : random.int(1 - limit, limit - 1)
}

/** At 1 millisecond two records of a processing session may be an error (SM-3). */
function randomGap(random: Random, time: TimeDomain): { field: string; least: number; modulo: number } {
  return { field: random.pick(['value', 'id']), least: random.int(time === 'event' ? 1 : 2, 40), modulo: random.int(1, 80) }
}

function randomTrigger(random: Random, from: From, assigner: AssignerSpec): TriggerSpec | undefined {
  const hasTime = 'time' in assigner
  if (hasTime && random.chance(0.5)) return undefined
  const choices: TriggerSpec[] = [{ kind: 'count', n: random.int(1, 6) }]
  if (hasTime || assigner.kind === 'global') choices.push({ kind: 'atEnd' })
  if (hasTime && assigner.time === 'event') choices.push({ kind: 'every', interval: randomInterval(random), time: 'event' })
  if (from.features.includes('processing')) choices.push({ kind: 'every', interval: randomInterval(random), time: 'processing' })
  if (assigner.kind !== 'session') choices.push({ kind: 'delta', threshold: random.int(0, 40), field: random.pick(['value', 'id']) })
  const trigger = random.pick(choices)
  return random.chance(0.3) ? { kind: 'purging', of: trigger } : trigger
}

function randomInterval(random: Random): number {
  return random.int(40, 200)
}

function randomEvictor(random: Random, { stamped }: From): EvictorSpec {
  return random.pick<EvictorSpec>([
    { kind: 'keepLast', n: random.int(1, 6) },
    { kind: 'keepNear', threshold: random.int(1, 60), field: 'value' },
    ...(stamped ? [{ kind: 'keepNewest', ms: random.int(1, 100) } as const] : []),
  ])
}

/** Now and then for ever. */
function randomLateness(random: Random): number {
  return random.pick([0, 0, random.int(1, 50), random.int(50, 400), random.chance(0.2) ? Number.MAX_SAFE_INTEGER : 10])
}

function randomFn(random: Random, { features, volume }: From): WindowSpec {
  const showsAll = volume <= FEW
  const aggregates = randomAggregates(random).filter((spec) => spec.kind !== 'list' || showsAll)
  const aggregate: WindowSpec = { kind: 'aggregate', aggregates }
  if (!features.includes('process') || !showsAll) return aggregate
  return random.pick<WindowSpec>([
    aggregate,
    aggregate,
    aggregate,
    { kind: 'ids' },
    { kind: 'ids' },
    { kind: 'each' },
    { kind: 'some', modulo: random.int(2, 4) },
    { kind: 'route', modulo: random.int(2, 3), tag: 'even' },
    { kind: 'inspect', clock: features.includes('processing') && random.chance(0.3) },
  ])
}
