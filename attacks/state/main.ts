/**
 * `npm run attack -- state [--seed N] [--ops N]`: random operations on the tables of an operator, with snapshots taken in slices
 * while writing goes on, aborts at any point, merges, and restores at 1 → 3 → 2 subtasks, judged by plain Maps (model.ts).
 */
import { parseArgs } from 'node:util'
import { type AttackResult, chosenSeed, Progress } from '../lib/attack.ts'
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
  return { passed: world.passed, failed: 0 }
}

export const attack = {
  name: 'state',
  summary: 'random operations on tables with snapshots in slices while writing, aborts, merges, restores at 1, 3 and 2 subtasks',
  run: async (args: string[]): Promise<AttackResult> => {
    const { values } = parseArgs({ args, options: { seed: { type: 'string' }, ops: { type: 'string', default: '200000' } } })
    const seed = chosenSeed(values.seed === undefined ? undefined : Number(values.seed))
    return attackState({ seed, ops: Number(values.ops) })
  },
}

if (import.meta.main) {
  const { passed, failed } = await attack.run(process.argv.slice(2))
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
}
