import { defineSink, type Sink } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import { PartCommitter } from './file-sink-committer.ts'
import type { Part } from './file-sink-names.ts'
import { PartWriter } from './file-sink-writer.ts'
import { lineFormatOf, type Format } from './format.ts'
import { normalPath } from './path.ts'

/**
 * Writes records to files of a directory, exactly once.
 *
 * Each checkpoint of each subtask that has records makes one file `part-<checkpoint>-<subtask>-<n>`; sorted by name they are in
 * the order of their checkpoints. A file appears under that name when its checkpoint is complete, with all its records, and
 * never changes again. Until then it lies in a folder whose name begins with a dot, one for each job and sink; readers leave
 * out such names. Each sink needs a directory of its own: the parts of two would have the same names.
 */
export function fileSink<T>(directory: string, format: Format<T>): Sink<T> {
  if (typeof directory !== 'string' || directory === '') throw new StreamError('INVALID_OPTION', 'fileSink needs the path of a directory.')
  const lines = lineFormatOf(format)
  if (lines === undefined) throw new StreamError('INVALID_OPTION', 'fileSink needs a format, such as jsonLines().')
  return defineSink<T, Part>({
    kind: 'files',
    delivery: 'exactly-once',
    because: 'a part gets its name when its checkpoint is complete, and never changes again',
    place: normalPath(directory),
    open: (context) => PartWriter.open(context, directory, lines),
    committer: (context) => PartCommitter.open(context, directory),
  })
}
