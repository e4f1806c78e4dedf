import type { FileInfo, Files } from '../core/env.ts'
import { messageOf, StreamError } from '../core/errors.ts'
import { isGlob, parseGlob, type Glob } from './glob.ts'
import { joinPath, nameOf, normalPath, parentOf, pathBelow } from './path.ts'

/** Deeper than any tree of input files. */
const MAX_DEPTH = 32

export interface FoundFile {
  /** The split's name: the path below the base, with `/`. It stays when all files move together to another folder. */
  readonly split: string
  readonly path: string
  readonly sizeBytes: number
}

export interface Found {
  readonly base: string
  /** In the order of their names. */
  readonly files: readonly FoundFile[]
}

/**
 * The files that a path means: itself, all below a directory, or those that match a pattern. Names that begin with a dot are
 * left out, except in a path that has no wildcard. A file whose real name has wildcards in it is that file. Links are followed, but
 * not back into a folder that the path has come through: its files would be there again and again.
 * @throws {SOURCE} when there is nothing of that name, or it may not be read
 */
export async function discoverFiles(files: Files, path: string, source: string): Promise<Found> {
  try {
    return await discover(files, path, source)
  } catch (cause) {
    if (StreamError.is(cause)) throw cause
    throw new StreamError('SOURCE', `${source} cannot read ${path}: ${messageOf(cause)}.`, { cause, details: { file: path } })
  }
}

async function discover(files: Files, path: string, source: string): Promise<Found> {
  const info = await files.info(path)
  if (info?.kind === 'file') {
    return { base: parentOf(path), files: [{ split: nameOf(path), path, sizeBytes: info.sizeBytes }] }
  }
  if (info?.kind === 'directory') return walk(files, path, everything)
  if (info !== undefined)
    throw new StreamError('SOURCE', `${source} cannot read ${path}: it is neither a file nor a directory.`, {
      details: { file: path },
      retry: 'never',
    })
  const glob = isGlob(path) ? parseGlob(path) : undefined
  if (glob !== undefined && (await files.info(glob.base))?.kind === 'directory') return walk(files, glob.base, glob)
  const missing = glob === undefined ? path : glob.base
  throw new StreamError(
    'SOURCE',
    `${source} cannot read ${path}: there is no ${glob === undefined ? 'file or folder' : 'folder'} ${missing}. Relative paths begin where the process was started.`,
    { details: { file: missing }, retry: 'never' },
  )
}

/** Whether a file of this path would be among those that `path` means, as far as the texts tell. */
export function isMeant(path: string, file: string): boolean {
  const below = pathBelow(normalPath(path), normalPath(file))
  if (below !== undefined && (below === '' || !below.split('/').some((name) => name.startsWith('.')))) return true
  const glob = isGlob(path) ? globOf(path) : undefined
  if (glob === undefined) return false
  const matched = pathBelow(normalPath(glob.base), normalPath(file))
  return matched !== undefined && glob.matches(matched)
}

/** What is no pattern may be the name of a file; if it is not, that is told when the source opens. */
function globOf(path: string): Glob | undefined {
  try {
    return parseGlob(path)
  } catch {
    return undefined
  }
}

const everything: Pick<Glob, 'matches' | 'mayContain'> = { matches: () => true, mayContain: () => true }

async function walk(files: Files, base: string, wanted: Pick<Glob, 'matches' | 'mayContain'>): Promise<Found> {
  const found: FoundFile[] = []
  // `through`: identities of the folders from the base to here.
  const visit = async (folder: string, below: string, through: readonly string[]): Promise<void> => {
    for (const entry of await files.list(folder)) {
      const path = joinPath(folder, entry.name)
      const split = joinPath(below, entry.name)
      if (entry.name.startsWith('.') && (wanted === everything || !(wanted.matches(split) || wanted.mayContain(split)))) continue
      const info = await resolve(files, path, entry.kind, () => wanted.matches(split))
      if (info === undefined) continue
      const isEntered = info.kind === 'directory' && through.length <= MAX_DEPTH && wanted.mayContain(split)
      if (isEntered && !through.includes(info.identity)) await visit(path, split, [...through, info.identity])
      if (info.kind === 'file' && wanted.matches(split)) found.push({ split, path, sizeBytes: info.sizeBytes })
    }
  }
  const start = await files.info(base)
  if (start !== undefined) await visit(base, '', [start.identity])
  found.sort((a, b) => (a.split < b.split ? -1 : 1))
  return { base, files: found }
}

/** Follows links. Undefined for a file that is not wanted, and for what has gone meanwhile. */
async function resolve(files: Files, path: string, kind: FileInfo['kind'], isWanted: () => boolean): Promise<FileInfo | undefined> {
  if (kind === 'file' && !isWanted()) return undefined
  return files.info(path)
}
