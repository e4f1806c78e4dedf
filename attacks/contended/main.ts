/** Four jobs at a time on few cores: processes are killed, stopped for a while, slowed down and taken over. Every row of each job is compared. */
import { rmSync } from 'node:fs'
import { chosenSeed, numberOptions, ownFolder, Progress, type Attack, type AttackResult } from '../lib/attack.ts'
import { planOf } from './plan.ts'
import { ContendedRun } from './run.ts'

const LANES = 4
/** So many runs have every kind of fault, or something is wrong with the attack. */
const ENOUGH_RUNS = 20

interface Totals {
  readonly kill: number
  readonly pause: number
  readonly takeover: number
  readonly missed: number
  readonly processes: number
  readonly fenced: number
  readonly rows: number
}

async function playAll(seed: number, runs: number, only: number | undefined, isFull: boolean): Promise<AttackResult> {
  const folder = ownFolder('contended')
  const queue = only === undefined ? Array.from({ length: runs }, (_zero, index) => index + 1) : [only]
  const planned = queue.length
  const progress = new Progress('runs', planned)
  const totals = { kill: 0, pause: 0, takeover: 0, missed: 0, processes: 0, fenced: 0, rows: 0 }
  let [done, failed] = [0, 0]
  const lane = async (): Promise<void> => {
    for (let number = queue.shift(); number !== undefined; number = queue.shift()) {
      const plan = planOf(seed, number, isFull)
      const { wrong, faults, ...rest } = await new ContendedRun(plan, folder).play()
      for (const [name, count] of Object.entries({ ...faults, ...rest })) totals[name as keyof Totals] += count
      if (wrong.length > 0) {
        failed++
        progress.say(`  violation in run ${number}: ${wrong.join('\n    ')}\n    ${JSON.stringify(plan)}`)
        progress.say(`    again: npm run attack -- contended --seed ${seed} --run ${number}`)
      }
      progress.at(++done)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  if (failed === 0) rmSync(folder, { recursive: true, force: true })
  return report(totals, { done, failed, planned })
}

function report(
  totals: Totals,
  { done, failed, planned }: { readonly done: number; readonly failed: number; readonly planned: number },
): AttackResult {
  const { kill, pause, takeover, missed, processes, fenced, rows } = totals
  process.stdout.write(
    `${kill} kills, ${pause} pauses, ${takeover} takeovers (${fenced} fenced processes), ${missed} faults came too late; ${processes} processes, ${rows} rows compared\n`,
  )
  const isShort = done >= ENOUGH_RUNS && Math.min(kill, pause, takeover) === 0
  if (isShort) process.stdout.write('a kind of fault is missing\n')
  const counts = { runs: done, kills: kill, pauses: pause, takeovers: takeover, processes, rows }
  return { passed: done - failed, failed: failed + (isShort ? 1 : 0), planned: planned + (isShort ? 1 : 0), counts }
}

export const attack: Attack = {
  name: 'contended',
  summary:
    'four jobs at a time, killed, stopped, slowed down and taken over; every row is compared; --runs N --run N --full (pauses up to 60 s)',
  run(args) {
    const isFull = args.includes('--full')
    const rest = args.filter((arg) => arg !== '--full')
    const options = numberOptions(rest, { seed: undefined, runs: 50, run: undefined })
    return playAll(chosenSeed(options.seed), options.runs as number, options.run, isFull)
  },
}
