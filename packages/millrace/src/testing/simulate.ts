import { explainPlan } from '../api/explain.ts'
import { buildPlan, type BuiltJob } from '../api/job.ts'
import type { Explanation, Job } from '../api/job-types.ts'
import type { Stream } from '../api/stream-types.ts'
import { StreamError } from '../core/errors.ts'
import { shown } from '../plan/ids.ts'
import { drawFaults, FAULT_KINDS, type FaultKind } from './fault.ts'
import { playHistory, type HistoryCounts, type Scene } from './history.ts'
import { judgeOf } from './judge.ts'
import type { SimulatedRecord, SimulatedSplits } from './simulated-source.ts'
import { DEFAULT_SPLIT } from './test-input.ts'
import { checkFeedOptions, checkRecords, checkTestOptions } from './test-options.ts'
import { inputOf } from './test-places.ts'
import type { FeedOptions, HandlesOf } from './test-types.ts'
import { momentMs } from './time-of.ts'
import { failure, hasSuffered, indented, judged, problemOf, unsteady, type Straight, type Trial } from './verdict.ts'

/** Gives a source its records, before anything runs. */
export interface SimulatedFeed {
  (input: string, records: readonly unknown[], options?: FeedOptions): void
  <T>(input: Stream<T>, records: readonly NoInfer<T>[], options?: FeedOptions): void
}

/** How a job is simulated. */
export interface SimulateOptions<Handles = {}> {
  /** All input of the job: called once, and awaited. */
  input: (feed: SimulatedFeed, streams: HandlesOf<Handles>) => void | Promise<void>
  /** Of the first history; the ones that follow have the seeds that follow. Default 1. */
  seed?: number
  /** How many histories; default 20. */
  runs?: number
  /** What may happen; default: everything. */
  faults?: readonly FaultKind[]
  /**
   * Where not all rows of a place have to be the same, such as the running totals of what comes from two sources: what of them has to be.
   * Called with a copy of the rows of each place, `sink/totals` or `stream totals`. Gives an array of what is compared: plain objects,
   * arrays, `Map`, `Set`, `Date`, bytes and primitives.
   */
  judge?: (rows: readonly unknown[], place: string) => readonly unknown[]
  /** Subtasks per step; default 1. */
  parallelism?: number
  /** Default 64: fewer than a run has, which makes checkpoints quicker and nothing else. */
  keyGroups?: number
}

/** What all histories together were. */
export interface Simulation extends HistoryCounts {
  readonly seed: number
  readonly runs: number
  /** Rows of each history that are compared, of all sinks and streams that are looked at: of those that come out, what `judge` keeps. */
  readonly records: number
  /** The paths that are not exactly-once in a run, as `explain` says: what stands in for their sinks here is. */
  readonly limited: Explanation['paths']
}

const OPTIONS = ['config', 'input', 'seed', 'runs', 'faults', 'judge', 'parallelism', 'keyGroups']
/** After these another process goes on. */
const RESTARTING: readonly FaultKind[] = ['kill', 'power-loss', 'pause']
const DEFAULT_RUNS = 20
const SIMULATED_KEY_GROUPS = 64
/** Other hours, days, months and years than those of the other histories. */
const ELSEWHEN_MS = Date.UTC(2029, 7, 17, 13, 31)

/**
 * Runs a job many times on simulated machines that are killed, lose power, are stopped while another process takes over, and have disks
 * that fail and are slow, as seeds say. Whatever happens, each sink, and each stream that the factory returned, has to get exactly what it
 * gets when nothing happens, in any order. If not, it looks for the fewest faults with which it happens, and says what they are.
 *
 * Sources and sinks are replaced, by ones that are exactly-once. Only what a source cannot give again is lost in a crash here too.
 *
 * The job's functions have to be deterministic: with Math.random or the clock in the output, no two runs can be compared.
 *
 * @throws {SIMULATION_FAILED} with the seed, the faults and the difference
 * @throws {SIMULATION_UNSTEADY} when two runs differ that have the same faults, or none
 * @throws all build errors; {TEST_STREAM} {INVALID_OPTION}; what the job fails with when nothing happens
 *
 * @example
 * import assert from 'node:assert/strict'
 * import { agg, arraySource, defineJob, printSink } from 'millrace'
 * import { simulate } from 'millrace/testing'
 * const job = defineJob('totals', (job) => {
 *   const sales = job.from('sales', arraySource<{ shop: string; cents: number }>([]))
 *   sales.keyBy((sale) => sale.shop).aggregate('totals', { cents: agg.sum((sale) => sale.cents) }).to('totals', printSink())
 *   return { sales }
 * })
 * const sales = Array.from({ length: 200 }, (_, n) => ({ shop: `shop ${n % 7}`, cents: n }))
 * const { restores } = await simulate(job, { input: (feed, streams) => feed(streams.sales, sales), seed: 1, runs: 5 })
 * assert.ok(restores > 0)
 */
