import { buildPlan } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Stream } from '../api/stream-types.ts'
import { StreamError } from '../core/errors.ts'
import { shown } from '../plan/ids.ts'
import { drawFaults, FAULT_KINDS, faultText, type Fault, type FaultKind } from './fault.ts'
import { playHistory, type HistoryCounts, type Outcome, type Scene } from './history.ts'
import { differenceOf, isEqual, valuesText } from './multiset.ts'
import type { SimulatedRecord, SimulatedSplits } from './simulated-source.ts'
import { DEFAULT_SPLIT } from './test-input.ts'
import { checkTestOptions } from './test-options.ts'
import { inputOf } from './test-places.ts'
import type { FeedOptions, HandlesOf } from './test-types.ts'
import { momentMs } from './time-of.ts'

/** Gives a source its records, before anything runs. */
export interface SimulatedFeed {
  (input: string, records: readonly unknown[], options?: FeedOptions): void
  <T>(input: Stream<T>, records: readonly NoInfer<T>[], options?: FeedOptions): void
}

/** How a job is simulated. */
export interface SimulateOptions<Handles = {}> {
  /** All input of the job: called once. */
  input: (feed: SimulatedFeed, streams: HandlesOf<Handles>) => void
  /** Of the first history; the ones that follow have the seeds that follow. Default 1. */
  seed?: number
  /** How many histories; default 20. */
  runs?: number
  /** What may happen; default: everything. */
  faults?: readonly FaultKind[]
  /** Subtasks per step; default 1. */
  parallelism?: number
  /** Default 64: fewer than a run has, which makes checkpoints quicker and nothing else. */
  keyGroups?: number
}

/** What all histories together were. */
export interface Simulation extends HistoryCounts {
  readonly seed: number
  readonly runs: number
  /** Records that each history commits, of all sinks. */
  readonly records: number
}

const OPTIONS = ['config', 'input', 'seed', 'runs', 'faults', 'parallelism', 'keyGroups']
const DEFAULT_RUNS = 20
const SIMULATED_KEY_GROUPS = 64
const SHOWN_LINES = 30

/**
 * Runs a job many times on simulated machines that are killed, lose power, are stopped while another process takes over, and have disks
 * that fail and are slow, as seeds say. Whatever happens, each sink has to get exactly what it gets when nothing happens, in any order.
 * If not, it looks for the fewest faults with which it happens, and says what they are.
 *
 * The job's functions have to be deterministic: with Math.random or the clock in the output, no two runs can be compared.
 *
 * @throws {SIMULATION_FAILED} with the seed, the faults and the difference
 * @throws {SIMULATION_UNSTEADY} when two runs without faults differ already
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
  const given: SimulateOptions<Handles> & { readonly config?: unknown } = options[0]
  checkTestOptions(given, OPTIONS)
  const kinds = kindsOf(given.faults)
  const [seed, runs] = [whole(given.seed ?? 1, 'seed', 0), whole(given.runs ?? DEFAULT_RUNS, 'runs', 1)]
  const scene: Scene = { job, options: runOptions(given), input: inputs(job, given) }
  const straight = await straightLine(scene, seed, job.name)
  let sum = straight.counts
  for (let index = 0; index < runs; index++) {
    const faults = drawFaults(seed + index, kinds)
    const outcome = await playHistory(scene, seed + index, faults)
    if (problemOf(outcome, straight) !== undefined) throw await failure(scene, seed + index, faults, straight)
    sum = added(sum, outcome.counts)
  }
  if (FAULT_KINDS.every((kind) => sum.faults[kind] === 0))
    throw new StreamError(
      'INVALID_OPTION',
      `Nothing happened to the job '${job.name}' in ${runs} runs: it had ended before. Give it more input, or say a larger number of runs.`,
    )
  return { ...sum, seed, runs, records: [...straight.output.values()].reduce((count, rows) => count + rows.length, 0) }
}

/** Options of `simulate`: with the job's config where its factory takes one. */
export type SimulateWith<Config, Handles> = [Config] extends [void]
  ? [options: SimulateOptions<Handles>]
  : [options: SimulateOptions<Handles> & { config: Config }]

/** Without faults, twice: with other delays and other turns. */
async function straightLine(scene: Scene, seed: number, job: string): Promise<Outcome> {
  const first = await playHistory(scene, seed, [])
  if (first.error !== undefined) throw first.error
  // A seed that no history has.
  const second = await playHistory(scene, -1 - seed, [])
  if (second.error !== undefined) throw second.error
  const problem = problemOf(second, first)
  if (problem !== undefined) throw unsteady(job, problem)
  return first
}

