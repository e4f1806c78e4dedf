/**
 * An airport's running account: one row for each of its flights. Every row depends on all that went before, in order, so
 * a flight lost, counted twice or out of order changes every later row.
 */
import { type KeyedProcess, type Out, type StateSpec, type ValueState, valueState } from 'millrace'
import type { Flight } from './flight.ts'

/** What is known of an airport. */
interface Account {
  readonly flights: number
  readonly delay: number
  readonly distance: number
  readonly hash: number
}

/** A row of the output: the account after the flight `id`, which is the `seq`-th of this airport. */
export interface AccountRow {
  readonly airport: string
  readonly seq: number
  readonly id: number
  /** Sums over the airport's flights so far: minutes and miles. */
  readonly delay: number
  readonly distance: number
  /** 32 bits over the airport's history. */
  readonly hash: number
}

export const runningAccount: KeyedProcess<Flight, string, { account: StateSpec<ValueState<Account, never>> }, {}, AccountRow> = {
  state: { account: valueState({ initial: (): Account => ({ flights: 0, delay: 0, distance: 0, hash: 0 }) }) },
  onRecord(flight, { key, state }, out: Out<AccountRow>) {
    const before = state.account.get()
    const after = {
      flights: before.flights + 1,
      delay: before.delay + flight.delay,
      distance: before.distance + flight.distance,
      hash: chain(before.hash, flight),
    }
    state.account.set(after)
    out.emit({ airport: key, seq: after.flights, id: flight.id, delay: after.delay, distance: after.distance, hash: after.hash })
  },
}

/** The hash of a history and one more flight. */
function chain(history: number, { id, at, destination, delay, distance }: Flight): number {
  let hash = mix(history, id)
  hash = mix(hash, at / 60_000)
  hash = mix(hash, delay)
  hash = mix(hash, distance)
  for (let i = 0; i < destination.length; i++) hash = mix(hash, destination.charCodeAt(i))
  return hash >>> 0
}

/** FNV-1a over whole words, and a shift so that high bits reach low ones. */
function mix(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x01000193)
  return product ^ (product >>> 15)
}
