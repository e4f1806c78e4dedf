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
] as const
export type Place = (typeof PLACES)[number]

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
}

export const SPLITS = 2
export const ROWS_PER_SPLIT = 400
export const KEYS_PER_SPLIT = 7
export const BUCKET_MS = 1_000
export const STEP_MS = 40

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
