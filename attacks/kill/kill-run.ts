/** Jobs that are killed, one after the other or several at a time, until all kills of a plan are done; then each is left to finish and compared. */
import { rmSync } from 'node:fs'
import { Progress } from '../lib/attack.ts'
import { Leg, type LegDraw } from './leg.ts'
import type { Phase } from './phase.ts'
import type { Kill } from './kill.ts'
import { KillQueue } from './queue.ts'

export interface KillRunOptions {
  readonly seed: number
  readonly kills: readonly Kill[]
  /** Of one job; then it is left to finish, and another begins. */
  readonly killsPerLeg: number
  /** Jobs at a time. */
  readonly lanes: number
  readonly draw: (number: number) => LegDraw
  readonly onKilled: (kill: Kill, phase: Phase, leg: Leg) => void
}

export class KillRun {
  readonly violations: string[] = []
  readonly totals = { starts: 0, rows: 0, missing: 0, doubled: 0, wrong: 0, residue: 0, legs: 0 }
  done = 0
  readonly #options: KillRunOptions
  readonly #queue: KillQueue
  readonly #progress: Progress

  constructor(options: KillRunOptions) {
    this.#options = options
    this.#queue = new KillQueue(options.kills)
    this.#progress = new Progress('kills', options.kills.length)
  }

  async run(): Promise<void> {
    const lane = async (): Promise<void> => {
      while (!this.#queue.isEmpty && this.violations.length === 0) await this.#leg()
    }
    await Promise.all(Array.from({ length: this.#options.lanes }, lane))
  }

  get counts(): Readonly<Record<string, number>> {
    const { legs, starts, rows, missing, doubled, wrong, residue } = this.totals
    return { kills: this.done, jobs: legs, starts, rows, missing, doubled, wrong, residue }
  }

  async #leg(): Promise<void> {
    const number = ++this.totals.legs
    const draw = this.#options.draw(number)
    const leg = new Leg(this.#queue.needsOpenParts ? { ...draw, keepsPartsOpen: true } : draw)
    let kills = 0
    while (kills < this.#options.killsPerLeg && !leg.isFinished && this.violations.length === 0) {
      const taken = this.#queue.take(leg)
      if (taken === undefined) break
      const { kill, isPreparation } = taken
      const outcome = await leg.start(kill)
      if (outcome.kind === 'killed') {
        kills++
        if (!isPreparation) this.#count(kill, outcome.phase, leg)
        continue
      }
      const missed = isPreparation ? undefined : this.#queue.missed(kill)
      if (outcome.kind === 'violation') this.#violate(leg, `${JSON.stringify(kill)}: ${outcome.what}`)
      if (missed !== undefined && kill.kind === 'point') this.#violate(leg, `${kill.point} was not passed in ${missed} jobs`)
    }
    await this.#finish(leg)
  }

  #count(kill: Kill, phase: Phase, leg: Leg): void {
    this.#queue.hit(kill)
    this.#options.onKilled(kill, phase, leg)
    this.#progress.at(++this.done, `${this.totals.legs} jobs`)
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
}
