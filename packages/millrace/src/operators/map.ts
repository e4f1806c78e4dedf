import type { Emit, Operator, Specialize } from '../operator/contract.ts'

function template(next: Emit, mapper: (value: unknown) => unknown): Emit {
  return (value, timestamp) => {
    next(mapper(value), timestamp)
  }
}

/** One output per input, with the input's timestamp. */
export function mapOperator(specialize: Specialize, next: Emit, mapper: (value: unknown) => unknown): Operator {
  return { inputs: [specialize(template, next, mapper)] }
}