async function failure(scene: Scene, seed: number, faults: readonly Fault[], straight: Outcome): Promise<StreamError> {
  const { name } = scene.job as { readonly name: string }
  for (const fewer of subsets(faults)) {
    const outcome = await playHistory(scene, seed, fewer)
    const problem = problemOf(outcome, straight)
    if (problem === undefined) continue
    if (fewer.length === 0) return unsteady(name, problem)
    const texts = fewer.map((fault, index) => `  ${index + 1}. ${faultText(fault)}`)
    const lines = outcome.lines.slice(-SHOWN_LINES).map((line) => `  ${line}`)
    const text = [
      `The job '${name}' gives other output with faults than without. Of the ${faults.length} faults of seed ${seed}, ${fewer.length === 1 ? 'one is' : `${fewer.length} are`} enough:`,
      ...texts,
      `The difference:`,
      problem.replace(/^/gm, '  '),
      `What happened:`,
      ...lines,
      `To see it again: simulate(job, { seed: ${seed}, runs: 1, … }). Look for state outside of declared state, and for what a function does besides emitting.`,
    ]
    const details = { seed, faults: fewer.map(faultText) }
    return new StreamError('SIMULATION_FAILED', text.join('\n'), { details, cause: outcome.error })
  }
  return unsteady(name, `seed ${seed} gives another output each time that it is run.`)
}

/** The smallest first; of equal size in the order of the faults. */
export function subsets<T>(of: readonly T[]): readonly (readonly T[])[] {
  const all = Array.from({ length: 2 ** of.length }, (_zero, mask) => of.filter((_value, index) => ((mask >> index) & 1) === 1))
  return all.toSorted((a, b) => a.length - b.length)
}

function problemOf(outcome: Outcome, { output: expected }: Outcome): string | undefined {
  if (outcome.error !== undefined) return outcome.error instanceof Error ? outcome.error.message : shown(outcome.error)
  const lines: string[] = []
  for (const sink of new Set([...expected.keys(), ...outcome.output.keys()])) {
    const difference = differenceOf(outcome.output.get(sink) ?? [], expected.get(sink) ?? [])
    if (isEqual(difference)) continue
    const { missing, extra } = difference
    if (missing.length > 0) lines.push(`${sink}: ${missing.length} missing: ${valuesText(missing)}`)
    if (extra.length > 0) lines.push(`${sink}: ${extra.length} too many: ${valuesText(extra)}`)
  }
  return lines.length === 0 ? undefined : lines.join('\n')
}

function unsteady(job: string, problem: string): StreamError {
  return new StreamError(
    'SIMULATION_UNSTEADY',
    `The job '${job}' gives different output in two runs without any fault:\n${problem.replace(/^/gm, '  ')}\nNothing can be compared with it. Look for Math.random, Date.now, processing time, state that outlives the factory, and for output that depends on which of several splits came first.`,
  )
}

function inputs<Handles>(job: unknown, { input, config }: SimulateOptions<Handles> & { readonly config?: unknown }): Scene['input'] {
  const { plan, handles } = buildPlan(job, config)
  const life = {
    job: plan.job,
    sources: plan.nodes.filter((node) => node.kind === 'source'),
    addresses: plan.nodes.map(({ address }) => address),
  }
  const named = Object.entries(handles)
  const names = new Map(named.map(([name, { stream }]) => [stream, name]))
  const given = new Map<string, Map<string, SimulatedRecord[]>>()
  const feed = (to: unknown, values: readonly unknown[], { split = DEFAULT_SPLIT, at }: FeedOptions = {}): void => {
    const { address } = inputOf(to, { names: names as ReadonlyMap<unknown, string>, life, edges: handles })
    const splits = given.get(address) ?? new Map<string, SimulatedRecord[]>()
    const timestamp = at === undefined ? Number.NaN : momentMs(at, 'at')
    splits.set(split, [...(splits.get(split) ?? []), ...values.map((value) => ({ value, timestamp }))])
    given.set(address, splits)
  }
  if (typeof input !== 'function')
    throw new StreamError('INVALID_OPTION', 'input has to be a function that feeds the sources: (feed, streams) => feed(…).')
  input(feed, Object.fromEntries(named.map(([name, { stream }]) => [name, stream])) as HandlesOf<Handles>)
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
  const wrong = Array.isArray(faults) ? faults.find((kind: unknown) => !FAULT_KINDS.includes(kind as FaultKind)) : faults
  if (Array.isArray(faults) && wrong === undefined && faults.length > 0) return faults as FaultKind[]
  throw new StreamError(
    'INVALID_OPTION',
    `faults has ${shown(wrong)}: it may be a list of ${FAULT_KINDS.map((kind) => `'${kind}'`).join(', ')}.`,
  )
}

function whole(value: number, name: string, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new StreamError('INVALID_OPTION', `${name} is ${String(value)}: it has to be a whole number of at least ${least}.`)
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
