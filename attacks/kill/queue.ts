/** Kills that are still to be done: each waits for a job and a moment in which it can hit. */
import type { Leg } from './leg.ts'
import { needOfKill } from './needs.ts'
import type { Kill } from './kill.ts'

/** A point that so many jobs in a row have ended without is never passed. */
const MOST_VAIN = 4

export type Taken = { readonly kill: Kill; readonly isPreparation: boolean }

export class KillQueue {
  readonly #kills: Kill[]
  /** How many jobs in a row have ended without passing the point. */
  readonly #vain = new Map<string, number>()

  constructor(kills: readonly Kill[]) {
    this.#kills = [...kills]
  }

  get isEmpty(): boolean {
    return this.#kills.length === 0
  }

  /** It is wanted by a job that keeps parts open, and nothing else is left. */
  get needsOpenParts(): boolean {
    return this.#kills.length > 0 && this.#kills.every((kill) => needOfKill(kill).openParts === true)
  }

  /** Kills of a fresh job first; those of a job with checkpoints wait until it has some. Undefined: none is for this job. */
  take(leg: Leg): Taken | undefined {
    const fits = (kill: Kill): boolean => needOfKill(kill).openParts !== true || leg.keepsPartsOpen
    const fresh = leg.isFresh && leg.starts < 3 ? this.#kills.findIndex((kill) => kill.fresh && fits(kill)) : -1
    const index = fresh >= 0 ? fresh : this.#kills.findIndex((kill) => (!kill.fresh || leg.isFresh) && fits(kill))
    const kill = this.#kills[index]
    if (kill === undefined) return undefined
    const { leftBy, checkpointIsEnough } = needOfKill(kill)
    const isThere = leg.last === leftBy || (checkpointIsEnough === true && !leg.isFresh)
    if (leftBy !== undefined && !isThere) return { kill: leftBy, isPreparation: true }
    this.#kills.splice(index, 1)
    return { kill, isPreparation: false }
  }

  hit(kill: Kill): void {
    if (kill.kind === 'point') this.#vain.delete(kill.point)
  }

  /** The job ended before: the next time it shall be earlier, or a little later. @returns how many jobs it has missed, once that is too many */
  missed(kill: Kill): number | undefined {
    this.#kills.unshift(kill.kind === 'point' ? { ...kill, nth: Math.ceil(kill.nth / 2) } : { ...kill, afterMs: kill.afterMs + 5 })
    if (kill.kind === 'time') return undefined
    const jobs = (this.#vain.get(kill.point) ?? 0) + 1
    this.#vain.set(kill.point, jobs)
    return jobs === MOST_VAIN ? jobs : undefined
  }
}
