import type { Budget } from '../core/env.ts'
import type { Cursor, Gate } from '../operator/contract.ts'

/** What a window does for its keys when it fires, in steps; a closed gate and the end of a turn interrupt it between two of them. */
export type Firing = Iterator<undefined, void, undefined>

/** Steps between two looks at the budget. */
const STEPS = 32

/** Goes through one firing at a time: nothing else happens in the task before it is done. */
export class FiringCursor implements Cursor {
  readonly #gate: Gate
  readonly #newBudget: () => Budget
  #firing: Firing | undefined = undefined
  #whenDone: () => void = () => {}

  constructor(gate: Gate, newBudget: () => Budget) {
    this.#gate = gate
    this.#newBudget = newBudget
  }

  get isOpen(): boolean {
    return this.#firing !== undefined
  }

  begin(firing: Firing, whenDone: () => void): void {
    this.#firing = firing
    this.#whenDone = whenDone
    this.resume()
  }

  resume(): void {
    const firing = this.#firing
    if (firing === undefined) return
    const budget = this.#newBudget()
    for (let steps = 1; !this.#gate.isClosed; steps++) {
      if (firing.next().done === true) {
        this.#firing = undefined
        return this.#whenDone()
      }
      if (steps % STEPS === 0 && !budget.hasLeft()) return
    }
  }
}
