/**
 * What the writers of one task have sealed and no manifest holds yet. It is in every snapshot until one does (T4); from then on
 * the coordinator carries it until it is committed.
 */
import type { StoredCommittable } from '../checkpoint/manifest.ts'
import type { Plain, Writer } from '../connect/contract.ts'
import { byConnector } from './connector-error.ts'
import type { Underway } from './underway.ts'

type SealedPart = Awaited<ReturnType<Writer<unknown, Plain, Plain>['seal']>['durable']>

interface Seals {
  pending: StoredCommittable[]
  writerState: Plain | undefined
  /** Resolves when everything sealed so far is durable and in `pending`. */
  settled: Promise<void>
}

export interface SealOrigin {
  readonly address: string
  readonly checkpoint: number
  readonly epoch: number
  readonly subtask: number
  readonly reason: 'checkpoint' | 'end'
}

export class SinkSeals {
  readonly #bySink = new Map<string, Seals>()
  readonly #underway: Underway
  #completeUpTo = -1

  constructor(underway: Underway) {
    this.#underway = underway
  }

  /**
   * The writer is called before this returns: what is written next belongs to the next checkpoint. Resolves when all that was sealed is
   * durable. @throws {SINK} later, with the sink, also what the writer throws at once
   */
  seal(writer: Writer<unknown, Plain, Plain>, origin: SealOrigin): Promise<void> {
    const { address } = origin
    const what = 'make durable what it has written'
    const seal = async (): Promise<SealedPart> => writer.seal(origin.checkpoint, origin.reason).durable
    const durable = this.#underway.wait(`${address} to ${what}`, () => byConnector({ kind: 'sink', address }, what, seal))
    const seals = this.#bySink.get(origin.address) ?? { pending: [], writerState: undefined, settled: Promise.resolve() }
    this.#bySink.set(origin.address, seals)
    seals.settled = Promise.all([durable, seals.settled]).then(([sealed]) => {
      const { checkpoint, epoch, subtask } = origin
      for (const data of sealed.committables) seals.pending.push({ checkpoint, epoch, subtask, data })
      seals.writerState = sealed.state
    })
    // Whoever awaits it sees the error; nobody does when another sink's seal has thrown.
    seals.settled.catch(() => undefined)
    return seals.settled
  }

  /** Only after `seal` has resolved. */
  report(address: string): { readonly kind: 'sink'; readonly committables: readonly StoredCommittable[]; readonly writerState?: Plain } {
    const seals = this.#bySink.get(address)
    const committables = (seals?.pending ?? []).filter((each) => each.checkpoint > this.#completeUpTo)
    return { kind: 'sink', committables, ...(seals?.writerState === undefined ? {} : { writerState: seals.writerState }) }
  }

  /** A manifest holds all that was sealed up to checkpoint n. */
  complete(checkpoint: number): void {
    this.#completeUpTo = Math.max(this.#completeUpTo, checkpoint)
    for (const seals of this.#bySink.values()) seals.pending = seals.pending.filter((each) => each.checkpoint > this.#completeUpTo)
  }
}
