/**
 * Calls to what is seldom needed in functions that every record runs through.
 *
 * V8 compiles a function together with what it calls up to a budget, and by how often something was called so far: with many
 * new keys at the start the seldom paths, which are long, fill the budget that the usual ones need. A call whose target changes
 * is never compiled in, so all seldom paths of the state go through one place. bench/chain.ts shows what it is worth.
 */
export interface Seldom {
  getOther(): unknown
  setOther(value: unknown): void
}

type Call = (target: Seldom, value: unknown) => unknown

const calls: readonly Call[] = [(target) => target.getOther(), (target, value) => target.setOther(value)]

export function seldom(call: number, target: Seldom, value: unknown): unknown {
  return (calls[call] as Call)(target, value)
}
