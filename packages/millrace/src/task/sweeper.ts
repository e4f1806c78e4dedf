import type { Env } from '../core/env.ts'
import type { OperatorState } from '../state/contract.ts'
import type { ChainOperator } from './chain.ts'
import { nameOfSize, type StateBudget } from './state-budget.ts'
import type { TaskOptions } from './task-spec.ts'

export interface SweeperOptions {
  readonly env: Pick<Env, 'budget'>
  readonly states: readonly AddressedState[]
  readonly keepsState: boolean
  /** Called after each slice, for those who watch. */
  readonly swept: (() => void) | undefined
  readonly stateBudget?: StateBudget | undefined
}
export interface AddressedState {
  readonly address: string
  readonly state: OperatorState
}

/** Undefined for a task that keeps nothing. */
export function createSweeper(operators: readonly ChainOperator[], options: TaskOptions): Sweeper | undefined {
  const { env, host, keepsState, stateBudget } = options
  const states = operators.flatMap(({ node, keyed }) => (keyed === undefined ? [] : [{ address: node.address, state: keyed }]))
  if (states.length === 0) return undefined
  const { swept } = host
  return new Sweeper({
    env,
    states,
    keepsState,
    swept: swept === undefined ? undefined : () => states.forEach(({ address, state }) => swept(address, state.statistics)),
    stateBudget,
  })
}

/**
 * Keeps the state of a task's operators small, in slices between batches. Nothing that a job gives depends on when.
 *
 * W1  What was deleted is freed when a completed checkpoint covers it; that costs what was deleted. Expired values are found by going
 *     round all values (TT-4): a round begins when a tenth of the shortest time to live has passed since the one before, at least a
 *     second, and 32 times what that took; so it takes some 3 % of the time at most.
 * W2  A task with other work gives it one slice in {@link PAUSE_MS}; one without goes on until nothing is left, and is woken for a round.
 * W3  Without checkpoints, `forget` stands for a completed one: whenever what waits for it is a quarter of the keys.
 * W4  What the state takes is estimated every {@link MEASURE_EVERY_MS} and told to the budget, while a snapshot is encoded too.
 */
export class Sweeper {
  readonly #env: Pick<Env, 'budget'>
  readonly #states: readonly OperatorState[]
  readonly #addressed: readonly AddressedState[]
  readonly #stateBudget: StateBudget | undefined
  /** Those with values that expire. */
  readonly #expiring: readonly OperatorState[]
  readonly #keepsState: boolean
  readonly #swept: (() => void) | undefined
  readonly #betweenMs: number
  /** The first begins at once: what was restored into a state that has now got a time to live counts from then on (TT-5). */
  #roundAtMs = Number.NEGATIVE_INFINITY
  /** Which of `expiring` is being gone through; -1 between rounds. */
  #at = -1
  #slices = 0
  #slicedAtMs = Number.NEGATIVE_INFINITY
  #measuredAtMs = Number.NEGATIVE_INFINITY

  constructor(options: SweeperOptions) {
    this.#env = options.env
    this.#swept = options.swept
    this.#addressed = options.states
    this.#states = options.states.map(({ state }) => state)
    this.#stateBudget = options.stateBudget
    this.#keepsState = options.keepsState
    this.#expiring = this.#states.filter(({ shortestTtlMs }) => shortestTtlMs < Number.POSITIVE_INFINITY)
    const shortestMs = Math.min(...this.#expiring.map(({ shortestTtlMs }) => shortestTtlMs))
    this.#betweenMs = Math.min(Math.max(shortestMs / 10, SHORTEST_BETWEEN_MS), LONGEST_BETWEEN_MS)
  }

  /** A slice, if one is due. True when there is more to do at once. `nowMs` is monotonic. */
  step(nowMs: number, isBusy: boolean): boolean {
    if (!this.#keepsState) this.#forget()
    if (isBusy && nowMs < this.#slicedAtMs + PAUSE_MS) return false
    const isRound = this.#at >= 0 || (nowMs >= this.#roundAtMs && this.#hasValues())
    if (!isRound && !this.canFree) return false
    this.#slicedAtMs = nowMs
    const isDone = this.#slice(nowMs, isRound)
    this.#swept?.()
    return !isDone
  }

  /** W4. @throws {STATE_LIMIT} */
  measure(nowMs: number): void {
    if (this.#stateBudget === undefined || nowMs < this.#measuredAtMs + MEASURE_EVERY_MS) return
    this.#measuredAtMs = nowMs
    const sizes = new Map<string, number>()
    for (const { address, state } of this.#addressed) for (const size of state.sizes()) sizes.set(nameOfSize(address, size), size.bytes)
    this.#stateBudget.tell(this, sizes)
  }

  /** When a round is due: ms from now; undefined when there is nothing to look at. */
  wakeInMs(nowMs: number): number | undefined {
    return this.#hasValues() ? Math.max(0, this.#roundAtMs - nowMs) : undefined
  }

  /** Something can be freed, since a checkpoint completed. */
  get canFree(): boolean {
    for (let i = 0; i < this.#states.length; i++) if ((this.#states[i] as OperatorState).canFree) return true
    return false
  }

  #slice(nowMs: number, isRound: boolean): boolean {
    const budget = this.#env.budget('slice')
    for (const state of this.#states) if (!state.free(budget)) return false
    if (!isRound) return true
    if (this.#at < 0) this.#at = this.#slices = 0
    this.#slices++
    for (; this.#at < this.#expiring.length; this.#at++) if (!(this.#expiring[this.#at] as OperatorState).sweep(budget)) return false
    this.#at = -1
    this.#roundAtMs = nowMs + Math.max(this.#betweenMs, COST_FACTOR * this.#slices * SLICE_MS)
    return true
  }

  /** W3. */
  #forget(): void {
    for (let i = 0; i < this.#states.length; i++) {
      const state = this.#states[i] as OperatorState
      const { awaiting } = state
      // What the one before has let go of is freed first.
      if (awaiting > SOME && awaiting * 4 > state.keyCount && !state.canFree) state.snapshots.forget()
    }
  }

  #hasValues(): boolean {
    for (let i = 0; i < this.#expiring.length; i++) if ((this.#expiring[i] as OperatorState).keyCount > 0) return true
    return false
  }
}

/** A busy task sweeps for a slice of so many ms in so many. */
const SLICE_MS = 1
const PAUSE_MS = 8
const SHORTEST_BETWEEN_MS = 1_000
const LONGEST_BETWEEN_MS = 3_600_000
const COST_FACTOR = 32
const MEASURE_EVERY_MS = 250
/** So many deletions are not worth a `forget`. */
const SOME = 4_096
