import { invariant, StreamError } from '../core/errors.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { checkValue } from './check.ts'
import { readColumn } from './column-read.ts'
import { MAX_BATCH_RECORDS } from './column-types.ts'
import { writeColumn } from './column-write.ts'
import { refused } from './value.ts'

/** Records with their timestamps, NaN for those that have none. Both have the same length. */
export interface ValueBatch {
  readonly values: unknown[]
  readonly timestamps: Float64Array
}

const NO_TIMESTAMPS = 0
const TIMESTAMPS = 1

/**
 * Appends a batch as columns; the layout is in column-types.ts. All or nothing: after an error the writer is as it was.
 * Values come back as from `encodeValue`. Of `timestamps` the first `values.length` are taken.
 *
 * @throws {UNSUPPORTED_VALUE} with the path of the field
 */
export function encodeBatch(writer: ByteWriter, values: readonly unknown[], timestamps: Float64Array): void {
  invariant(
    timestamps.length >= values.length && values.length <= MAX_BATCH_RECORDS,
    'a batch has a timestamp for each record and a bounded size',
  )
  const start = writer.position
  const shapeCount = writer.shapes.count
  try {
    writer.varint(values.length)
    writeTimestamps(writer, timestamps, values.length)
    writeColumn(writer, values, 0)
  } catch (error) {
    writer.rollback(start, shapeCount)
    if (error !== refused) throw error
    for (const value of values) checkValue(value)
    throw new StreamError('UNSUPPORTED_VALUE', 'A record changes while it is read (a getter or a proxy), so it cannot be sent.')
  }
}

/**
 * Reads what {@link encodeBatch} wrote. Texts of 13 characters or more may share the memory of their batch: whoever keeps them
 * for long takes `copyString` of them.
 *
 * @throws {CHECKPOINT_CORRUPT} for whatever is no batch
 */
export function decodeBatch(reader: ByteReader): ValueBatch {
  const count = reader.varint()
  if (count > MAX_BATCH_RECORDS) reader.corrupt(`a batch has ${count} records`)
  const timestamps = readTimestamps(reader, count)
  return { values: readColumn(reader, count, 0), timestamps }
}

function writeTimestamps(writer: ByteWriter, timestamps: Float64Array, count: number): void {
  let some = false
  for (let i = 0; i < count && !some; i++) some = timestamps[i] === timestamps[i]
  writer.u8(some ? TIMESTAMPS : NO_TIMESTAMPS)
  if (some) for (let i = 0; i < count; i++) writer.f64(timestamps[i] as number)
}

function readTimestamps(reader: ByteReader, count: number): Float64Array {
  const kind = reader.u8()
  if (kind > TIMESTAMPS) reader.corrupt('a batch has timestamps of no known kind')
  if (count > reader.remaining * (kind === TIMESTAMPS ? 0.125 : 4)) reader.corrupt(`${count} records cannot be in the bytes that are left`)
  const timestamps = new Float64Array(count)
  if (kind === NO_TIMESTAMPS) return timestamps.fill(Number.NaN)
  for (let i = 0; i < count; i++) timestamps[i] = reader.f64()
  return timestamps
}
