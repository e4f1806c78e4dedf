import { refusePromise } from '../core/errors.ts'
import type { Budget } from '../core/env.ts'
import type { Cursor, Emit, Gate, Operator, Specialize } from '../operator/contract.ts'

interface Pending {
  readonly values: Iterator<unknown>
  readonly timestamp: number
}

/** The iterables that a closed gate or the end of a turn has interrupted, in order of their inputs. */
class FlatMapCursor implements Cursor {
  readonly #pending: Pending[] = []
  readonly #next: Emit
  readonly #gate: Gate
  readonly #newBudget: () => Budget

  constructor(next: Emit, gate: Gate, newBudget: () => Budget) {
    this.#next = next
    this.#gate = gate
    this.#newBudget = newBudget
  }

  get isOpen(): boolean {
    return this.#pending.length > 0
  }

  add(values: Iterator<unknown>, timestamp: number): void {
    this.#pending.push({ values, timestamp })
  }

  /** Closes the gate when its turn is over, so that what feeds it stops too; the task opens it again. */
  resume(): void {
    const budget = this.#newBudget()
    while (this.#pending.length > 0) {
      const { values, timestamp } = this.#pending[0] as Pending
      for (let step = values.next(); !step.done; step = values.next()) {
        this.#next(step.value, timestamp)
        if (!budget.hasLeft()) this.#gate.isClosed = true
        if (this.#gate.isClosed) return
      }
      this.#pending.shift()
    }
  }
}

function template(
  next: Emit,
  mapper: (value: unknown) => Iterable<unknown>,
  gate: Gate,
  cursor: FlatMapCursor,
  refusePromise: (result: object) => void,
  refuseOther: (values: unknown) => void,
): Emit {
  return (value, timestamp) => {
    const values = mapper(value)
    if (!Array.isArray(values) || cursor.isOpen) {
      if (typeof values === 'object' && values !== null) refusePromise(values)
      refuseOther(values)
      cursor.add(values[Symbol.iterator](), timestamp)
      if (!gate.isClosed) cursor.resume()
      return
    }
    for (let i = 0; i < values.length; i++) {
      next(values[i], timestamp)
      if (gate.isClosed && i + 1 < values.length) {
        cursor.add(values.slice(i + 1)[Symbol.iterator](), timestamp)
        return
      }
    }
  }
}

/** @throws {TypeError} for what cannot be gone through */
function refuseOther(values: unknown): void {
  if (typeof (values as Iterable<unknown> | undefined | null)?.[Symbol.iterator] === 'function') return
  const given = values === undefined || values === null ? String(values) : `${typeof values === 'object' ? 'an' : 'a'} ${typeof values}`
  throw new TypeError(`flatMap was given ${given}, which is no array and no other iterable. Return [] for nothing, [value] for one record.`)
}

/** All that the mapper's iterable gives, with the input's timestamp; an endless one is interrupted when there is no room, and after a turn. */
export function flatMapOperator(
  specialize: Specialize,
  next: Emit,
  mapper: (value: unknown) => Iterable<unknown>,
  ports: { readonly gate: Gate; readonly newBudget: () => Budget },
): Operator {
  const { gate } = ports
  const cursor = new FlatMapCursor(next, gate, ports.newBudget)
  return { inputs: [specialize(template, next, mapper, gate, cursor, refusePromise, refuseOther)], cursor }
}
