/** The work in pieces, the same in every process: a piece is some cases, or some states of the disk with all that they can leave. */
import { casesOf, type DiskCase } from './cases.ts'
import { record, type Recording } from './record.ts'
import type { Extent } from './survivals.ts'

/** What the processes of the pool are told, in their environment. */
export const WORK_NAME = 'MILLRACE_DISK_WORK'
export interface WorkOptions {
  readonly seed: number
  /** Of the cases and states, one in so many. */
  readonly every: number
  /** So many operations before a loss of power may not be durable; what is older is. */
  readonly window: number
  /** Where everything since the beginning may not be durable: drawn for each state. */
  readonly samples: number
  readonly extent: Extent
}
export type Piece =
  | { readonly kind: 'cases'; readonly cases: readonly DiskCase[] }
  /** Neighbours: the disks that they leave are often the same, and a process tries each once. */
  | { readonly kind: 'states'; readonly from: number; readonly to: number }
/** `turn`: in which recording; undefined for that in which nothing is ever written back. */
export interface StateChoice {
  readonly turn: number | undefined
  readonly index: number
}

const CASES_IN_PIECE = 24
const STATES_IN_PIECE = 12

export function piecesOf({ operations, states }: Recording, { every }: WorkOptions): readonly Piece[] {
  const cases = casesOf(operations).filter((_case, index) => index % every === 0)
  const pieces: Piece[] = []
  for (let at = 0; at < cases.length; at += CASES_IN_PIECE) pieces.push({ kind: 'cases', cases: cases.slice(at, at + CASES_IN_PIECE) })
  const step = STATES_IN_PIECE * every
  for (let from = 0; from < states.length; from += step) pieces.push({ kind: 'states', from, to: Math.min(from + step, states.length) })
  return pieces
}

export function statesOf({ from, to }: Extract<Piece, { kind: 'states' }>, { every, window }: WorkOptions): readonly StateChoice[] {
  const choices: StateChoice[] = []
  for (let index = from; index < to; index++) {
    // Of a window only its last state has all of it: the recording whose next change writes everything back.
    const turn = (index + 1) % window
    if (Math.floor(index / window) % every === turn % every) choices.push({ turn, index })
    if (index % every === 0) choices.push({ turn: undefined, index })
  }
  return choices
}

export async function recordTurn(turn: number | undefined, { seed, window }: WorkOptions): Promise<Recording> {
  return record(seed, turn === undefined ? undefined : (change) => change % window === turn)
}
