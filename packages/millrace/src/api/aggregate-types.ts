/**
 * How many values become one result. `add` and `merge` may change the accumulator (the left one) in place and return it, or
 * return a new one. What `result` returns must not change when the accumulator does.
 */
export interface Aggregate<in T, A, out R> {
  /**
   * What the accumulator is, in a word that checkpoints keep: state of another kind is not gone on with (STATE_MISMATCH). The built-in
   * aggregates have theirs; without one nothing is compared.
   */
  readonly kind?: string | undefined
  create(): A
  add(accumulator: A, value: T): A
  /** All values of `right` came after those of `left`, where that has a meaning. */
  merge(left: A, right: A): A
  result(accumulator: A): R
}

/** Aggregates by name. */
// `any`: the accumulator's type is invariant and of no interest to whoever holds several aggregates.
export type Aggregates<T> = { readonly [name: string]: Aggregate<T, any, any> }
/** The results of aggregates, by name. */
export type Results<A> = { readonly [N in keyof A]: A[N] extends Aggregate<any, any, infer R> ? R : never }
