import type { Beat, OpenStorage } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import { StreamError } from '../core/errors.ts'
import { decodeBeat, encodeBeat } from './beat-file.ts'
import { abandon, makeDurableDirectory, readFile, removeFile, SharedDirectorySync, systemCodeOf, writeNewFile } from './durable.ts'
import { checkMark, encodeMark, MARK_NAME, MAX_MARK_BYTES } from './mark-file.ts'
import { joinPath } from './path.ts'
import { TemporaryNames } from './temporary-names.ts'

/** The named durable steps of a directory storage (rule E3), in the order in which they come. */
export const STORAGE_CRASH_POINTS: readonly string[] = [
  'storage.chunk.beforeSync',
  'storage.chunk.beforeLink',
  'storage.chunk.afterLink',
  'storage.chunk.afterDirectorySync',
  'storage.entry.beforeSync',
  'storage.entry.beforeLink',
  'storage.entry.afterLink',
  'storage.entry.afterDirectorySync',
  'storage.mark.beforeSync',
  'storage.mark.beforeLink',
  'storage.mark.afterLink',
  'storage.mark.afterDirectorySync',
  'storage.beat.beforeRename',
  'storage.beat.afterRename',
]

const ENTRY_NAME = /^(\d{12,15})\.entry$/
const CHUNK_NAME = /^[A-Za-z0-9][A-Za-z0-9.-]{0,199}$/

/**
 * S1  A final name appears by `link` only, after its bytes are durable: nobody ever sees a part of an entry or a chunk, and of
 *     two who make entry n one gets EEXIST. `rename` would overwrite.
 * S2  A call that reports success has synced the directory after the link. One that finds the entry there has done so too: it may be
 *     the caller's own, of a call that failed between link and sync, and whoever recognizes it goes on as if it were durable.
 *     Before an entry that follows one of another process the directory is synced too: that one may have died between link and sync,
 *     and a loss of power could take the older of two names and leave the newer.
 * S3  A file or directory whose fsync failed is not synced again for the same call: the call fails, its file is abandoned (D14).
 *     After a failed `createEntry` the entry may be there or not, also after the next loss of power.
 * S4  Names that begin with a dot are no part of the storage.
 * S5  Nobody learns which entries there are before the mark has said that this code can read them. Without a mark nothing is said:
 *     a process may have died between the first entry and its mark.
 */
export class OpenDirectory implements OpenStorage {
  readonly name: string
  readonly #env: Env
  readonly #log: Folder
  readonly #chunks: Folder
  readonly #temporary: TemporaryNames
  #ownsLog = false
  /** S5. */
  #isMarkGood = false
  /** The last entry that this process has made. */
  #newestOwn: number | undefined

  constructor(env: Env, path: string) {
    this.name = path
    this.#env = env
    this.#temporary = new TemporaryNames(env)
    this.#log = new Folder(env, joinPath(path, 'log'))
    this.#chunks = new Folder(env, joinPath(path, 'chunks'))
  }

  async createEntry(n: number, bytes: Uint8Array): Promise<'created' | 'exists'> {
    const path = this.#entryPath(n)
    const isNew = await this.#failing(path, 'written', async () => {
      await this.#log.make()
      if (this.#newestOwn !== n - 1) await this.#log.sync.sync()
      if (!(await this.#publish(this.#log, path, [bytes], 'entry'))) {
        await this.#log.sync.sync()
        return false
      }
      this.#newestOwn = n
      await this.#becomeOwner()
      return true
    })
    return isNew ? 'created' : 'exists'
  }

  readEntry(n: number): Promise<Uint8Array | undefined> {
    const path = this.#entryPath(n)
    return this.#failing(path, 'read', () => readFile(this.#env.files, path))
  }

  /**
   * @throws {CHECKPOINT_NOT_FOUND} when there are none but there have been some
   * @throws {CHECKPOINT_FORMAT | CHECKPOINT_CORRUPT} when the mark says so
   */
  async entries(): Promise<readonly number[]> {
    const isMarked = await this.#isMarked()
    const numbers: number[] = []
    for (const name of await this.#namesIn(this.#log)) {
      const match = ENTRY_NAME.exec(name)
      if (match !== null) numbers.push(Number(match[1]))
    }
    if (numbers.length === 0 && isMarked) {
      throw new StreamError(
        'CHECKPOINT_NOT_FOUND',
        `${this.name} has held checkpoints, but its log is empty: ${this.#log.path} has been removed or is not mounted. ` +
          'Put it back, or use an empty directory to start from nothing.',
        { details: { storage: this.name } },
      )
    }
    return numbers.sort((a, b) => a - b)
  }

