/**
 * What sources and sinks give to be stored is looked at before an entry is written (rule E4): the codec takes more than the
 * reading side accepts as theirs, and a checkpoint that only the process can read that wrote it is none.
 */
import { StreamError } from '../core/errors.ts'
import { checkValue } from '../serde/check.ts'
import { plain, ShapeError } from './check.ts'
import type { Manifest, OperatorPart } from './manifest.ts'

/** @throws {UNSUPPORTED_VALUE} with the step and the path of the first position, committable or writer state that is no plain data */
export function checkStorable({ operators }: Manifest): void {
  for (const [address, part] of Object.entries(operators)) for (const [path, data] of dataOf(part)) checkOne(address, path, data)
}

function* dataOf(part: OperatorPart): Generator<readonly [path: string, data: unknown]> {
  if (part.kind === 'source')
    for (const [split, { position }] of Object.entries(part.splits)) yield [`the position of ${JSON.stringify(split)}`, position]
  if (part.kind !== 'sink') return
  for (const { data } of part.committables) yield ['committable', data]
  for (const state of part.writerStates) yield ['state', state]
}

function checkOne(address: string, path: string, data: unknown): void {
  try {
    // Also what the codec would leave out without a word, such as further properties of an array.
    checkValue(data, path)
    plain(data, path)
  } catch (error) {
    if (!(error instanceof ShapeError) && !StreamError.is(error)) throw error
    throw new StreamError(
      'UNSUPPORTED_VALUE',
      `${address} gave something that no checkpoint can hold: ${error.message.replace(/, which cannot .*$/, '')}. What sources and sinks store is made of text, numbers, bigint, booleans, null, Uint8Array, arrays and plain objects.`,
      { cause: error, details: { step: address, path } },
    )
  }
}
