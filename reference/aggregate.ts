// Aggregates, each computed anew from all values (so far, or of a window): nothing to get wrong.
import { fieldReader } from './behaviours.ts'
import { assertNever, type AggregateSpec, type Json, type Row } from './program.ts'

/** The result over `values`, which are in order (of arrival) and at least one. */
export function aggregateResult(spec: AggregateSpec, values: readonly Row[]): Json {
  const of = fieldReader(spec.field)
  const numbers = values.map(of)
  switch (spec.kind) {
    case 'count':
      return values.length
    case 'sum':
      return sum(numbers)
    case 'avg':
      return sum(numbers) / values.length
    case 'min':
      return Math.min(...numbers)
    case 'max':
      return Math.max(...numbers)
    case 'first':
      return values[0]!
    case 'last':
      return values.at(-1)!
    case 'list':
      return [...values]
    case 'distinct':
      return new Set(numbers).size
    case 'minBy':
      return values[numbers.indexOf(Math.min(...numbers))]! // the earliest on ties (DS-3)
    case 'maxBy':
      return values[numbers.indexOf(Math.max(...numbers))]!
    case 'top':
      return values.toSorted((a, b) => of(b) - of(a)).slice(0, spec.n ?? 1) // greatest first, earlier first on ties (the sort is stable)
    default:
      return assertNever(spec.kind)
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
