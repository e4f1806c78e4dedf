/** `node kinds-alone.ts SEED COUNT`: after how many seeds each kind of fault alone finds something wrong, as JSON; `none`: without any fault. */
import { drawPlan } from './draw.ts'
import { FAULT_KINDS, type FaultKind } from './kinds.ts'
import type { SimPlan } from './plan.ts'
import { runTrial } from './trial.ts'

const [first = 1, count = 1] = process.argv.slice(2).map(Number)
/** Something that is wrong without a fault says nothing about faults. */
const SEEDS_WITHOUT_FAULTS = 12

/** Undefined: not found. */
async function seedsUntilFound(planOf: (seed: number) => SimPlan, seeds: number): Promise<number | undefined> {
  for (let n = 1; n <= seeds; n++) if ((await runTrial(planOf(first + n - 1))).violations.length > 0) return n
  return undefined
}

const found: Partial<Record<FaultKind | 'none', number>> = {}
const none = await seedsUntilFound((seed) => ({ ...drawPlan(seed), lives: [] }), SEEDS_WITHOUT_FAULTS)
if (none !== undefined) found.none = none
else {
  for (const kind of FAULT_KINDS) {
    const seeds = await seedsUntilFound((seed) => drawPlan(seed, [kind]), count)
    if (seeds !== undefined) found[kind] = seeds
  }
}
process.stdout.write(`\n${JSON.stringify(found)}\n`)
process.exit(0)
