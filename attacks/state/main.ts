/**
 * `npm run attack -- state [--seed N] [--ops N]`: random operations on the tables of an operator, with snapshots taken in slices
 * while writing goes on, aborts at any point, merges, and restores at 1 → 3 → 2 subtasks, judged by plain Maps (model.ts).
 */
import { chosenSeed, defineAttack, Progress, type Attack, type AttackResult } from '../lib/attack.ts'
import { seed, whole } from '../lib/options.ts'
import { World } from './world.ts'

/** One check each: every operation, every fired timer, every state compared after a snapshot or a restore. */
export async function attackState(options: { readonly seed: number; readonly ops: number }): Promise<AttackResult> {
  const world = new World(options.seed)
  const progress = new Progress('operations', options.ops)
  try {
    for (let op = 1; op <= options.ops; op++) {
      await world.step()
      if (op % 200 === 0 || op === options.ops) progress.at(op, world.summary)
    }
    await world.finish()
  } catch (error) {
    process.stdout.write(`\nat ${world.where}: ${error instanceof Error ? error.stack : String(error)}\n`)
    return { passed: world.passed, failed: 1 }
  }
  process.stdout.write(`${world.summary}\n`)
  return { passed: world.passed, failed: 0, counts: { operations: options.ops, compared: world.passed } }
}

export const attack: Attack = defineAttack({
  name: 'state',
  summary: 'random operations on tables with snapshots in slices while writing, aborts, merges, restores at 1, 3 and 2 subtasks',
  options: { seed, ops: whole(200_000, 'operations') },
  async run({ seed: given, ops }) {
    return attackState({ seed: chosenSeed(given), ops })
  },
})