  deleteEntry(n: number): Promise<void> {
    const path = this.#entryPath(n)
    return this.#failing(path, 'removed', () => removeFile(this.#env.files, path))
  }

  async writeChunk(name: string, parts: readonly Uint8Array[]): Promise<void> {
    if (!CHUNK_NAME.test(name)) throw new StreamError('CONTRACT', `'${name}' cannot name a chunk: letters, digits, dash and dot only.`)
    const path = joinPath(this.#chunks.path, name)
    const isNew = await this.#failing(path, 'written', async () => {
      await this.#chunks.make()
      return this.#publish(this.#chunks, path, parts, 'chunk')
    })
    if (!isNew)
      throw new StreamError('CONTRACT', `The chunk ${path} has been written before: chunks never change.`, { details: { file: path } })
  }

  /** @throws {CHECKPOINT_CORRUPT} when it is missing or shorter than the range */
  async readChunk(name: string, range?: { readonly start: number; readonly end: number }): Promise<Uint8Array> {
    // The name may come from a damaged manifest: it must not lead out of the folder.
    if (!CHUNK_NAME.test(name))
      throw this.#corrupt(`'${name}' is named by a checkpoint, but no chunk can have that name`, this.#chunks.path)
    const path = joinPath(this.#chunks.path, name)
    const bytes = await this.#failing(path, 'read', () => readFile(this.#env.files, path, range))
    if (bytes === undefined) throw this.#corrupt(`${path} is missing`, path)
    if (range !== undefined && bytes.length !== range.end - range.start) {
      throw this.#corrupt(`${path} ends before byte ${range.end}, which a checkpoint refers to`, path)
    }
    return bytes
  }

  async *listChunks(): AsyncIterable<string> {
    for (const name of await this.#namesIn(this.#chunks)) if (CHUNK_NAME.test(name)) yield name
  }

  deleteChunk(name: string): Promise<void> {
    if (!CHUNK_NAME.test(name)) throw new StreamError('CONTRACT', `'${name}' cannot name a chunk: letters, digits, dash and dot only.`)
    const path = joinPath(this.#chunks.path, name)
    return this.#failing(path, 'removed', () => removeFile(this.#env.files, path))
  }

  /** Without fsync: after a loss of power there is nobody left to whom it could matter. */
  beat(beat: Beat): Promise<void> {
    const path = joinPath(this.name, 'beat')
    return this.#failing(path, 'written', async () => {
      await this.#log.make()
      const temporary = joinPath(this.name, this.#temporary.next('beat'))
      const handle = await this.#env.files.open(temporary, 'create-new')
      try {
        await handle.append([encodeBeat(beat, this.#env)])
        this.#env.crashPoint('storage.beat.beforeRename')
        await this.#env.files.rename(temporary, path)
        this.#env.crashPoint('storage.beat.afterRename')
        await handle.close()
      } catch (error) {
        await abandon(this.#env.files, temporary, handle)
        throw error
      }
    })
  }

  lastBeat(): Promise<Beat | undefined> {
    const path = joinPath(this.name, 'beat')
    return this.#failing(path, 'read', async () => {
      const bytes = await readFile(this.#env.files, path)
      return bytes === undefined ? undefined : decodeBeat(bytes, this.#env)
    })
  }

  nameOf(part: { readonly entry: number } | { readonly chunk: string }): string {
    return 'entry' in part ? this.#entryPath(part.entry) : joinPath(this.#chunks.path, part.chunk)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** S1, S2. False when the name is taken by another file. */
  async #publish(folder: Folder, path: string, parts: readonly Uint8Array[], what: 'entry' | 'chunk' | 'mark'): Promise<boolean> {
    const { files } = this.#env
    const temporary = joinPath(folder.path, this.#temporary.next(what))
    await writeNewFile(files, temporary, parts, () => this.#env.crashPoint(`storage.${what}.beforeSync`))
    this.#env.crashPoint(`storage.${what}.beforeLink`)
    try {
      if (!(await files.link(temporary, path)) && !(await this.#isSameFile(temporary, path))) return false
      this.#env.crashPoint(`storage.${what}.afterLink`)
      await folder.sync.sync()
      this.#env.crashPoint(`storage.${what}.afterDirectorySync`)
      return true
    } finally {
      await removeFile(files, temporary).catch((error: unknown) => this.#env.log('debug', 'storage.leftover', { file: temporary, error }))
    }
  }

  /** A network file system may carry out a link whose answer is lost, and find the name taken when it asks again. */
  async #isSameFile(a: string, b: string): Promise<boolean> {
    const [first, second] = [await this.#env.files.info(a), await this.#env.files.info(b)]
    return first !== undefined && first.identity === second?.identity
  }

  /** Whoever has made an entry owns the log for now: leaves the mark, and clears away what dead processes were writing. */
  async #becomeOwner(): Promise<void> {
    if (this.#ownsLog) return
    // One that another process has left meanwhile is looked at, too.
    if (!(await this.#isMarked()) && !(await this.#leaveMark())) await this.#isMarked()
    this.#isMarkGood = true
    for (const folder of [this.name, this.#log.path, this.#chunks.path]) await this.#temporary.sweep(folder)
    this.#ownsLog = true
  }

  #leaveMark(): Promise<boolean> {
    return this.#publish(new Folder(this.#env, this.name), joinPath(this.name, MARK_NAME), [encodeMark()], 'mark')
  }

  async #isMarked(): Promise<boolean> {
    if (this.#isMarkGood) return true
    const path = joinPath(this.name, MARK_NAME)
    const range = { start: 0, end: MAX_MARK_BYTES }
    const bytes = await this.#failing(path, 'read', () => readFile(this.#env.files, path, range))
    if (bytes === undefined) return false
    checkMark(bytes, path)
    return (this.#isMarkGood = true)
  }

  #namesIn(folder: Folder): Promise<readonly string[]> {
    return this.#failing(folder.path, 'listed', async () => {
      try {
        return (await this.#env.files.list(folder.path)).map((entry) => entry.name)
      } catch (error) {
        if (systemCodeOf(error) === 'ENOENT') return []
        throw error
      }
    })
  }

  #entryPath(n: number): string {
    if (!Number.isSafeInteger(n) || n < 0) throw new StreamError('CONTRACT', `${String(n)} is no number of an entry.`)
    return joinPath(this.#log.path, `${String(n).padStart(12, '0')}.entry`)
  }

  #corrupt(what: string, file: string): StreamError {
    return new StreamError(
      'CHECKPOINT_CORRUPT',
      `${what}. Nothing has been changed: restore the file, or name an older intact checkpoint.`,
      { details: { file } },
    )
  }

  async #failing<T>(path: string, done: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (error) {
      if (StreamError.is(error)) throw error
      const code = systemCodeOf(error)
      throw new StreamError('STORAGE', `${path} cannot be ${done}${code === undefined ? '' : ` (${code})`}. ${adviceFor(code)}`, {
        cause: error,
        details: { file: path, ...(code === undefined ? {} : { system: code }) },
      })
    }
  }
}

/** A folder of the storage: made once, on the first write, and synced for several calls at a time. */
class Folder {
  readonly path: string
  readonly sync: SharedDirectorySync
  readonly #env: Env
  #made: Promise<void> | undefined

  constructor(env: Env, path: string) {
    this.path = path
    this.sync = new SharedDirectorySync(env, path)
    this.#env = env
  }

  make(): Promise<void> {
    this.#made ??= makeDurableDirectory(this.#env, this.path).catch((error: unknown) => {
      this.#made = undefined
      throw error
    })
    return this.#made
  }
}

function adviceFor(code: string | undefined): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'The disk is full: make room.'
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'Check the permissions, and that the file system can link files.'
    case 'EIO':
      return 'The disk fails: check it before you go on.'
    case 'ENOTDIR':
      return 'A part of the path is a file.'
    default:
      return 'Check that the directory exists, is writable and has room.'
  }
}
