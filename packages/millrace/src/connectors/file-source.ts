import { defineSource, type Reader, type Source, type SourceContext } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import { discoverFiles, isMeant, type FoundFile } from './file-discovery.ts'
import { FileLook } from './file-look.ts'
import { FileReader, MAX_OPEN_FILES } from './file-reader.ts'
import { changed, START, type FilePosition } from './file-position.ts'
import { FileSplit } from './file-split.ts'
import { checkCaughtUp, checkEnded } from './file-unread.ts'
import { fileFormatOf, type FileFormat, type Format } from './format.ts'
import { isCompressed } from './open-input.ts'
import { checkLocalPath, joinPath } from './path.ts'

const NO_FOLLOW = 'a compressed file is read from its start to its end. Leave .gz files out by a pattern, or read them without follow'
const MANY_COMPRESSED = `more than ${MAX_OPEN_FILES} compressed files: each stays open from its first record to its last`
const NO_FILES = 'nothing to read: no file matches, so the source ends at once; with checkpoints the job then stays finished'

/**
 * Reads the records of files: of one file, of all files below a directory, or of those that match a pattern with `*`, `**`,
 * `?` and `{a,b}`. Names that begin with a dot are left out. Each file is a split, named by its path below the directory.
 *
 * Bounded: the files that are there when the job starts, each to its end; the last line needs no newline. A restart takes up new
 * files, and refuses files that have vanished, shrunk or changed before the position that has been read, also those that have been read
 * whole: these may not grow either. A record that does not parse is a broken record, not an error of the source.
 *
 * A file whose name ends with `.gz` is decompressed as it is read. It stays open until its end, and after a restart everything before
 * its position is decompressed again.
 *
 * With `follow` it never ends: what is appended is read, and files that come are taken up. A last line waits for its newline. A file
 * that has been read whole may be removed, and its name not be used again. As long as it is there it may grow, and so holds
 * event time back: with more than one file give `from` an `idleness`.
 */
export function fileSource<T>(path: string, format: Format<T, never>, options: { readonly follow?: boolean } = {}): Source<T> {
  if (typeof path !== 'string' || path === '') throw invalid('needs the path of a file or a directory, or a pattern')
  checkLocalPath('The path of fileSource', path)
  const definition = fileFormatOf(format) as FileFormat<T> | undefined
  if (definition === undefined) throw invalid('needs a format, such as jsonLines() or csv()')
  if (typeof options !== 'object' || options === null) throw invalid('takes an object of options')
  for (const name of Object.keys(options)) if (name !== 'follow') throw invalid(`has no option ${name}; there is follow`)
  const { follow = false } = options
  if (typeof follow !== 'boolean') throw invalid('needs follow to be true or false')
  if (follow && isCompressed(path)) throw invalid(`cannot follow ${path}: ${NO_FOLLOW}`)
  return defineSource<T, FilePosition>({
    kind: 'files',
    bounded: !follow,
    replayable: true,
    timestamps: false,
    reads: (output) => isMeant(path, output),
    open: (context) => openReader({ path, format: definition, isFollowed: follow }, context),
  })
}

interface Reading<T> {
  readonly path: string
  readonly format: FileFormat<T>
  readonly isFollowed: boolean
}

async function openReader<T>(reading: Reading<T>, context: SourceContext<FilePosition>): Promise<Reader<T, FilePosition>> {
  const { path, isFollowed } = reading
  const found = await discoverFiles(context.env.files, path, context.source)
  if (found.files.length === 0 && !isFollowed) context.env.log('warn', NO_FILES, { source: context.source, path })
  const owned = found.files.filter((file) => context.owns(file.split) && (isFollowed || !context.ended.has(file.split)))
  const compressed = owned.filter(({ split }) => isCompressed(split)).length
  if (compressed > MAX_OPEN_FILES) context.env.log('warn', MANY_COMPRESSED, { source: context.source, path, files: compressed })
  if (isFollowed) checkFollowed(owned, context)
  const gone = checkRestored(found.base, owned, isFollowed, context)
  if (isFollowed) await checkCaughtUp(context, owned)
  else await checkEnded(context, found)
  const splitOf = (file: FoundFile): FileSplit<T> =>
    new FileSplit(context, file, { ...reading, position: context.restored.get(file.split) ?? START })
  // What is compressed, or still grows, has no known length.
  const isKnown = !isFollowed && compressed === 0
  const mine = found.files.filter((file) => context.owns(file.split))
  const reader = new FileReader(context, [...owned.filter(({ split }) => !context.ended.has(split)), ...gone].map(splitOf), {
    isFollowing: isFollowed,
    totalBytes: isKnown ? mine.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) : undefined,
  })
  if (!isFollowed) return reader
  const look = async (): Promise<void> => {
    const { files } = await discoverFiles(context.env.files, path, context.source)
    const own = files.filter(({ split }) => context.owns(split))
    checkFollowed(own, context)
    reader.update(own, splitOf)
  }
  reader.update(owned, splitOf)
  reader.lookWith(new FileLook(context.env, look, (error) => reader.fail(error)))
  return reader
}

/** Gives the files that have gone after they had been read whole. @throws {SOURCE_CHANGED} */
function checkRestored(
  base: string,
  files: readonly FoundFile[],
  isFollowed: boolean,
  context: SourceContext<FilePosition>,
): readonly FoundFile[] {
  const sizes = new Map(files.map((file) => [file.split, file.sizeBytes]))
  const gone: FoundFile[] = []
  for (const [split, { offset, atEnd }] of context.restored) {
    if (context.ended.has(split)) continue
    const size = sizes.get(split)
    if (size === undefined && !(isFollowed && atEnd)) throw changed(context, split, `it has vanished from ${base}`)
    if (size === undefined) gone.push({ split, path: joinPath(base, split), sizeBytes: offset })
    else if (!isCompressed(split) && size < offset)
      throw changed(context, split, `it has shrunk to ${size} bytes, but ${offset} have been read`)
  }
  return gone
}

/** @throws {INVALID_OPTION} */
function checkFollowed(files: readonly FoundFile[], { source }: SourceContext<FilePosition>): void {
  const file = files.find(({ path }) => isCompressed(path))
  if (file !== undefined)
    throw new StreamError('INVALID_OPTION', `${source} cannot follow ${file.path}: ${NO_FOLLOW}.`, { details: { file: file.path } })
}

function invalid(what: string): StreamError {
  return new StreamError('INVALID_OPTION', `fileSource ${what}.`)
}
