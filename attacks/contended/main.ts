/** Four jobs at a time on few cores: processes are killed, stopped for a while, slowed down and taken over. Every row of each job is compared. */
import { rmSync } from 'node:fs'
import { chosenSeed, defineAttack, ownFolder, Progress, type Attack, type AttackResult } from '../lib/attack.ts'
import { flag, seed, whole } from '../lib/options.ts'
import { planOf } from './plan.ts'
import { ContendedRun } from './run.ts'

const LANES = 4
/** So many runs have enough of every kind of fault, or something is wrong with the attack. */
const ENOUGH_RUNS = 20
/** For each run at least; a fifth to a half of what comes on a quiet machine. */
const FLOORS = { kill: 0.3, pause: 0.5, takeover: 0.06 }
/** Of all faults: jobs that end before them are not disturbed. */
const MOST_MISSED = 0.5

interface Totals {
  readonly kill: number
  readonly pause: number
  readonly takeover: number
  readonly missed: number
  readonly longPauses: number
  readonly processes: number
  readonly fenced: number
  readonly rows: number
}

async function playAll(seed: number, runs: number, only: number | undefined, isFull: boolean): Promise<AttackResult> {
  const folder = ownFolder('contended')
  const queue = only === undefined ? Array.from({ length: runs }, (_zero, index) => index + 1) : [only]
  const planned = queue.length
  const progress = new Progress('runs', planned)
  const totals = { kill: 0, pause: 0, takeover: 0, missed: 0, longPauses: 0, processes: 0, fenced: 0, rows: 0 }
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
  const { kill, pause, takeover, missed, longPauses, processes, fenced, rows } = totals
  process.stdout.write(
    `${kill} kills, ${pause} pauses, ${takeover} takeovers (${fenced} fenced processes), ${longPauses} of them of 10 to 60 s, ${missed} faults came too late; ${processes} processes, ${rows} rows compared\n`,
  )
  const few = Object.entries(FLOORS).filter(([kind, floor]) => totals[kind as keyof typeof FLOORS] < floor * done)
  const isLate = missed > MOST_MISSED * (kill + pause + takeover + missed)
  const isShort = done >= ENOUGH_RUNS && (few.length > 0 || isLate)
  if (isShort) process.stdout.write(`too few of ${few.map(([kind]) => kind).join(', ') || 'all kinds: too many came too late'}\n`)
  const counts = { runs: done, kills: kill, pauses: pause, takeovers: takeover, missed, longPauses, processes, rows }
  return { passed: done - failed, failed: failed + (isShort ? 1 : 0), planned: planned + (isShort ? 1 : 0), counts }
}

export const attack: Attack = defineAttack({
  name: 'contended',
  summary: 'four jobs at a time, killed, stopped, slowed down and taken over; every row is compared',
  options: {
    seed,
    runs: whole(50, 'runs'),
    run: whole(undefined, 'this run alone, counted from 1'),
    full: flag('some processes are stopped for 10 to 60 s'),
  },
  run({ seed: given, runs, run, full }) {
    return playAll(chosenSeed(given), runs, run, full)
  },
})
