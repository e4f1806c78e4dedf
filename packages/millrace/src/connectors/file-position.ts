import type { SourceContext } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import type { InputFile, PackedEnd } from './input-file.ts'

/** Of what was read, by which a change is noticed. */
const TAIL_BYTES = 4_096

/** The last bytes of what was read before and now, however few that is now: a copy, so that nothing larger is kept by it. */
export function tailOf(before: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (bytes.length >= TAIL_BYTES) return bytes.slice(-TAIL_BYTES)
  const kept = before.subarray(Math.max(0, before.length + bytes.length - TAIL_BYTES))
  const tail = new Uint8Array(kept.length + bytes.length)
  tail.set(kept)
  tail.set(bytes, kept.length)
  return tail
}

/**
 * Where to go on in a file. STATE FORMAT. Offsets are of what is read, so of a `.gz` after it is decompressed. `line` counts from 0
 * and includes empty and broken lines; `tail…` are length and checksum of the last bytes before `offset`, by which a file that
 * was changed there is noticed, `header…` those of its first record, if its format has a header. `packed` is there at the end of a
 * compressed file: to look at what is decompressed would be to read all of it again.
 */
export type FilePosition = {
  readonly offset: number
  readonly line: number
  readonly headerBytes: number
  readonly headerCrc32: number
  readonly tailBytes: number
  readonly tailCrc32: number
  /** Nothing came after it when it was read: such a file may go, if it is followed. */
  readonly atEnd: boolean
  readonly packed?: PackedEnd
}

export const START: FilePosition = { offset: 0, line: 0, headerBytes: 0, headerCrc32: 0, tailBytes: 0, tailCrc32: 0, atEnd: false }

export function changed(
  context: SourceContext<FilePosition>,
  split: string,
  what: string,
  remedy: string = 'Input files may only grow: put it back as it was.',
): StreamError {
  return new StreamError('SOURCE_CHANGED', `${context.source} cannot go on with ${split}: ${what}. ${remedy}`, {
    details: { source: context.source, split },
  })
}

/** Gives the bytes of the header, and the last ones before the position. @throws {SOURCE_CHANGED} when what was read of the file is not what is there now */
export async function verify(
  context: SourceContext<FilePosition>,
  split: string,
  position: FilePosition,
  file: Pick<InputFile, 'read' | 'sizeBytes'>,
): Promise<{ readonly header: Uint8Array; readonly tail: Uint8Array }> {
  const { offset, headerBytes, headerCrc32, tailBytes, tailCrc32 } = position
  const { crc32 } = context.env.digest
  const header = await file.read(0, headerBytes)
  if (crc32(header) !== headerCrc32) throw changed(context, split, 'its header is not the one that was read')
  const tail = await file.read(offset - tailBytes, tailBytes)
  if (tail.length < tailBytes)
    throw changed(context, split, `it has shrunk to ${await file.sizeBytes()} bytes, but ${offset} have been read`)
  if (crc32(tail) !== tailCrc32) throw changed(context, split, `the ${tailBytes} bytes before ${offset} are not those that were read`)
  return { header, tail }
}
