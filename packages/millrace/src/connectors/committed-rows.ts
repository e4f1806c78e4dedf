import type { Committable, CommitOutcome, Committer, Sealed, SinkContext, Writer } from '../connect/contract.ts'
import { PackedValues, unpackValues } from '../connect/packed-values.ts'
import { StreamError } from '../core/errors.ts'
import { Backlog } from './backlog.ts'

/** The rows of one checkpoint of one writer, which no other writer of any attempt ever names the same. */
export type CommittedRows = {
  readonly writer: string
  /** Which of the writer's, from 0. */
  readonly count: number
  readonly rows: number
  readonly blocks: readonly Uint8Array[]
}

/** What one subtask may stage for one checkpoint that is stored: entries of the log are in memory as a whole, and written as one. */
export const MAX_STAGED_BYTES = 67_108_864

/**
 * Keeps rows until their checkpoint is complete: the committable is the rows themselves, stored in the checkpoint. Rows that
 * are not handed over are in memory and in every manifest, so the writer is full when they are many. They are encoded at once: no
 * row shows what becomes of its object later (rules 1.7 h), with checkpoints or without.
 */
export class RowsWriter<T> implements Writer<T, CommittedRows> {
  readonly #writer: string
  readonly #context: SinkContext
  readonly #done: HandedOver
  readonly #backlog = new Backlog()
  readonly #what: string
  #count = 0
  #rows = new PackedValues()

  constructor(context: SinkContext, done: HandedOver) {
    this.#context = context
    this.#writer = context.env.random.id()
    this.#what = `a record for ${context.sink}`
    this.#done = done
    done.watch(this.#writer, this.#backlog)
  }

  get awaitsCommit(): boolean {
    return this.#backlog.awaitsSeal
  }

  write(value: T): boolean {
    const hasRoom = this.#backlog.add(this.#rows.add(value, this.#what))
    if (!hasRoom && this.#context.keepsCheckpoints && this.#rows.sizeBytes > MAX_STAGED_BYTES) throw tooMuch(this.#context.sink)
    return hasRoom
  }

  ready(): Promise<void> {
    return this.#backlog.room()
  }

  seal(): { readonly durable: Promise<Sealed<CommittedRows, null>> } {
    const rows = this.#rows.count
    if (rows === 0) return { durable: Promise.resolve({ committables: [] }) }
    this.#backlog.seal(this.#count)
    const committable = { writer: this.#writer, count: this.#count++, rows, blocks: this.#rows.take() }
    return { durable: Promise.resolve({ committables: [committable] }) }
  }

  close(): Promise<void> {
    this.#done.unwatch(this.#writer)
    return Promise.resolve()
  }
}

/** A barrier waits for what has begun, such as the rows of a window that ends: until then nothing can be taken from the writer. */
function tooMuch(sink: string): StreamError {
  return new StreamError(
    'STAGED_LIMIT',
    `${sink} would have to keep more than ${MAX_STAGED_BYTES} bytes of records in one checkpoint: so much came at once, from windows that end together or from one call, and such a sink stores the records themselves until they are handed over. Write them with fileSink, give the step before more subtasks, or let less end at a time.`,
    { details: { sink, maxBytes: MAX_STAGED_BYTES } },
  )
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
    return progress.count > committed.count || progress.rows >= committed.rows ? Infinity : progress.rows
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
      const before = this.#done.rowsOf(data)
      if (before === Infinity) return { kind: 'already-committed' }
      let handed = 0
      for (const row of unpackValues(data.blocks)) {
        if (handed++ < before) continue
        if (this.#signal.aborted) return { kind: 'retry', cause: new StreamError('STOPPED', 'The job was stopped between two rows.') }
        const result = this.#handOver(row)
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
