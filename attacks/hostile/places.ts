/** Those of the other job, `folds.ts`. */
export const OF_FOLDS = ['iterable', 'reduce', 'create', 'merge', 'selector', 'gap', 'window-process', 'count-add', 'ranker'] as const

/** Where user code is called: each place with what an error has to call it. */
export const PLACES = [
  'source',
  'schema',
  'timestamp',
  'map',
  'key',
  'process',
  'timer',
  'window',
  'sink',
  'commit',
  'filter',
  'flatMap',
  'initial',
  'result',
  'source-open',
  'acknowledge',
  'sink-open',
  'seal',
  'config',
  'factory',
  'migrate',
  'state-schema',
  'step-open',
  'step-close',
  'progress',
  'source-close',
  'sink-close',
  'committer-open',
  'withdraw',
  'committer-close',
  ...OF_FOLDS,
] as const
export type Place = (typeof PLACES)[number]

export function isOfFolds(place: Place): boolean {
  return (OF_FOLDS as readonly Place[]).includes(place)
}

/** There once a process before this one was killed: what it has left is restored, upgraded and withdrawn. */
export const AFTER_A_KILL: readonly Place[] = ['migrate', 'state-schema', 'withdraw']

/** What the job is given as its config. */
export interface HostileConfig {
  readonly output: string
  /** A file that is made when it strikes: it strikes once. */
  readonly marker: string
  readonly place: Place
  readonly act: string
  /** How long it blocks, if it does for a while. */
  readonly busyMs: number
  /** It strikes once it has seen so many rows. */
  readonly after: number
  /** Of the state that the job keeps for each key. */
  readonly stateVersion: number
}

export const SPLITS = 2
export const ROWS_PER_SPLIT = 400
export const KEYS_PER_SPLIT = 7
export const BUCKET_MS = 1_000
export const STEP_MS = 40
/** A count window: of the last so many rows of a key, with each so many. */
export const LAST_ROWS = 5
export const EVERY_ROWS = 2

export interface HostileRow {
  readonly key: string
  readonly n: number
  readonly at: number
  readonly value: number
}

/** Row `n` of a split: its keys are in no other one, so that their order is settled. */
export function rowOf(split: number, n: number): HostileRow {
  return { key: `s${split}k${n % KEYS_PER_SPLIT}`, n, at: n * STEP_MS, value: (n * 37 + split) % 101 }
}

/**
 * In the job `folds` every third row of a key comes before the one that it follows: two sessions are there, and become one, which is when
 * `merge` is called.
 */
export function timeOf({ n }: HostileRow): number {
  const turn = Math.floor(n / KEYS_PER_SPLIT) % 3
  const moved = turn === 1 ? 1 : turn === 2 ? -1 : 0
  return (n + moved * KEYS_PER_SPLIT) * STEP_MS
}

/** The first of those that come late comes after the last of those that come early. */
export const OUT_OF_ORDER_MS: number = 2 * KEYS_PER_SPLIT * STEP_MS

/** How long its key may be silent after it without its session ending; rows of a key are 280 ms apart. */
export function gapOf({ n }: HostileRow): number {
  return n % 5 === 0 ? 100 : 400
}
