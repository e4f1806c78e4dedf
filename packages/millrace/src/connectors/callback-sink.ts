import { defineSink, type Sink } from '../connect/contract.ts'
import { messageOf, StreamError } from '../core/errors.ts'
import { HandedOver, RowsCommitter, RowsWriter, type CommittedRows } from './committed-rows.ts'

type Nothing = void | undefined | null

/**
 * Hands each record to `onValue` once it is committed, one after the other, awaiting each.
 *
 * At least once: a process that dies before a checkpoint has noted which calls are done makes them again. While the process
 * and this sink live, a record whose call succeeded is not handed over again. An error of `onValue` stops the job; after the
 * restart it goes on with the record that failed. When calls are slower than the job, the job waits for them.
 *
 * `onValue` gets a copy of its own of the record as it was when it was emitted, with checkpoints and without: what it may do with it
 * is its matter. A Buffer comes as a Uint8Array.
 */
export function callbackSink<T>(onValue: (value: T) => Nothing | Promise<void>): Sink<T> {
  if (typeof onValue !== 'function') throw new StreamError('INVALID_OPTION', 'callbackSink needs a function.')
  const done = new HandedOver()
  const handOver = async (row: unknown): Promise<void> => {
    try {
      await onValue(row as T)
    } catch (cause) {
      throw new StreamError('USER_CODE', `The function of a callbackSink threw: ${messageOf(cause)}`, { cause })
    }
  }
  return defineSink<T, CommittedRows>({
    kind: 'callback',
    delivery: 'at-least-once',
    because: 'a crash after a call and before the next checkpoint makes the call again',
    open: (context) => Promise.resolve(new RowsWriter<T>(context, done)),
    committer: (context) => Promise.resolve(new RowsCommitter(context, done, handOver)),
  })
}
