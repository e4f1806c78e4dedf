import { defineStorage, type CheckpointStorage, type OpenStorage } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import { StreamError } from '../core/errors.ts'
import { OpenDirectory } from './directory-storage-open.ts'
import { checkLocalPath } from './path.ts'

/**
 * Checkpoints in a directory of a file system that can link and fsync.
 *
 * ```
 * DIR/log/000000000007.entry   entry 7 of the log: written under another name, then linked
 * DIR/chunks/<name>            as the engine names it
 * DIR/beat                     the owner's heartbeat, replaced as a whole
 * DIR/millrace.json            the mark that there has been an entry: its absence with an empty log means a new directory
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
    open: (env: Env): Promise<OpenStorage> => Promise.resolve(new OpenDirectory(env, path)),
  })
}
