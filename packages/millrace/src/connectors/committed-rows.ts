import type { Committable, CommitOutcome, Committer, Plain, Sealed, SinkContext, Writer } from '../connect/contract.ts'

/** The rows of one checkpoint of one writer, which no other writer of any attempt ever names the same. */
export type CommittedRows = { readonly writer: string; readonly count: number; readonly rows: readonly Plain[] }

/**
 * Keeps rows until their checkpoint is complete: the committable is the rows themselves, stored in the checkpoint.
 * The rows between two checkpoints are held in memory; nothing else could take them before.
 */
export class RowsWriter<T> implements Writer<T, CommittedRows> {
  readonly #writer: string
  #count = 0
  #rows: T[] = []

  constructor(context: SinkContext) {
    this.#writer = context.env.random.id()
  }

  write(value: T): boolean {
    this.#rows.push(value)
    return true
  }

  ready(): Promise<void> {
    return Promise.resolve()
  }

  seal(): { readonly durable: Promise<Sealed<CommittedRows, null>> } {
    const rows = this.#rows
    this.#rows = []
    if (rows.length === 0) return { durable: Promise.resolve({ committables: [] }) }
    const committable = { writer: this.#writer, count: this.#count++, rows: rows as unknown as readonly Plain[] }
    return { durable: Promise.resolve({ committables: [committable] }) }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** What has been handed over, as far as this process lives: writer → rows of it, by count. */
export class HandedOver {
  readonly #progress = new Map<string, { count: number; rows: number }>()

  /** Rows of this committable that have been handed over; Infinity when all have. */
  rowsOf(committed: CommittedRows): number {
    const progress = this.#progress.get(committed.writer)
    if (progress === undefined || progress.count < committed.count) return 0
    return progress.count > committed.count ? Infinity : progress.rows
  }

  /** ORDER: committables of one writer come in the order of their count, so the last one says all. */
  note(committed: CommittedRows, rows: number): void {
    this.#progress.set(committed.writer, { count: committed.count, rows: rows >= committed.rows.length ? Infinity : rows })
  }
}

/** Hands committed rows over one by one, in order; after an error it goes on with the row that failed. */
export class RowsCommitter implements Committer<CommittedRows> {
  readonly #done: HandedOver
  readonly #handOver: (row: unknown) => void | Promise<void>

  constructor(done: HandedOver, handOver: (row: unknown) => void | Promise<void>) {
    this.#done = done
    this.#handOver = handOver
  }

  async commit(committables: readonly Committable<CommittedRows>[]): Promise<readonly CommitOutcome[]> {
    const outcomes: CommitOutcome[] = []
    for (const { data } of committables) {
      const failed = outcomes.find((outcome) => outcome.kind === 'failed')
      outcomes.push(failed ?? (await this.#commitOne(data)))
    }
    return outcomes
  }

  async #commitOne(data: CommittedRows): Promise<CommitOutcome> {
    let handed = this.#done.rowsOf(data)
    if (handed === Infinity) return { kind: 'already-committed' }
    try {
      for (; handed < data.rows.length; handed++) {
        const result = this.#handOver(data.rows[handed])
        if (result !== undefined) await result
      }
      return { kind: 'committed' }
    } catch (cause) {
      return { kind: 'failed', cause }
    } finally {
      this.#done.note(data, handed)
    }
  }

  withdraw(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
