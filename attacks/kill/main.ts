/** A file-to-file job in a process of its own, killed over and over; then every committed row is compared. */
import { rmSync } from 'node:fs'
import { chosenSeed, Progress, type Attack, type AttackResult } from '../lib/attack.ts'
import { CRASH_POINTS } from '../../packages/millrace/src/job/crash-points.ts'
import { Leg } from './leg.ts'
import { optionsOf } from './options.ts'
import { PHASES, type Phase } from './phase.ts'
import { planOf, type Kill } from './plan.ts'
import { stopAttack } from './stop.ts'

const ROWS_PER_FILE = 25_000
/** Kills of one job; then it is left to finish, and another begins. */
const KILLS_PER_LEG = 17
/** A point that so many jobs in a row have ended without is never passed. */
const MOST_VAIN = 4

/** Not part of the plan: for kills that need what an earlier one has left. */
const LEAVES_A_PART: Kill = { kind: 'point', point: 'files.part.afterSync', nth: 3, fresh: false }
const LEAVES_A_CHECKPOINT: Kill = { kind: 'point', point: 'checkpoint.stored', nth: 2, fresh: false }

class KillAttack {
  readonly phases: Map<Phase, number> = new Map(PHASES.map((phase) => [phase, 0]))
  readonly points: Set<string> = new Set()
  readonly violations: string[] = []
  readonly totals = { starts: 0, rows: 0, missing: 0, doubled: 0, wrong: 0, residue: 0, legs: 0 }
  readonly #seed: number
  readonly #parallelism: number | undefined
  readonly #queue: Kill[]
  /** How many jobs in a row have ended without passing the point. */
  readonly #vain = new Map<string, number>()
  readonly #progress: Progress
  readonly #planned: number
  done = 0

  constructor(seed: number, kills: number, parallelism: number | undefined) {
    this.#seed = seed
    this.#parallelism = parallelism
    this.#queue = planOf(seed, kills)
    this.#planned = kills
    this.#progress = new Progress('kills', kills)
  }

  async run(): Promise<void> {
    while (this.#queue.length > 0 && this.violations.length === 0) await this.#leg()
  }

  async #leg(): Promise<void> {
    const leg = new Leg({ number: ++this.totals.legs, seed: this.#seed, parallelism: this.#parallelism, rowsPerFile: ROWS_PER_FILE })
    let kills = 0
    while (kills < KILLS_PER_LEG && !leg.isFinished && this.violations.length === 0) {
      const kill = this.#next(leg)
      if (kill === undefined) break
      const outcome = await leg.start(kill)
      if (outcome.kind === 'killed') {
        kills++
        if (!isPreparation(kill)) this.#count(kill, outcome.phase)
      } else if (isPreparation(kill)) {
        if (outcome.kind === 'violation') this.#violate(leg, outcome.what)
      } else {
        this.#queue.unshift(kill.kind === 'point' ? { ...kill, nth: 1 } : { ...kill, afterMs: kill.afterMs + 5 })
        if (outcome.kind === 'violation') this.#violate(leg, `${JSON.stringify(kill)}: ${outcome.what}`)
        if (kill.kind === 'point') this.#countVain(leg, kill.point)
      }
    }
    await this.#finish(leg)
  }

  /** Kills of a fresh job first; those of a job with checkpoints wait until it has some. */
  #next(leg: Leg): Kill | undefined {
    const fresh = leg.isFresh && leg.starts < 3 ? this.#queue.findIndex((kill) => kill.fresh) : -1
    const index = fresh >= 0 ? fresh : this.#queue.findIndex((kill) => !kill.fresh || leg.isFresh)
    // Before there is something to withdraw, or to read, those points are never passed.
    const point = pointOf(this.#queue[index])
    if (leg.starts === 0 && point.startsWith('files.withdraw.')) return LEAVES_A_PART
    if (leg.isFresh && point === 'restore.run') return LEAVES_A_CHECKPOINT
    return index < 0 ? undefined : this.#queue.splice(index, 1)[0]
  }

  #count(kill: Kill, phase: Phase): void {
    this.phases.set(phase, (this.phases.get(phase) ?? 0) + 1)
    if (kill.kind === 'point') {
      this.points.add(kill.point)
      this.#vain.delete(kill.point)
    }
    this.#progress.at(++this.done, `${this.totals.legs} jobs`)
  }

  #countVain(leg: Leg, point: string): void {
    const jobs = (this.#vain.get(point) ?? 0) + 1
    this.#vain.set(point, jobs)
    if (jobs === MOST_VAIN) this.#violate(leg, `${point} was not passed in ${jobs} jobs`)
  }

  async #finish(leg: Leg): Promise<void> {
    const outcome = leg.isFinished ? undefined : await leg.start(undefined)
    this.totals.starts += leg.starts
    if (outcome !== undefined && outcome.kind !== 'finished')
      return this.#violate(leg, `left alone it did not finish: ${JSON.stringify(outcome)}`)
    const { difference, residue } = leg.check()
    for (const kind of ['rows', 'missing', 'doubled', 'wrong'] as const) this.totals[kind] += difference[kind]
    this.totals.residue += residue.length
    const isExact = difference.missing + difference.doubled + difference.wrong + residue.length === 0
    if (isExact) rmSync(leg.run.path, { recursive: true })
    else this.#violate(leg, [...difference.examples, ...residue].join('\n    '))
  }

  #violate(leg: Leg, what: string): void {
    this.violations.push(what)
    this.#progress.say(`  violation in job ${leg.number} (${leg.run.path}): ${what}`)
  }

  report(): AttackResult {
    const { totals, phases, points, violations, done } = this
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
    return { passed: done - violations.length, failed: violations.length + (isShort ? 1 : 0), planned: this.#planned + (isShort ? 1 : 0) }
  }
}

function pointOf(kill: Kill | undefined): string {
  return kill?.kind === 'point' ? kill.point : ''
}

function isPreparation(kill: Kill): boolean {
  return kill === LEAVES_A_PART || kill === LEAVES_A_CHECKPOINT
}

export const attack: Attack = {
  name: 'kill',
  summary:
    'kills a file-to-file job with SIGKILL, at random and at each crash point, and compares every row; --kills N --signal TERM --parallelism N',
  async run(args) {
    const { kills, parallelism, signal, keys, ...options } = optionsOf(args)
    const seed = chosenSeed(options.seed)
    if (signal === 'TERM') return stopAttack({ seed, stops: kills ?? 10, keys, parallelism })
    const kill = new KillAttack(seed, kills ?? 100, parallelism)
    await kill.run()
    return kill.report()
  },
}