export async function simulate<Config, Handles>(job: Job<Config, Handles>, ...options: SimulateWith<Config, Handles>): Promise<Simulation> {
  const given: AnyOptions<Handles> = (options as readonly AnyOptions<Handles>[])[0] ?? ({} as AnyOptions<Handles>)
  checkTestOptions(given, OPTIONS)
  const kinds = kindsOf(given.faults)
  const [seed, runs] = [whole(given.seed ?? 1, 'seed', 0), whole(given.runs ?? DEFAULT_RUNS, 'runs', 1)]
  const built = buildPlan(job, given.config)
  const scene: Scene = { job, options: runOptions(given), input: await inputs(built, given) }
  const trial: Trial = { scene, plan: built.plan, judge: judgeOf(given.judge) }
  const straight = await straightLine(trial, seed)
  let sum = straight.outcome.counts
  for (let index = 0; index < runs; index++) {
    const faults = drawFaults(seed + index, kinds)
    const outcome = await playHistory(scene, seed + index, faults)
    const problem = problemOf(outcome, straight, trial)
    if (problem !== undefined) throw await failure(trial, { seed: seed + index, faults, problem, cause: outcome.error }, straight)
    sum = added(sum, outcome.counts)
  }
  checkHappened(sum, { kinds, runs, job: job.name })
  const limited = explainPlan(built.plan).paths.filter(({ guarantee }) => guarantee !== 'exactly-once')
  return { ...sum, seed, runs, records: straight.rows, limited }
}

type AnyOptions<Handles> = SimulateOptions<Handles> & { readonly config?: unknown }

/** Options of `simulate`: with the job's config where its factory takes one. */
export type SimulateWith<Config, Handles> = [Config] extends [void]
  ? [options: SimulateOptions<Handles>]
  : [options: SimulateOptions<Handles> & { config: Config }]

/** Without faults, twice: with other delays, other turns and at another time. */
async function straightLine(trial: Trial, seed: number): Promise<Straight> {
  const { scene, plan } = trial
  const outcome = await playHistory(scene, seed, [])
  if (outcome.error !== undefined) throw outcome.error
  const rows = countOf(judged(outcome, trial))
  const straight: Straight = { seed, outcome, rows }
  // A seed that no history has.
  const second = await playHistory(scene, -1 - seed, [], ELSEWHEN_MS)
  if (second.error !== undefined) throw second.error
  const problem = problemOf(second, straight, trial)
  if (problem !== undefined)
    throw unsteady(plan, { text: ['gives different output in two runs without any fault:', indented(problem)], seed })
  if (rows > 0) return straight
  const made = countOf(outcome.output)
  const fed = [...scene.input.values()].flatMap((splits) => [...splits.values()]).reduce((count, records) => count + records.length, 0)
  const what =
    made > 0
      ? `judge keeps none of the ${made} rows that come out of the job '${plan.job}', at ${[...outcome.output.keys()].join(', ')}, so that nothing is compared. Let it give what has to be the same.`
      : `Nothing comes out of the job '${plan.job}', so that nothing can be compared: input gave it ${fed} records, and no sink and no stream that its factory returns got any. Give it records of which something comes out.`
  throw new StreamError('INVALID_OPTION', what)
}

