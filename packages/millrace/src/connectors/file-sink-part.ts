/** One hidden file that is being written. Its steps are called one after the other, never two at once. */
import type { SinkContext } from '../connect/contract.ts'
import type { FileHandle } from '../core/env.ts'
import { StreamError } from '../core/errors.ts'
import { abandon, ignore, systemCodeOf } from './durable.ts'
import { OTHER_PATH, type OpenPart } from './file-sink-names.ts'
import { joinPath } from './path.ts'

const COPY_BYTES = 1 << 20

/** What a part has from its beginning on. */
export interface PartOrigin {
  readonly hidden: string
  /** Wall clock at its first record. */
  readonly sinceMs: number
  /** The part of an older epoch that it is a copy of. */
  readonly copyOf: OpenPart | undefined
}

export class PartFile {
  readonly origin: PartOrigin
  /** Of all that was given to it, written or not. */
  sizeBytes = 0
  /** A seal takes what it has, or has taken it. */
  isTaken = false
  /** What a seal took is durable, so a checkpoint may name it: it is never removed but by a commit or a withdrawal. */
  isSealed = false
  /** It was closed before it was sealed: nothing more is written. */
  isDropped = false
  /** Of what is written. */
  crc32 = 0
  readonly #context: SinkContext
  readonly #folder: string
  #handle: FileHandle | undefined
  #isDirty = false
  #isNamed = false

  constructor(context: SinkContext, folder: string, origin: PartOrigin) {
    this.#context = context
    this.#folder = folder
    this.origin = origin
  }

  get path(): string {
    return joinPath(this.#folder, this.origin.hidden)
  }

  async append(bytes: Uint8Array): Promise<void> {
    if (this.isDropped) return
    const { files, digest, crashPoint } = this.#context.env
    if (this.#handle === undefined) {
      crashPoint('files.part.beforeCreate')
      this.#handle = await files.open(this.path, 'create-new')
      crashPoint('files.part.afterCreate')
    }
    this.crc32 = digest.crc32(bytes, this.crc32)
    this.#isDirty = true
    await this.#handle.append([bytes])
  }

  /**
   * EXACTLY-ONCE: the part of an older epoch is not written again, since a process that was taken for dead may still hold it open.
   * What its checkpoint has of it is copied, and the rest left alone.
   * @throws {COMMIT_FAILED} when it is not what was written
   */
  async copy(from: OpenPart): Promise<void> {
    const { files, crashPoint } = this.#context.env
    const path = joinPath(this.#folder, from.hidden)
    crashPoint('files.part.beforeCopy')
    const source = await files.open(path, 'read').catch((error: unknown) => {
      throw systemCodeOf(error) === 'ENOENT' ? this.#lost(path, 'is gone', ` ${OTHER_PATH}`) : error
    })
    try {
      while (this.sizeBytes < from.size) {
        const bytes = await source.read(this.sizeBytes, Math.min(COPY_BYTES, from.size - this.sizeBytes))
        if (bytes.length === 0) throw this.#lost(path, `has ${this.sizeBytes} bytes instead of ${from.size}`)
        this.sizeBytes += bytes.length
        await this.append(bytes)
      }
    } finally {
      await source.close().catch(ignore)
    }
    if (this.crc32 !== from.crc32) throw this.#lost(path, 'is not what was written')
    crashPoint('files.part.afterCopy')
  }

  async sync(): Promise<void> {
    if (!this.#isDirty) return
    const { crashPoint } = this.#context.env
    crashPoint('files.part.beforeSync')
    await this.#handle?.sync()
    this.#isDirty = false
    crashPoint('files.part.afterSync')
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  /** True once: its name has to be synced. */
  takeName(): boolean {
    const isNew = !this.#isNamed
    this.#isNamed = true
    return isNew
  }

  /** After an error or before its seal: nothing is left of it, unless a checkpoint may name it. */
  async abandon(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    if (this.isSealed) await handle?.close().catch(ignore)
    else if (handle !== undefined) await abandon(this.#context.env.files, this.path, handle)
    else await this.#context.env.files.unlink(this.path).catch(ignore)
  }

  #lost(path: string, what: string, more: string = ''): StreamError {
    const { sink } = this.#context
    return new StreamError(
      'COMMIT_FAILED',
      `${sink} cannot go on with ${path}, an open part of its checkpoint: it ${what}. Put it back as it was, or restore a newer checkpoint.${more}`,
      { details: { file: path, sink } },
    )
  }
}
