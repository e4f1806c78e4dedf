/** A mistake as data: what text is put in the place of what, and which attack has to notice. */
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import type { Act } from '../hostile/acts.ts'
import type { Place } from '../hostile/places.ts'
import { caseNumber } from '../hostile/plan.ts'
import { cases } from '../protocol/case.ts'
import type { FaultKind } from '../sim/kinds.ts'

export interface Edit {
  /** Below packages/millrace/src. */
  readonly file: string
  /** Must be there exactly once; how lines are broken does not matter. */
  readonly find: string
  readonly replace: string
}
export interface Mistake {
  readonly name: string
  /** Rows of correctness.md or rules of rules.md. */
  readonly like: string
  readonly edits: readonly Edit[]
  /** Without it `sim`. */
  readonly cut?: CutName
}

export interface Cut {
  /** `seeds`: no more than these, where it goes through seeds. */
  readonly args: (seed: number, seeds?: number) => readonly string[]
  /** How many seeds it took until something was wrong; undefined where that means nothing. */
  readonly seedsUntilFound: (output: string, seed: number) => number | undefined
}

/**
 * Runs of attacks that end with what they find first, so that much more than is usually needed costs nothing. All of them are green without
 * a mistake, at the seeds that found one.
 */
export const cuts = {
  sim: sim(),
  // Nothing expires but by a clock that jumps.
  'sim: clock': sim('clock'),
  // What is rare where all kinds come together.
  'sim: sync': sim('sync'),
  'sim: names': sim('names'),
  'sim: point': sim('point', 'names'),
  'sim: twin': sim('twin'),
  'sim: crash': sim('crash'),
  'sim: clock, crash': sim('clock', 'crash'),
  'sim: rename': sim('rename'),
  'sim: rival': sim('rival'),
  'sim: pause': sim('pause'),
  'sim: stale': sim('stale'),
  'sim: refuse': sim('refuse'),
  'sim: slow': sim('slow'),
  // One seed, and many operations.
  state: { args: (seed) => ['state', '--seed', String(seed), '--ops', '20000'], seedsUntilFound: () => 1 },
  oracle: {
    args: (seed, seeds = 200) => ['oracle', '--seed', String(seed), '--jobs', String(seeds), '--workers', '1'],
    seedsUntilFound: (output, seed) => placeOf(numberIn(output, /^--- job (\d+)/m), new SeededRandom(seed, 'jobs')),
  },
  windows: {
    args: (seed, seeds = 6_000) => ['windows', '--seed', String(seed), '--cases', String(seeds), '--workers', '1', '--first', '1'],
    seedsUntilFound: (output, seed) => placeOf(numberIn(output, /^--- case (\d+)/m), new SeededRandom(seed, 'cases')),
  },
  host: {
    args: (seed, seeds = 1_500) => ['host', '--seed', String(seed), '--schedules', String(seeds), '--stub', '0'],
    seedsUntilFound: (output, seed) => placeOf(numberIn(output, /schedule (\d+): /), new SeededRandom(seed, 'schedules')),
  },
  'hostile: exit': hostile('exit-0', 'map'),
  'hostile: uncaught': hostile('own-handlers', 'process'),
  splits: { args: (seed) => ['splits', '--seed', String(seed), '--rounds', '6'], seedsUntilFound: () => undefined },
  // Everything is looked at: there is no seed.
  'protocol: pause': enumeration('pause'),
  'protocol: abort-pause': enumeration('abort-pause'),
  'protocol: timeout': enumeration('timeout'),
  'protocol: attempt': enumeration('attempt'),
  'protocol: third': enumeration('third'),
  'protocol: doubt-again': enumeration('doubt-again'),
} as const satisfies Record<string, Cut>

export type CutName = keyof typeof cuts

function sim(...kinds: readonly FaultKind[]): Cut {
  const only = kinds.length === 0 ? [] : ['--only-faults', kinds.join(',')]
  return {
    args: (seed, seeds = 1_000) => ['sim', '--seed', String(seed), '--seeds', String(seeds), '--first', '1', '--workers', '1', ...only],
    seedsUntilFound: (output) => numberIn(output, /\((\d+)\. of \d+\): /),
  }
}

/** One case, which depends on no seed. */
function hostile(act: Act, place: Place): Cut {
  return { args: (seed) => ['hostile', '--seed', String(seed), '--case', String(caseNumber(act, place))], seedsUntilFound: () => undefined }
}

function enumeration(key: string): Cut {
  const number = cases.findIndex(({ scenario, mutation }) => scenario.key === key && mutation === undefined) + 1
  return { args: () => ['protocol', '--only', String(number)], seedsUntilFound: () => undefined }
}

function numberIn(output: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(output)?.[1]
  return found === undefined ? undefined : Number(found)
}

/** Some attacks draw the seeds of their cases from their own. */
function placeOf(seed: number | undefined, drawn: SeededRandom): number | undefined {
  if (seed === undefined) return undefined
  for (let place = 1; place <= 10_000; place++) if (drawn.word() >>> 0 === seed) return place
  return undefined
}

export function mistake(name: string, like: string, file: string, find: string, replace: string, cut?: CutName): Mistake {
  return { name, like, edits: [{ file, find, replace }], ...(cut === undefined ? {} : { cut }) }
}
