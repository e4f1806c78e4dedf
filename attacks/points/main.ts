/** Every named crash point, each twice, at different moments of different jobs: a real process kills itself there. Then every committed row is compared. */
import { CRASH_POINTS } from '../../packages/millrace/src/job/crash-points.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { KillRun } from '../kill/kill-run.ts'
import type { LegDraw } from '../kill/leg.ts'
import { chosenSeed, defineAttack, ownFolder, type Attack, type AttackResult } from '../lib/attack.ts'
import { seed, whole } from '../lib/options.ts'
import { chosenPoints, misplaced, planOf, type Moment } from './plan.ts'

const ROWS_PER_FILE = 8_000
const KILLS_PER_LEG = 12
const LANES = 2

interface Hit extends Moment {
  readonly says: string
}

function legDraw(seed: number, folder: string, number: number): LegDraw {
  const random = new SeededRandom(seed, `draw ${number}`)
  return { number, folder, seed, parallelism: undefined, rowsPerFile: ROWS_PER_FILE, windows: random.chance(0.5), wide: random.chance(0.3) }
}

async function pointsAttack(seed: number, times: number, share: number): Promise<AttackResult> {
  const points = chosenPoints(seed, share)
  const kills = planOf(seed, points, times)
  const moments = new Map<string, Hit[]>(points.map((point) => [point, []]))
  const folder = ownFolder('points')
  const run = new KillRun({
    seed,
    kills,
    killsPerLeg: KILLS_PER_LEG,
    lanes: LANES,
    draw: (number) => legDraw(seed, folder, number),
    onKilled(kill, phase, leg) {
      if (kill.kind !== 'point') return
      const kinds = [
        leg.format,
        leg.draw.windows ? 'windows' : '',
        leg.isWide ? 'wide' : '',
        leg.keepsPartsOpen ? 'open parts' : '',
      ].filter(Boolean)
      const says = `pass ${kill.nth} in ${phase}, job ${leg.number} start ${leg.starts} (${leg.parallelism} subtasks, ${kinds.join(', ')})`
      moments.get(kill.point)?.push({ nth: kill.nth, phase, subtasks: leg.parallelism, says })
    },
  })
  await run.run()
  for (const [point, all] of moments) process.stdout.write(`  ${point.padEnd(34)} ${all.map(({ says }) => says).join(' | ')}\n`)
  return report(run, kills.length, moments, times)
}

function report(run: KillRun, planned: number, moments: ReadonlyMap<string, readonly Hit[]>, times: number): AttackResult {
  const { totals, violations, done } = run
  const never = [...moments].filter(([, all]) => all.length < times).map(([point]) => point)
  if (never.length > 0) process.stdout.write(`not hit ${times} times: ${never.join(', ')}\n`)
  const elsewhere = misplaced(moments)
  if (elsewhere.length > 0)
    process.stdout.write(`not hit on a restore, or with several subtasks, where they lie: ${elsewhere.join(', ')}\n`)
  const different = [...moments.values()].filter(
    (all) => new Set(all.map(({ nth, phase }) => `${nth} ${phase}`)).size === all.length,
  ).length
  process.stdout.write(
    `${different} of ${moments.size} points were hit at a different pass or in another phase each time, the others in another job\n` +
      `${moments.size - never.length} of ${CRASH_POINTS.length} crash points hit ${times} times; ${totals.starts} starts of ${totals.legs} jobs\n` +
      `${totals.rows} rows compared: missing ${totals.missing}, doubled ${totals.doubled}, wrong ${totals.wrong}; files left over ${totals.residue}\n`,
  )
  return {
    passed: done - violations.length,
    failed: violations.length + elsewhere.length,
    planned,
    counts: { points: moments.size - never.length, ...run.counts },
  }
}

export const attack: Attack = defineAttack({
  name: 'points',
  summary: 'a real process kills itself at every crash point, each twice, and every row is compared',
  options: { seed, times: whole(2, 'kills at each point'), share: whole(1, 'each Nth point alone') },
  run({ seed: given, times, share }) {
    return pointsAttack(chosenSeed(given), times, share)
  },
})
