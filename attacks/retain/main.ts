/**
 * `npm run attack -- retain [--seed N] [--kills N] [--checkpoints N]`: a file-to-file job that makes checkpoints as often as it
 * may and keeps three, killed over and over. After each kill its directory is looked at: what the kept checkpoints need is there
 * and intact, and there is no more beside it than one attempt has open. After a stop there is nothing beside it.
 */
import { rmSync } from 'node:fs'
import { chosenSeed, defineAttack, ownFolder, type Attack } from '../lib/attack.ts'
import { seed, whole } from '../lib/options.ts'
import { RetainAttack } from './run.ts'

export const attack: Attack = defineAttack({
  name: 'retain',
  summary: 'a job with checkpoints all the time, killed over and over: no file too many, none too few',
  options: { seed, kills: whole(50, 'kills at least'), checkpoints: whole(1_000, 'checkpoints at least') },
  async run({ seed: given, ...least }) {
    const run = new RetainAttack(chosenSeed(given), least)
    await run.run()
    const result = run.report()
    if (result.failed === 0) rmSync(ownFolder('retain'), { recursive: true })
    return result
  },
})
