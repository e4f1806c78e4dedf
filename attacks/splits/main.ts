/**
 * `npm run attack -- splits [--seed N] [--rounds N]`: files whose times overlap, follow each other, are missing or dense, in every
 * format, read by a real job. Its watermark has to advance in step with all of them (rules in ahead.ts):
 *
 * - records ahead of the watermark ≤ (files + 8) × batch, whatever the layout is: one batch of each, and what is under way;
 * - no record is late, as no file is out of order by more than what the job allows for; also after a stop and a restore;
 * - every record is seen, once.
 */
import { rmSync } from 'node:fs'
import { BATCH_RECORDS } from '../../packages/millrace/src/connectors/file-split.ts'
import { chosenSeed, defineAttack, ownFolder, Progress, type Attack } from '../lib/attack.ts'
import { seed, whole } from '../lib/options.ts'
import type { Ahead } from './ahead.ts'
import { layoutOf, type Layout } from './layouts.ts'
import { runLayout } from './round.ts'

const UNDER_WAY_BATCHES = 8

export const attack: Attack = defineAttack({
  name: 'splits',
  summary: 'files of overlapping, consecutive and missing times in all formats: how far ahead of the watermark, and late',
  options: { seed, rounds: whole(60, 'layouts of files') },
  async run({ seed: given, rounds }) {
    const seed = chosenSeed(given)
    const progress = new Progress('layouts', rounds)
    const most = new Map<string, { ahead: number; limit: number }>()
    let [failed, records] = [0, 0]
    for (let round = 0; round < rounds; round++) {
      const layout = layoutOf(seed, round)
      const lives = await runLayout(layout)
      const wrong = violationsOf(layout, lives)
      if (wrong.length > 0) failed++
      records += lives.reduce((sum, { taken }) => sum + taken, 0)
      for (const what of wrong) progress.say(`  violation in round ${round}, ${layout.name}, ${layout.format}: ${what}`)
      const ahead = Math.max(...lives.map((life) => life.most))
      if (ahead >= (most.get(layout.name)?.ahead ?? 0)) most.set(layout.name, { ahead, limit: limitOf(layout) })
      progress.at(round + 1)
    }
    for (const [name, { ahead, limit }] of most)
      process.stdout.write(`${name.padEnd(36)} at most ${String(ahead).padStart(7)} ahead, ${limit} allowed\n`)
    rmSync(ownFolder('splits'), { recursive: true })
    return { passed: rounds - failed, failed, planned: rounds, counts: { rounds, records } }
  },
})

function limitOf(layout: Layout): number {
  return (layout.files.length + UNDER_WAY_BATCHES) * BATCH_RECORDS
}

function violationsOf(layout: Layout, lives: readonly Ahead[]): string[] {
  const expected = layout.files.reduce((sum, { records }) => sum + records, 0)
  const taken = lives.reduce((sum, life) => sum + life.taken, 0)
  const late = lives.reduce((sum, life) => sum + life.late, 0)
  const ahead = Math.max(...lives.map(({ most }) => most))
  return [
    ...(taken === expected ? [] : [`${taken} records of ${expected} were seen`]),
    ...(late === 0 ? [] : [`${late} records are late`]),
    ...(ahead <= limitOf(layout) ? [] : [`${ahead} records are ahead of the watermark, ${limitOf(layout)} may be`]),
  ]
}
