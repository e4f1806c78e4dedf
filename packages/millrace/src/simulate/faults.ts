import type { SeededRandom } from '../connectors/seeded-random.ts'

export type OperationKind =
  | 'open'
  | 'create'
  | 'read'
  | 'append'
  | 'sync'
  | 'close'
  | 'link'
  | 'rename'
  | 'unlink'
  | 'list'
  | 'info'
  | 'makeDirectory'
  | 'removeDirectory'
  | 'syncDirectory'

export interface Operation {
  /** Counted from 0 over the life of the machine. */
  readonly index: number
  readonly kind: OperationKind
  readonly path: string
  readonly process: string
  /** That an `append` is to write. */
  readonly bytes?: number
}

/**
 * What goes wrong with an operation of the disk. `kill…` ends its process, `powerLoss…` the machine, before or after the
 * operation took effect, or `torn` when an append has written so many bytes; either way its promise never settles. An error of
 * `append` may leave a part of the bytes: `share` of them, drawn if not given.
 */
export type Fault =
  | {
      readonly kind: 'error'
      readonly code: 'EIO' | 'ENOSPC' | 'EPERM'
      /** `after`: it took effect, and its caller is told that it did not: the reply is lost. `before` if not given. */
      readonly when?: 'before' | 'after'
      /** Of an append: how much of it is left behind, from 0 to 1; drawn if not given. */
      readonly share?: number
    }
  | { readonly kind: 'slow'; readonly byMs: number }
  | { readonly kind: 'kill' | 'powerLoss'; readonly when: 'before' | 'after' | { readonly torn: number } }

/** Asked for each operation when it begins. */
export type FaultPlan = (operation: Operation) => Fault | undefined

/** Probabilities for one operation. */
export interface FaultRates {
  readonly error?: number
  readonly slow?: number
  readonly kill?: number
  readonly powerLoss?: number
}

/** Faults at random, from a stream of their own. */
export function randomFaults(random: SeededRandom, rates: FaultRates): FaultPlan {
  return (operation) => {
    const draw = random.next()
    const when = random.chance(0.5) ? 'before' : 'after'
    let bound = rates.error ?? 0
    if (draw < bound) return { kind: 'error', code: writes.has(operation.kind) && random.chance(0.5) ? 'ENOSPC' : 'EIO' }
    if (draw < (bound += rates.slow ?? 0)) return { kind: 'slow', byMs: 10 ** (1 + 3 * random.next()) }
    if (draw < (bound += rates.kill ?? 0)) return { kind: 'kill', when }
    if (draw < bound + (rates.powerLoss ?? 0)) return { kind: 'powerLoss', when }
    return undefined
  }
}

const writes: ReadonlySet<OperationKind> = new Set(['create', 'append', 'link', 'rename', 'makeDirectory'])
