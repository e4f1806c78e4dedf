/** What a history is found to be beside the one without faults, and how that is told. */
import { StreamError } from '../core/errors.ts'
import { shown } from '../plan/ids.ts'
import type { Plan } from '../plan/nodes.ts'
import { FAULT_KINDS, faultText, type Fault, type FaultKind } from './fault.ts'
import { playHistory, type HistoryCounts, type Outcome, type Scene } from './history.ts'
import type { Judge } from './judge.ts'
import { differenceOf, isEqual, valuesText } from './multiset.ts'

/** What is simulated, and how its outcomes are compared. */
export interface Trial {
  readonly scene: Scene
  readonly plan: Plan
  readonly judge: Judge
}

/** What came out when nothing happened. */
export interface Straight {
  readonly seed: number
  readonly outcome: Outcome
  /** How many rows of it are compared. */
  readonly rows: number
}

/** A history that gave something else. */
interface Failed {
  readonly seed: number
  readonly faults: readonly Fault[]
  readonly problem: string
  /** What the job failed with, if it did. */
  readonly cause: unknown
}

const SHOWN_LINES = 30

export async function failure(trial: Trial, failed: Failed, straight: Straight): Promise<StreamError> {
  const { seed, faults } = failed
  for (const fewer of subsets(faults)) {
    const outcome = await playHistory(trial.scene, seed, fewer)
    const problem = problemOf(outcome, straight, trial)
    if (problem === undefined) continue
    const found: Failed = { seed, faults: fewer, problem, cause: outcome.error }
    // What happens without a fault is not the doing of one, nor is what happens by chance.
    if (!hasSuffered(outcome.counts, FAULT_KINDS)) return withoutFaults(trial, found, straight)
    const again = problemOf(await playHistory(trial.scene, seed, fewer), straight, trial)
    return again === problem ? byFaults(trial, { found, outcome, drawn: faults.length }) : byChance(trial, found, again)
  }
  return byChance(trial, failed, undefined)
}

/** What differs, place by place, or what the job failed with. */
export function problemOf(outcome: Outcome, { outcome: expected }: Straight, trial: Trial): string | undefined {
  if (outcome.error !== undefined) return outcome.error instanceof Error ? outcome.error.message : shown(outcome.error)
  const lines: string[] = []
  for (const place of new Set([...expected.output.keys(), ...outcome.output.keys()])) {
    const difference = differenceOf(judgedRows(outcome, place, trial), judgedRows(expected, place, trial))
    if (isEqual(difference)) continue
    const { missing, extra } = difference
    if (missing.length > 0) lines.push(`${place}: ${missing.length} missing: ${valuesText(missing)}`)
    if (extra.length > 0) lines.push(`${place}: ${extra.length} too many: ${valuesText(extra)}`)
  }
  return lines.length === 0 ? undefined : lines.join('\n')
}

/** What of each place is compared. */
export function judged(outcome: Outcome, trial: Trial): ReadonlyMap<string, readonly unknown[]> {
  return new Map([...outcome.output.keys()].map((place) => [place, judgedRows(outcome, place, trial)]))
}

function judgedRows({ output }: Outcome, place: string, { judge }: Trial): readonly unknown[] {
  return judge(output.get(place) ?? [], place)
}

export function hasSuffered({ faults }: HistoryCounts, kinds: readonly FaultKind[]): boolean {
  return kinds.some((kind) => faults[kind] > 0)
}

/** The smallest first; of equal size in the order of the faults. */
export function subsets<T>(of: readonly T[]): readonly (readonly T[])[] {
  const all = Array.from({ length: 2 ** of.length }, (_zero, mask) => of.filter((_value, index) => ((mask >> index) & 1) === 1))
  return all.toSorted((a, b) => a.length - b.length)
}

function byFaults(
  { plan }: Trial,
  { found, outcome, drawn }: { readonly found: Failed; readonly outcome: Outcome; readonly drawn: number },
): StreamError {
  const { seed, faults, problem, cause } = found
  const text = [
    `The job '${plan.job}' gives other output with faults than without. Of the ${drawn} faults of seed ${seed}, ${faults.length === 1 ? 'one is' : `${faults.length} are`} enough:`,
    ...numbered(faults),
    `The difference:`,
    indented(problem),
    `What happened:`,
    ...outcome.lines.slice(-SHOWN_LINES).map((line) => `  ${line}`),
    ...unreplayable(plan).map((source) => `${source} cannot be read again: what it gave after the newest checkpoint is lost in a crash.`),
    ...mapStates(plan).map((state) => `${state} is a map: a restore may change the order of its entries.`),
    `To see it again: simulate(job, { seed: ${seed}, runs: 1, … }). Look for state outside of declared state, and for what a function does besides emitting.`,
  ]
  return new StreamError('SIMULATION_FAILED', text.join('\n'), { details: { seed, faults: faults.map(faultText) }, cause })
}

/** Another seed has other delays and other turns. */
function withoutFaults({ plan }: Trial, { seed, problem, cause }: Failed, straight: Straight): StreamError {
  const text = [
    cause === undefined
      ? `gives different output in two runs without any fault, first with seed ${straight.seed}, then with seed ${seed}. The second one has:`
      : `fails in a run without any fault, with seed ${seed}, and did not before, with seed ${straight.seed}:`,
    indented(problem),
  ]
  return unsteady(plan, { text, seed, cause })
}

/** `again` is what the same seed with the same faults gave the next time; undefined: what the run without faults gives. */
function byChance({ plan }: Trial, { seed, faults, problem, cause }: Failed, again: string | undefined): StreamError {
  const text = [
    `does not do the same when the same happens to it. With seed ${seed}, and`,
    ...numbered(faults),
    cause === undefined ? 'it gave other output than without faults:' : 'it failed:',
    indented(problem),
    ...(again === undefined
      ? ['Once more, with the same, it gave what it gives without faults.']
      : ['Once more, with the same:', indented(again)]),
  ]
  return unsteady(plan, { text, seed, faults, cause })
}

/** The job differs from itself. */
export function unsteady(
  { job }: Plan,
  of: { readonly text: readonly string[]; readonly seed: number; readonly faults?: readonly Fault[]; readonly cause?: unknown },
): StreamError {
  const { text, seed, faults = [], cause } = of
  return new StreamError(
    'SIMULATION_UNSTEADY',
    `The job '${job}' ${text.join('\n')}\nNothing can be compared with it. Look for Math.random, Date.now, processing time, state that outlives the factory, and for output that depends on which of several splits or sources came first: of that, judge() can say what has to be the same.`,
    { details: { seed, faults: faults.map(faultText) }, cause },
  )
}

export function indented(text: string): string {
  return text.replace(/^/gm, '  ')
}

function numbered(faults: readonly Fault[]): readonly string[] {
  return faults.map((fault, index) => `  ${index + 1}. ${faultText(fault)}`)
}

function unreplayable({ nodes }: Plan): readonly string[] {
  return nodes.flatMap((node) => (node.kind === 'source' && !node.source.replayable ? [node.address] : []))
}

function mapStates({ nodes }: Plan): readonly string[] {
  return nodes.flatMap((node) =>
    node.kind === 'keyed-process'
      ? Object.entries(node.states).flatMap(([name, { kind }]) => (kind === 'map' ? [`The state '${name}' of ${node.address}`] : []))
      : [],
  )
}
