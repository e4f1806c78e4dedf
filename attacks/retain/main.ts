/**
 * `npm run attack -- retain [--seed N] [--kills N] [--checkpoints N]`: a file-to-file job that makes checkpoints as often as it
 * may and keeps three, killed over and over. After each kill its directory is looked at: what the kept checkpoints need is there
 * and intact, and there is no more beside it than one attempt has open. After a stop there is nothing beside it.
 */
import { rmSync } from 'node:fs'
import { chosenSeed, numberOptions, ownFolder, type Attack } from '../lib/attack.ts'
import { RetainAttack } from './run.ts'

export const attack: Attack = {
  name: 'retain',
  summary: 'a job with checkpoints all the time, killed over and over: no file too many, none too few; --kills N --checkpoints N',
  async run(args) {
    const options = numberOptions(args, { seed: undefined, kills: 50, checkpoints: 1_000 })
    const run = new RetainAttack(chosenSeed(options.seed), { kills: options.kills as number, checkpoints: options.checkpoints as number })
    await run.run()
    const result = run.report()
    if (result.failed === 0) rmSync(ownFolder('retain'), { recursive: true })
    return result
  },
}
