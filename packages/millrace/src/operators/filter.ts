import { refusePromise } from '../core/errors.ts'
import type { Emit, Operator, Specialize } from '../operator/contract.ts'

function template(next: Emit, predicate: (value: unknown) => unknown, refusePromise: (result: object) => void): Emit {
  return (value, timestamp) => {
    const isKept = predicate(value)
    if (typeof isKept === 'object' && isKept !== null) refusePromise(isKept)
    if (isKept) next(value, timestamp)
  }
}

/** Passes on what the predicate accepts. */
export function filterOperator(specialize: Specialize, next: Emit, predicate: (value: unknown) => unknown): Operator {
  return { inputs: [specialize(template, next, predicate, refusePromise)] }
}
