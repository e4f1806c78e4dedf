/** The work in pieces, the same in every process: a piece is some cases, or some states of the disk with all that they can leave. */
import { casesOf, type DiskCase } from './cases.ts'
import { record, type DiskState, type Recording } from './record.ts'

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
}
export type Piece =
  | { readonly kind: 'cases'; readonly cases: readonly DiskCase[] }
  /** `turn`: which of the windows; undefined for states of which nothing was ever written back. */
  | { readonly kind: 'states'; readonly turn: number | undefined; readonly from: number; readonly to: number }

const CASES_IN_PIECE = 24
const STATES_IN_PIECE = 12

export function piecesOf({ operations, states }: Recording, { every, window }: WorkOptions): readonly Piece[] {
  const cases = casesOf(operations).filter((_case, index) => index % every === 0)
  const pieces: Piece[] = []
  for (let at = 0; at < cases.length; at += CASES_IN_PIECE) pieces.push({ kind: 'cases', cases: cases.slice(at, at + CASES_IN_PIECE) })
  for (const turn of [undefined, ...Array.from({ length: window }, (_, index) => index)]) {
    // Of a window only its last state has all of it: one in `window`.
    const step = STATES_IN_PIECE * every * (turn === undefined ? 1 : window)
    for (let from = 0; from < states.length; from += step)
      pieces.push({ kind: 'states', turn, from, to: Math.min(from + step, states.length) })
  }
  return pieces
}

/** Of a piece. @returns how many states of the recording it looks at */
export function statesOf(
  piece: Extract<Piece, { kind: 'states' }>,
  states: readonly DiskState[],
  options: WorkOptions,
): readonly DiskState[] {
  const { turn, from, to } = piece
  const { every, window } = options
  return states.slice(from, to).filter((_state, at) => {
    const index = from + at
    if (turn === undefined) return index % every === 0
    return index % window === (turn + window - 1) % window && Math.floor(index / window) % every === turn % every
  })
}

export async function recordTurn(turn: number | undefined, { seed, window }: WorkOptions): Promise<Recording> {
  return record(seed, turn === undefined ? undefined : (change) => change % window === turn)
}
