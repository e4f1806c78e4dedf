import { defineSink, type Sink } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import { PartCommitter } from './file-sink-committer.ts'
import { finalName, type OpenPart, type Part } from './file-sink-names.ts'
import { rollingOf, rollingText, type RollAfter } from './file-sink-rolling.ts'
import { PartWriter } from './file-sink-writer.ts'
import { fileFormatOf, type Format } from './format.ts'
import { checkLocalPath, joinPath, normalPath } from './path.ts'

/**
 * Writes records to files of a directory, exactly once.
 *
 * A part ends with each checkpoint, so each one of each subtask that has records makes a file `part-<checkpoint>-<subtask>-<n>`;
 * sorted by name they are in the order of their checkpoints. `rollAfter` says otherwise: with `checkpoint: false` a part stays open
 * over several checkpoints, until it has so many `bytes` or, when a checkpoint is taken, such an `age`; a restart ends it too.
 *
 * A file appears under that name when its checkpoint is complete, with all its records, and never changes again. Until then it
 * lies in a folder whose name begins with a dot, one for each job and sink; readers leave out such names. Each sink needs a
 * directory of its own: the parts of two would have the same names.
 */
export function fileSink<T>(directory: string, format: Format<unknown, T>, options: { readonly rollAfter?: RollAfter } = {}): Sink<T> {
  if (typeof directory !== 'string' || directory === '') throw new StreamError('INVALID_OPTION', 'fileSink needs the path of a directory.')
  checkLocalPath('The directory of fileSink', directory)
  const definition = fileFormatOf(format)
  if (definition === undefined) throw new StreamError('INVALID_OPTION', 'fileSink needs a format, such as jsonLines() or csv().')
  if (typeof options !== 'object' || options === null) throw new StreamError('INVALID_OPTION', 'fileSink takes an object of options.')
  for (const name of Object.keys(options))
    if (name !== 'rollAfter') throw new StreamError('INVALID_OPTION', `fileSink has no option ${name}; there is rollAfter.`)
  const rolling = rollingOf(options.rollAfter)
  const shows = rollingText(rolling)
  const layout = { directory, format: definition, rolling }
  return defineSink<T, Part, OpenPart>({
    kind: 'files',
    delivery: 'exactly-once',
    ...(shows === undefined ? {} : { shows }),
    because: 'a part gets its name when its checkpoint is complete, and never changes again',
    place: normalPath(directory),
    writes: joinPath(normalPath(directory), finalName({ checkpoint: 1, subtask: 0, index: 0, digits: 1, extension: definition.extension })),
    open: (context, restored) => PartWriter.open(context, layout, restored),
    committer: (context) => PartCommitter.open(context, directory),
  })
}
