/** A process of the pool: it records the same life as the others, and does the pieces that it is given. */
import { serve } from '../lib/pool.ts'
import type { DiskState, Recording } from './record.ts'
import { Trial, type CaseResult, type StateResult } from './try.ts'
import { piecesOf, recordTurn, statesOf, WORK_NAME, type Piece, type WorkOptions } from './work.ts'

export interface PieceResult {
  readonly cases: readonly CaseResult[]
  readonly states: readonly StateResult[]
}

const text = process.env[WORK_NAME]
if (text !== undefined && process.send !== undefined) {
  const options = JSON.parse(text) as WorkOptions
  const pieces = piecesOf(await recordTurn(undefined, options), options)
  const trial = new Trial(options.seed, options.extent)
  const recordings = new Map<number | undefined, Recording>()
  const recordingOf = async (turn: number | undefined): Promise<Recording> => {
    const known = recordings.get(turn) ?? (await recordTurn(turn, options))
    recordings.set(turn, known)
    return known
  }
  serve<PieceResult>(async (number) => {
    const piece = pieces[number] as Piece
    const result = { cases: [] as CaseResult[], states: [] as StateResult[] }
    if (piece.kind === 'cases') for (const each of piece.cases) result.cases.push(await trial.tryCase(each))
    else
      for (const { turn, index } of statesOf(piece, options)) {
        const state = (await recordingOf(turn)).states[index] as DiskState
        result.states.push(await trial.tryState(state, turn === undefined ? options.samples : undefined))
      }
    return result
  })
}
