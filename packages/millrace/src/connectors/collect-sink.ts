import { defineSink, type Sink } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import { HandedOver, RowsCommitter, RowsWriter, type CommittedRows } from './committed-rows.ts'

/**
 * Puts a copy of each record, as it was when it was emitted, into an array once the checkpoint that holds it is complete; without
 * checkpoints at the end of the job, or when some thousands wait. Exactly once as long as the process lives, also over restarts of
 * the job inside it: what an array has been given is remembered with the array. A Buffer comes as a Uint8Array.
 */
export function collectSink<T>(into: T[]): Sink<T> {
  if (!Array.isArray(into)) throw new StreamError('INVALID_OPTION', 'collectSink needs the array to collect into.')
  const done = handedOverTo.get(into) ?? new HandedOver()
  handedOverTo.set(into, done)
  return defineSink<T, CommittedRows>({
    kind: 'collect',
    delivery: 'exactly-once',
    because: 'into the memory of this process, for as long as it lives',
    open: (context) => Promise.resolve(new RowsWriter<T>(context, done)),
    committer: (context) => Promise.resolve(new RowsCommitter(context, done, (row) => void into.push(row as T))),
  })
}

const handedOverTo = new WeakMap<object, HandedOver>()
