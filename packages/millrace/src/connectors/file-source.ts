import { defineSource, type Reader, type Source, type SourceContext } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import { discoverFiles } from './file-discovery.ts'
import { FileReader } from './file-reader.ts'
import { changed, START, type FilePosition } from './file-position.ts'
import { FileSplit } from './file-split.ts'
import { fileFormatOf, type FileFormat, type Format } from './format.ts'

const NO_FILES = 'nothing to read: no file matches, so the source ends at once; with checkpoints the job then stays finished'

/**
 * Reads the records of files: of one file, of all files below a directory, or of those that match a pattern with `*`, `**`,
 * `?` and `{a,b}`. Names that begin with a dot are left out. Each file is a split, named by its path below the directory.
 *
 * Bounded: the files that are there when the job starts, each to its end; the last line needs no newline. A restart takes up new
 * files, and refuses files that have vanished, shrunk or changed before the position that has been read. Empty lines are
 * skipped. A line that does not parse is a broken record, not an error of the source.
 */
export function fileSource<T>(path: string, format: Format<T>): Source<T> {
  if (typeof path !== 'string' || path === '')
    throw new StreamError('INVALID_OPTION', 'fileSource needs the path of a file or a directory, or a pattern.')
  const definition = fileFormatOf(format) as FileFormat<T> | undefined
  if (definition === undefined) throw new StreamError('INVALID_OPTION', 'fileSource needs a format, such as jsonLines() or csv().')
  return defineSource<T, FilePosition>({
    kind: 'files',
    bounded: true,
    replayable: true,
    timestamps: false,
    open: (context) => openReader(path, definition, context),
  })
}

async function openReader<T>(path: string, format: FileFormat<T>, context: SourceContext<FilePosition>): Promise<Reader<T, FilePosition>> {
  const found = await discoverFiles(context.env.files, path, context.source)
  if (found.files.length === 0) context.env.log('warn', NO_FILES, { source: context.source, path })
  const owned = found.files.filter((file) => context.owns(file.split) && !context.ended.has(file.split))
  const sizes = new Map(owned.map((file) => [file.split, file.sizeBytes]))
  for (const [split, { offset }] of context.restored) {
    if (context.ended.has(split)) continue
    const size = sizes.get(split)
    if (size === undefined) throw changed(context, split, `it has vanished from ${found.base}`)
    if (size < offset) throw changed(context, split, `it has shrunk to ${size} bytes, but ${offset} have been read`)
  }
  const splits = owned.map(
    (file) => new FileSplit(context, file, { position: context.restored.get(file.split) ?? START, format, isFollowed: false }),
  )
  return new FileReader(context, splits)
}
