/** The sequence job on simulated machines: many seeds, each with troubles of its own. */
import { chosenSeed, numberOptions, Progress, type Attack } from '../lib/attack.ts'
import { simulate } from '../lib/sim-job.ts'

export const attack: Attack = {
  name: 'sim',
  summary: 'the whole engine on simulated machines that are killed, paused and lose power; --seeds N --first 1 (stop at the first failure)',
  async run(args) {
    const options = numberOptions(args, { seed: undefined, seeds: 300, first: 0 })
    const seed = chosenSeed(options.seed)
    const seeds = options.seeds as number
    const progress = new Progress('seeds', seeds)
    const totals = { processes: 0, checkpoints: 0, failed: 0, done: 0 }
    for (let index = 0; index < seeds; index++) {
      const result = await simulate(seed + index)
      totals.done++
      totals.processes += result.processes
      totals.checkpoints += result.checkpoints
      if (result.violations.length > 0) {
        totals.failed++
        progress.say(`  seed ${seed + index} (${index + 1}. of ${seeds}): ${result.violations.join('\n    ')}`)
        if (options.first === 1) break
      }
      progress.at(index + 1, `${totals.processes} processes`)
    }
    process.stdout.write(`${totals.processes} processes, ${totals.checkpoints} checkpoints\n`)
    return { passed: totals.done - totals.failed, failed: totals.failed, planned: options.first === 1 ? totals.done : seeds }
  },
}
