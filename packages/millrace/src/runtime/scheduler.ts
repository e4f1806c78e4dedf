/**
 * Runs the subtasks of one thread in turns: whoever has work gets a step, in rotation; a turn ends with its budget and lets I/O
 * and the embedding program run (rules 1.20). When nobody has work, one timer is armed for the earliest due time; while somebody
 * has, those that are due get their step in the next turn.
 */
import type { Env } from '../core/env.ts'
import type { StepResult } from '../task/messages.ts'
import type { HostTime } from '../task/task-spec.ts'

export interface Steppable {
  step(time: HostTime): StepResult
  /** Ms until a step is due although nothing was brought; undefined for never. */
  wakeInMs(time: HostTime): number | undefined
}

export class Scheduler {
  readonly #env: Env
  readonly #members: readonly Steppable[]
  /** How many of those with work to pass over, for the simulator; undefined: strict rotation. */
  readonly #pick: ((count: number) => number) | undefined
  readonly #runnable: Uint8Array
  #runnableCount = 0
  #next = 0
  #isScheduled = false
  #isStopped = false
  #cancelTimer: (() => void) | undefined
  /** The longest turn so far, ms, and the sum of all: for metrics and benches. */
  longestTurnMs = 0

  constructor(env: Env, members: readonly Steppable[], pick?: (count: number) => number) {
    this.#env = env
    this.#members = members
    this.#pick = pick
    this.#runnable = new Uint8Array(members.length)
  }

  /** Something was brought to a member. Cheap; may be called at any time. */
  wake(member: number): void {
    if (this.#runnable[member] === 0) {
      this.#runnable[member] = 1
      this.#runnableCount++
    }
    this.#schedule()
  }

  wakeAll(): void {
    for (let member = 0; member < this.#members.length; member++) this.wake(member)
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelTimer?.()
  }

  time(): HostTime {
    return { now: this.#env.clock.now(), monotonic: this.#env.clock.monotonic() }
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isStopped) return
    this.#isScheduled = true
    this.#env.timers.soon(() => {
      this.#isScheduled = false
      this.#turn()
    })
  }

  #turn(): void {
    if (this.#isStopped) return
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const began = this.#env.clock.monotonic()
    const budget = this.#env.budget('turn')
    do this.#stepNext()
    while (this.#runnableCount > 0 && !this.#isStopped && budget.hasLeft())
    this.longestTurnMs = Math.max(this.longestTurnMs, this.#env.clock.monotonic() - began)
    if (this.#isStopped) return
    if (this.#runnableCount === 0) return this.#arm()
    this.#markDue()
    this.#schedule()
  }

  #stepNext(): void {
    const count = this.#members.length
    for (let skipped = this.#pick?.(this.#runnableCount) ?? 0, tried = 0; tried < 2 * count; tried++) {
      const member = this.#next
      this.#next = member + 1 === count ? 0 : member + 1
      if (this.#runnable[member] === 0 || skipped-- > 0) continue
      this.#runnable[member] = 0
      this.#runnableCount--
      if ((this.#members[member] as Steppable).step(this.time()) === 'more') this.#mark(member)
      return
    }
  }

  #mark(member: number): void {
    if (this.#runnable[member] === 1) return
    this.#runnable[member] = 1
    this.#runnableCount++
  }

  /** While others are busy no timer is armed: the next turn comes soon, and whoever is due by then has its step in it. */
  #markDue(): void {
    const time = this.time()
    for (let member = 0; member < this.#members.length; member++) {
      if (this.#runnable[member] === 1) continue
      const wake = (this.#members[member] as Steppable).wakeInMs(time)
      if (wake !== undefined && wake <= 0) this.#mark(member)
    }
  }

  #arm(): void {
    const time = this.time()
    let earliest: number | undefined
    for (const member of this.#members) {
      const wake = member.wakeInMs(time)
      if (wake !== undefined && (earliest === undefined || wake < earliest)) earliest = wake
    }
    if (earliest !== undefined) this.#cancelTimer = this.#env.timers.after(earliest, () => this.wakeAll())
  }
}
