import type { Committable, CommitOutcome, Committer, Plain, Sealed, SinkContext, Writer } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import { Backlog } from './backlog.ts'

/** The rows of one checkpoint of one writer, which no other writer of any attempt ever names the same. */
export type CommittedRows = { readonly writer: string; readonly count: number; readonly rows: readonly Plain[] }

/**
 * Keeps rows until their checkpoint is complete: the committable is the rows themselves, stored in the checkpoint. Rows that
 * are not handed over are in memory and in every manifest, so the writer is full when they are many.
 */
export class RowsWriter<T> implements Writer<T, CommittedRows> {
  readonly #writer: string
  readonly #done: HandedOver
  readonly #backlog = new Backlog()
  #count = 0
  #rows: T[] = []

  constructor(context: SinkContext, done: HandedOver) {
    this.#writer = context.env.random.id()
    this.#done = done
    done.watch(this.#writer, this.#backlog)
  }

  get awaitsCommit(): boolean {
    return this.#backlog.awaitsSeal
  }

  write(value: T): boolean {
    this.#rows.push(value)
    return this.#backlog.add(value)
  }

  ready(): Promise<void> {
    return this.#backlog.room()
  }

  seal(): { readonly durable: Promise<Sealed<CommittedRows, null>> } {
    const rows = this.#rows
    this.#rows = []
    if (rows.length === 0) return { durable: Promise.resolve({ committables: [] }) }
    this.#backlog.seal(this.#count)
    const committable = { writer: this.#writer, count: this.#count++, rows: rows as unknown as readonly Plain[] }
    return { durable: Promise.resolve({ committables: [committable] }) }
  }

  close(): Promise<void> {
    this.#done.unwatch(this.#writer)
    return Promise.resolve()
  }
}

/** What has been handed over, as far as this process lives: writer → rows of it, by count. */
export class HandedOver {
  readonly #progress = new Map<string, { count: number; rows: number }>()
  readonly #backlogs = new Map<string, Backlog>()
  /** A call that has not ended; it may be one of an attempt that was given up. Never rejects. */
  underway: Promise<void> | undefined

  watch(writer: string, backlog: Backlog): void {
    this.#backlogs.set(writer, backlog)
  }

  unwatch(writer: string): void {
    this.#backlogs.delete(writer)
  }

  /** Rows of this committable that have been handed over; Infinity when all have. */
  rowsOf(committed: CommittedRows): number {
    const progress = this.#progress.get(committed.writer)
    if (progress === undefined || progress.count < committed.count) return 0
    return progress.count > committed.count || progress.rows >= committed.rows.length ? Infinity : progress.rows
  }

  /** ORDER: committables of one writer come in the order of their count, so the last one says all. */
  note({ writer, count }: CommittedRows, rows: number): void {
    const progress = this.#progress.get(writer)
    if (progress === undefined) this.#progress.set(writer, { count, rows })
    else {
      progress.count = count
      progress.rows = rows
    }
    this.#backlogs.get(writer)?.handedOver(count, rows)
  }
}

/** Hands committed rows over one by one, in order; after an error or a stop the next one goes on with the row that is due. */
export class RowsCommitter implements Committer<CommittedRows> {
  readonly #done: HandedOver
  readonly #signal: AbortSignal
  readonly #handOver: (row: unknown) => void | Promise<void>

  constructor(context: SinkContext, done: HandedOver, handOver: (row: unknown) => void | Promise<void>) {
    this.#done = done
    this.#signal = context.signal
    this.#handOver = handOver
  }

  async commit(committables: readonly Committable<CommittedRows>[]): Promise<readonly CommitOutcome[]> {
    const outcomes: CommitOutcome[] = []
    let last: CommitOutcome | undefined
    for (const { data } of committables) {
      // One that was not handed over to its end is followed by nothing.
      if (last?.kind !== 'failed' && last?.kind !== 'retry') last = await this.#commitOne(data)
      outcomes.push(last)
    }
    return outcomes
  }

  async #commitOne(data: CommittedRows): Promise<CommitOutcome> {
    try {
      // Until the call of an attempt that was given up has ended, nobody knows whether it has to be made again.
      while (this.#done.underway !== undefined) await this.#done.underway
      let handed = this.#done.rowsOf(data)
      if (handed === Infinity) return { kind: 'already-committed' }
      while (handed < data.rows.length) {
        if (this.#signal.aborted) return { kind: 'retry', cause: new StreamError('STOPPED', 'The job was stopped between two rows.') }
        const result = this.#handOver(data.rows[handed++])
        if (result === undefined) this.#done.note(data, handed)
        else await this.#ended(result, data, handed)
      }
      return { kind: 'committed' }
    } catch (cause) {
      return { kind: 'failed', cause }
    }
  }

  #ended(result: Promise<void>, data: CommittedRows, handed: number): Promise<void> {
    const done = this.#done
    const ended = result.then(() => done.note(data, handed))
    const forget = (): void => void (done.underway = undefined)
    done.underway = ended.then(forget, forget)
    return ended
  }

  withdraw(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
