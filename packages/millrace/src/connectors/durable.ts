import type { Env, FileHandle, Files } from '../core/env.ts'
import { parentOf } from './path.ts'

/** Of a folder that is made, for output or for checkpoints. */
export const DIRECTORY_CRASH_POINTS: readonly string[] = ['directory.beforeMake', 'directory.afterMake', 'directory.afterSync']

/** The `code` of a system error (ENOENT, EEXIST, …); undefined for anything else. */
export function systemCodeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

/**
 * Makes a directory with its parents, so that the names of all of them survive a loss of power.
 *
 * One level after the other, each name synced before anything is made below it. So whatever an earlier run got to, only the
 * name of the deepest directory that exists can be in doubt: that one is synced always.
 */
export async function makeDurableDirectory({ files, crashPoint }: Pick<Env, 'files' | 'crashPoint'>, path: string): Promise<void> {
  const missing: string[] = []
  let existing = path
  for (; parentOf(existing) !== existing && (await files.info(existing)) === undefined; existing = parentOf(existing))
    missing.push(existing)
  await syncIfAllowed(files, parentOf(existing))
  for (const folder of missing.reverse()) {
    crashPoint('directory.beforeMake')
    await files.makeDirectory(folder)
    crashPoint('directory.afterMake')
    await files.syncDirectory(parentOf(folder))
    crashPoint('directory.afterSync')
  }
}

/** A folder that we may not even read is none in which we have made a name. */
async function syncIfAllowed(files: Files, path: string): Promise<void> {
  try {
    await files.syncDirectory(path)
  } catch (error) {
    const code = systemCodeOf(error)
    if (code !== 'EACCES' && code !== 'EPERM') throw error
  }
}

/** Writes a new file whose bytes are durable when it resolves; its name is not yet. After an error nothing of it is left, if that is possible. */
export async function writeNewFile(files: Files, path: string, parts: readonly Uint8Array[], beforeSync: () => void): Promise<void> {
  const handle = await files.open(path, 'create-new')
  try {
    await handle.append(parts)
    beforeSync()
    await handle.sync()
    await handle.close()
  } catch (error) {
    await abandon(files, path, handle)
    throw error
  }
}

/** Closes and removes a file that failed. D14: it is never synced again. */
export async function abandon(files: Files, path: string, handle: FileHandle | undefined): Promise<void> {
  await handle?.close().catch(ignore)
  await files.unlink(path).catch(ignore)
}

export function ignore(): void {}

/** Removes a name; no error when it is gone already. */
export async function removeFile(files: Files, path: string): Promise<void> {
  try {
    await files.unlink(path)
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error
  }
}

/** All bytes of a file, or those of a range whose end is outside; undefined when there is no such file. Shorter only at its end. */
export async function readFile(
  files: Files,
  path: string,
  range?: { readonly start: number; readonly end: number },
): Promise<Uint8Array | undefined> {
  let handle: FileHandle
  try {
    handle = await files.open(path, 'read')
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    const sizeBytes = (await handle.info()).sizeBytes
    const start = range?.start ?? 0
    const end = Math.min(range?.end ?? sizeBytes, sizeBytes)
    return await handle.read(start, Math.max(0, end - start))
  } finally {
    await handle.close()
  }
}

/**
 * One fsync of a directory for all who ask while another is running: who asks waits for one that *begins* after the question,
 * since one that is running may have missed a name made just now.
 */
export class SharedDirectorySync {
  readonly #env: Env
  readonly #path: string
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(env: Env, path: string) {
    this.#env = env
    this.#path = path
  }

  sync(): Promise<void> {
    if (this.#next !== undefined) return this.#next
    if (this.#running === undefined) return this.#start()
    const before = this.#running
    this.#next = before.catch(ignore).then(() => {
      this.#next = undefined
      return this.#start()
    })
    return this.#next
  }

  #start(): Promise<void> {
    const running = this.#env.files.syncDirectory(this.#path).finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    this.#running = running
    return running
  }
}
