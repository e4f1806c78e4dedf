import type { SourceContext } from '../connect/contract.ts'
import { messageOf, StreamError } from '../core/errors.ts'
import { ignore, systemCodeOf } from './durable.ts'
import type { Found, FoundFile } from './file-discovery.ts'
import { changed, START, verify, type FilePosition } from './file-position.ts'
import { isCompressed } from './open-input.ts'

/** Files that are looked at together. */
const AT_ONCE = 16
const STAY = 'It was read to its end, and has to stay as it was until the job has finished: put it back.'

/** A file of which nothing more is to be read, and where that was. */
interface Unread {
  readonly file: FoundFile
  readonly position: FilePosition
}

/**
 * Looks at the files that the checkpoint has seen to their end: nobody will open them again, and a log that was renamed and begun anew
 * would be read twice under one name and never under the other. For each it takes to open it and to read a few KiB, however large it is.
 * @throws {SOURCE_CHANGED}
 */
export async function checkEnded(context: SourceContext<FilePosition>, { base, files }: Found): Promise<void> {
  const found = new Map(files.map((file) => [file.split, file]))
  const unread = [...context.ended].map(([split, position]): Unread => {
    const file = found.get(split)
    if (file === undefined) throw changed(context, split, `it has vanished from ${base}`, STAY)
    checkSize(context, file, position)
    return { file, position }
  })
  await checkBytes(context, unread)
}

/** Followed files that are as long as what has been read: those that are not will be looked at when they are opened. @throws {SOURCE_CHANGED} */
export async function checkCaughtUp(context: SourceContext<FilePosition>, files: readonly FoundFile[]): Promise<void> {
  const unread = files.flatMap((file): Unread[] => {
    const position = context.restored.get(file.split)
    return position?.atEnd === true && position.offset === file.sizeBytes ? [{ file, position }] : []
  })
  await checkBytes(context, unread)
}

function checkSize(context: SourceContext<FilePosition>, { split, path, sizeBytes }: FoundFile, position: FilePosition): void {
  const known = lyingThere(path, position).offset
  if (sizeBytes < known) throw changed(context, split, `it has shrunk to ${sizeBytes} bytes, but ${known} have been read`, STAY)
  if (sizeBytes > known)
    throw changed(
      context,
      split,
      `it has grown to ${sizeBytes} bytes since it was read to its end, at ${known}`,
      `Cut it back to ${known} bytes, and give what came later a file of its own. Files that grow are for { follow: true }.`,
    )
}

async function checkBytes(context: SourceContext<FilePosition>, unread: readonly Unread[]): Promise<void> {
  for (let from = 0; from < unread.length; from += AT_ONCE) {
    const looks = unread.slice(from, from + AT_ONCE).map((each) => look(context, each))
    for (const result of await Promise.allSettled(looks)) if (result.status === 'rejected') throw result.reason
  }
}

async function look(context: SourceContext<FilePosition>, { file, position }: Unread): Promise<void> {
  const { split, path } = file
  try {
    const handle = await context.env.files.open(path, 'read')
    const input = {
      read: (offset: number, length: number) => handle.read(offset, length),
      sizeBytes: async () => (await handle.info()).sizeBytes,
    }
    try {
      await verify(context, split, lyingThere(path, position), input)
    } finally {
      await handle.close().catch(ignore)
    }
  } catch (cause) {
    if (StreamError.is(cause)) throw cause
    if (systemCodeOf(cause) === 'ENOENT') throw changed(context, split, 'it has vanished', STAY)
    throw new StreamError('SOURCE', `${context.source} cannot read ${path}: ${messageOf(cause)}.`, {
      cause,
      details: { file: path, system: systemCodeOf(cause) },
    })
  }
}

/** Of a compressed file it is its own bytes that are compared. */
function lyingThere(path: string, position: FilePosition): FilePosition {
  const { packed } = position
  if (!isCompressed(path) || packed === undefined) return position
  return { ...START, offset: packed.bytes, tailBytes: packed.tailBytes, tailCrc32: packed.tailCrc32 }
}
