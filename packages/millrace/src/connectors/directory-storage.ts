import { defineStorage, type CheckpointStorage, type OpenStorage } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import { StreamError } from '../core/errors.ts'
import { OpenDirectory } from './directory-storage-open.ts'
import { MARK_NAME } from './mark-file.ts'
import { checkLocalPath, joinPath, nameOf, normalPath, parentOf } from './path.ts'

/**
 * Checkpoints in a directory of a file system that can link and fsync.
 *
 * ```
 * DIR/log/000000000007.entry   entry 7 of the log: written under another name, then linked
 * DIR/chunks/<name>            as the engine names it
 * DIR/beat                     the owner's heartbeat, replaced as a whole
 * DIR/millrace.json            the mark that there has been an entry, and in which format: its absence with an empty log means a new directory
 * .<what>.<owner>.tmp          in any of them what is being written; ignored, and removed by the next owner
 * ```
 *
 * Nothing is made before the first write: looking at a directory leaves it as it is.
 */
export function directoryStorage(path: string): CheckpointStorage {
  if (typeof path !== 'string' || path === '') throw new StreamError('INVALID_OPTION', 'directoryStorage needs the path of a directory.')
  checkLocalPath('The path of directoryStorage', path)
  return defineStorage({
    kind: 'directory',
    writes: {
      kind: 'files',
      place: normalPath(path),
      examples: ['log/000000000001.entry', 'chunks/a', 'beat', MARK_NAME].map((name) => joinPath(normalPath(path), name)),
    },
    open: async (env: Env): Promise<OpenStorage> => {
      await refuseNested(env, path)
      return new OpenDirectory(env, path)
    },
  })
}

/** `DIR/12` is how checkpoint 12 of DIR is named: whoever writes it here means something else than a new log inside of another one. */
async function refuseNested(env: Env, path: string): Promise<void> {
  const normal = normalPath(path)
  const name = nameOf(normal)
  // Only names that mean something there: others cost no look.
  if (!/^(\d+|log|chunks)$/.test(name)) return
  const parent = parentOf(normal)
  // A parent that may not be looked at is no obstacle.
  if ((await env.files.info(joinPath(parent, MARK_NAME)).catch(() => undefined)) === undefined) return
  const id = /^\d/.test(name) ? name : 'N'
  throw new StreamError(
    'INVALID_OPTION',
    `Checkpoints cannot be kept in ${path}: ${parent} holds those of a job. To go on from checkpoint ${id} of it, keep ${parent} and restore ${parent}/${id}: --checkpoints ${parent} --restore ${parent}/${id} on the command line. For another job name a directory elsewhere.`,
    { details: { directory: path, parent } },
  )
}
