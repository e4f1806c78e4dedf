/** One history again, told from beginning to end; and the smallest one that still fails. */
import type { AttackResult } from '../lib/attack.ts'
import { OptionError } from '../lib/options.ts'
import { drawPlan } from './draw.ts'
import { FAULT_KINDS, type FaultKind } from './kinds.ts'
import { faultsOf, keeping, type SimPlan } from './plan.ts'
import { shrink } from './shrink.ts'
import { tallyCounts, tallyText } from './tally.ts'
import { runTrial } from './trial.ts'

/** Histories that shrinking may run. */
const BUDGET = 60

export async function replay(seed: number, only: readonly FaultKind[], keep: readonly number[] | undefined): Promise<AttackResult> {
  const whole = drawPlan(seed, only)
  const count = faultsOf(whole).length
  const unknown = keep?.find((number) => number >= count)
  if (unknown !== undefined) throw new OptionError(`--keep ${unknown}: seed ${seed} has ${count} faults, counted from 0`)
  const plan = keep === undefined ? whole : keeping(whole, new Set(keep))
  const { lives, ...job } = plan
  process.stdout.write(`seed ${seed}\n${JSON.stringify(job)}\n`)
  for (const [index, fault] of faultsOf(whole).entries())
    process.stdout.write(`  fault ${index}${keep !== undefined && !keep.includes(index) ? ' (left out)' : ''}: ${JSON.stringify(fault)}\n`)
  process.stdout.write(`${lives.length} lives before the faults stop\n`)
  const { violations, traceHash, story, tally } = await runTrial(plan)
  process.stdout.write(`${story.join('\n')}\n${tallyText(tally)}\ntrace ${traceHash}\n`)
  for (const violation of violations) process.stdout.write(`VIOLATION: ${violation}\n`)
  if (violations.length > 0 && keep === undefined) {
    const { kept, of } = await shrunk(plan)
    process.stdout.write(`shrunk from ${of} to ${kept.length} faults: ${againText(seed, only, kept)}\n`)
  }
  return { passed: violations.length === 0 ? 1 : 0, failed: violations.length === 0 ? 0 : 1, counts: tallyCounts(tally) }
}

export async function shrunk(plan: SimPlan): Promise<{ readonly kept: readonly number[]; readonly of: number }> {
  const of = faultsOf(plan).length
  const fails = async (kept: readonly number[]): Promise<boolean> => (await runTrial(keeping(plan, new Set(kept)))).violations.length > 0
  return { kept: await shrink(of, fails, BUDGET), of }
}

export function againText(seed: number, only: readonly FaultKind[], kept: readonly number[]): string {
  const faults = only.length === FAULT_KINDS.length ? '' : ` --only-faults ${only.join(',')}`
  return `again: npm run attack -- sim --seed ${seed}${faults} --keep "${kept.join(',')}"`
}
