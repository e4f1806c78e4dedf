import type { Emit, Operator, Specialize } from '../operator/contract.ts'

function template(next: Emit, predicate: (value: unknown) => unknown): Emit {
  return (value, timestamp) => {
    if (predicate(value)) next(value, timestamp)
  }
}

/** Passes on what the predicate accepts. */
export function filterOperator(specialize: Specialize, next: Emit, predicate: (value: unknown) => unknown): Operator {
  return { inputs: [specialize(template, next, predicate)] }
}
