/** A file-to-file job in a process of its own, killed over and over; then every committed row is compared. */
import { chosenSeed, defineAttack, ownFolder, type Attack, type AttackResult } from '../lib/attack.ts'
import { OptionError, seed, text, whole } from '../lib/options.ts'
import { CRASH_POINTS } from '../../packages/millrace/src/job/crash-points.ts'
import { KillRun } from './kill-run.ts'
import { PHASES, type Phase } from './phase.ts'
import { planOf } from './plan.ts'
import { stopAttack } from './stop.ts'

const ROWS_PER_FILE = 25_000
const KILLS_PER_LEG = 17
const KILLS = 100
const STOPS = 10

type Signal = 'KILL' | 'TERM'

async function killAttack(seed: number, kills: number, parallelism: number | undefined): Promise<AttackResult> {
  const phases = new Map<Phase, number>(PHASES.map((phase) => [phase, 0]))
  const points = new Set<string>()
  const folder = ownFolder('kill')
  const run = new KillRun({
    seed,
    kills: planOf(seed, kills),
    killsPerLeg: KILLS_PER_LEG,
    lanes: 1,
    draw: (number) => ({ number, folder, seed, parallelism, rowsPerFile: ROWS_PER_FILE, windows: true }),
    onKilled(kill, phase) {
      phases.set(phase, (phases.get(phase) ?? 0) + 1)
      if (kill.kind === 'point') points.add(kill.point)
    },
  })
  await run.run()
  return report(run, kills, phases, points)
}

function report(run: KillRun, planned: number, phases: ReadonlyMap<Phase, number>, points: ReadonlySet<string>): AttackResult {
  const { totals, violations, done } = run
  const empty = PHASES.filter((phase) => phase !== 'end' && phases.get(phase) === 0)
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  say('killed while')
  for (const [phase, count] of phases) say(`  ${phase.padEnd(20)} ${String(count).padStart(4)} ${'#'.repeat(count)}`)
  if (empty.length > 0) say(`  no kill in: ${empty.join(', ')}`)
  say(`at ${points.size} of ${CRASH_POINTS.length} crash points; ${totals.starts} starts of ${totals.legs} jobs`)
  say(
    `${totals.rows} rows compared: missing ${totals.missing}, doubled ${totals.doubled}, wrong ${totals.wrong}; files left over ${totals.residue}`,
  )
  const isShort = done >= 40 && empty.length > 0
  return {
    passed: done - violations.length,
    failed: violations.length + (isShort ? 1 : 0),
    planned: planned + (isShort ? 1 : 0),
    counts: run.counts,
  }
}

function signalOf(given: string): Signal {
  const signal = given.replace(/^SIG/, '')
  if (signal === 'KILL' || signal === 'TERM') return signal
  throw new OptionError(`may be KILL or TERM, not '${given}'`)
}

export const attack: Attack = defineAttack({
  name: 'kill',
  summary: 'kills a file-to-file job with SIGKILL, at random and at each crash point, and compares every row',
  options: {
    seed,
    kills: whole(undefined, `kills, or stops with TERM; without it: ${KILLS}, or ${STOPS} stops`),
    parallelism: whole(undefined, 'subtasks of each step; without it: drawn for each job'),
    signal: text<Signal>('KILL|TERM', 'kills, or tells to stop and wants it to end in time; without it: KILL', 'KILL', signalOf),
    keys: whole(1_000_000, 'keys of state with TERM'),
  },
  async run({ seed: given, kills, parallelism, signal, keys }) {
    const seed = chosenSeed(given)
    if (signal === 'TERM') return stopAttack({ seed, stops: kills ?? STOPS, keys, parallelism })
    return killAttack(seed, kills ?? KILLS, parallelism)
  },
})