/** A simulation in which no process was ever restored has shown nothing. */
function checkHappened(
  counts: HistoryCounts,
  { kinds, runs, job }: { readonly kinds: readonly FaultKind[]; readonly runs: number; readonly job: string },
): void {
  const isRestored = counts.restores > 0 || !RESTARTING.some((kind) => kinds.includes(kind))
  if (isRestored && hasSuffered(counts, FAULT_KINDS)) return
  const what = hasSuffered(counts, FAULT_KINDS) ? 'No process went on from a checkpoint of' : 'Nothing happened to'
  throw new StreamError(
    'INVALID_OPTION',
    `${what} the job '${job}' in ${runs} runs: it had ended before, or its seeds say little. Give it more input, or say a larger number of runs.`,
  )
}

function countOf(output: ReadonlyMap<string, readonly unknown[]>): number {
  return [...output.values()].reduce((count, rows) => count + rows.length, 0)
}

async function inputs<Handles>({ plan, handles }: BuiltJob, { input }: SimulateOptions<Handles>): Promise<Scene['input']> {
  if (typeof input !== 'function')
    throw new StreamError('INVALID_OPTION', 'input has to be a function that feeds the sources: (feed, streams) => feed(…).')
  const life = {
    job: plan.job,
    sources: plan.nodes.filter((node) => node.kind === 'source'),
    addresses: plan.nodes.map(({ address }) => address),
  }
  const named = Object.entries(handles)
  const names = new Map(named.map(([name, { stream }]) => [stream, name]))
  const given = new Map<string, Map<string, SimulatedRecord[]>>()
  let isOver = false
  const feed = (to: unknown, values: readonly unknown[], options: FeedOptions = {}): void => {
    if (isOver)
      throw new StreamError(
        'TEST_ENDED',
        'input fed records after it had ended: let it return a promise, and await in it what it waits for.',
      )
    checkRecords(values)
    checkFeedOptions(options)
    const { split = DEFAULT_SPLIT, at } = options
    const { address } = inputOf(to, { names: names as ReadonlyMap<unknown, string>, life, edges: handles })
    const splits = given.get(address) ?? new Map<string, SimulatedRecord[]>()
    const timestamp = at === undefined ? Number.NaN : momentMs(at, 'at')
    splits.set(split, [...(splits.get(split) ?? []), ...values.map((value) => ({ value, timestamp }))])
    given.set(address, splits)
  }
  await input(feed, Object.fromEntries(named.map(([name, { stream }]) => [name, stream])) as HandlesOf<Handles>)
  isOver = true
  return given satisfies ReadonlyMap<string, SimulatedSplits>
}

function runOptions({
  config,
  parallelism = 1,
  keyGroups = Math.max(SIMULATED_KEY_GROUPS, parallelism),
}: Pick<SimulateOptions, 'parallelism' | 'keyGroups'> & { readonly config?: unknown }): Scene['options'] {
  return { config, parallelism, keyGroups }
}

function kindsOf(faults: unknown): readonly FaultKind[] {
  if (faults === undefined) return FAULT_KINDS
  const isList = Array.isArray(faults) && faults.length > 0
  const wrong = isList ? faults.findIndex((kind: unknown) => !FAULT_KINDS.includes(kind as FaultKind)) : -1
  if (isList && wrong === -1) return faults as FaultKind[]
  const what = isList ? `has ${shown(faults[wrong])}` : `is ${Array.isArray(faults) ? 'an empty list' : shown(faults)}`
  throw new StreamError(
    'INVALID_OPTION',
    `faults ${what}: it may be a list of one or more of ${FAULT_KINDS.map((kind) => `'${kind}'`).join(', ')}.`,
  )
}

function whole(value: unknown, name: string, least: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
  throw new StreamError('INVALID_OPTION', `${name} is ${shown(value)}: it has to be a whole number of at least ${least}.`)
}

function added(a: HistoryCounts, b: HistoryCounts): HistoryCounts {
  const faults = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, a.faults[kind] + b.faults[kind]]))
  return {
    processes: a.processes + b.processes,
    checkpoints: a.checkpoints + b.checkpoints,
    restores: a.restores + b.restores,
    faults: faults as HistoryCounts['faults'],
  }
}
