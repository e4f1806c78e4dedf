import type { SourceContext } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'

/**
 * Where to go on in a file. STATE FORMAT. Offsets are of what is read, so of a `.gz` after it is decompressed. `line` counts from 0
 * and includes empty and broken lines; `tail…` are length and checksum of the last bytes before `offset`, by which a file that
 * was changed there is noticed, `header…` those of its first record, if its format has a header.
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
