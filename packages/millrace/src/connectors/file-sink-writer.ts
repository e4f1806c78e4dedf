import type { Sealed, SinkContext, Writer } from '../connect/contract.ts'
import type { FileHandle } from '../core/env.ts'
import type { StreamError } from '../core/errors.ts'
import { abandon, ignore, makeDurableDirectory } from './durable.ts'
import { finalName, hiddenFolderOf, hiddenName, sinkError, type Part } from './file-sink-names.ts'
import type { LineFormat } from './format.ts'
import { joinPath } from './path.ts'

/** Characters gathered before they are encoded and written together. */
const BLOCK_CHARACTERS = 131_072
/** Characters and bytes not yet in the file, above which the task waits. */
const FULL_BYTES = 1 << 20

/**
 * Writes the parts of one subtask, one after the other, under hidden names.
 *
 * W1  A part holds exactly what was written between two seals; one to which nothing was written does not exist.
 * W2  `durable` resolves after the fsync of the file and of its folder.
 * W3  After the first error nothing more is written, and every call fails with it: what a failed fsync has kept is unknown,
 *     and the records of its part cannot be given again (D14). The attempt ends.
 */
export class PartWriter implements Writer<unknown, Part> {
  readonly #context: SinkContext
  readonly #folder: string
  readonly #format: LineFormat<unknown>
  readonly #encoder = new TextEncoder()
  readonly #id: string
  #count = 0
  #text = ''
  #pendingBytes = 0
  #part: OpenPart | undefined
  #work: Promise<void> = Promise.resolve()
  #failure: StreamError | undefined

  static async open(context: SinkContext, directory: string, format: LineFormat<unknown>): Promise<PartWriter> {
    const folder = hiddenFolderOf(directory, context)
    try {
      await makeDurableDirectory(context.env.files, folder)
    } catch (cause) {
      throw sinkError(context, folder, cause)
    }
    return new PartWriter(context, folder, format)
  }

  private constructor(context: SinkContext, folder: string, format: LineFormat<unknown>) {
    this.#context = context
    this.#folder = folder
    this.#format = format
    this.#id = context.env.random.id()
  }

  write(value: unknown): boolean {
    if (this.#failure !== undefined) throw this.#failure
    this.#text += this.#format.encode(value) + '\n'
    if (this.#text.length < BLOCK_CHARACTERS) return true
    this.#flush()
    return this.#pendingBytes < FULL_BYTES
  }

  async ready(): Promise<void> {
    await this.#work
    if (this.#failure !== undefined) throw this.#failure
  }

  seal(checkpoint: number): { readonly durable: Promise<Sealed<Part, null>> } {
    if (this.#text !== '') this.#flush()
    const part = this.#part
    this.#part = undefined
    const durable = this.#finish(part, checkpoint)
    // Whoever awaits it sees the error; nobody may await it when the checkpoint is aborted.
    durable.catch(ignore)
    return { durable }
  }

  /** Finishes what is sealed and removes what is not: no checkpoint can name it. */
  async close(): Promise<void> {
    const part = this.#part
    this.#part = undefined
    if (part !== undefined) part.isDropped = true
    await this.#work
    if (part !== undefined) await abandon(this.#context.env.files, joinPath(this.#folder, part.hidden), part.handle)
  }

  #flush(): void {
    const bytes = this.#encoder.encode(this.#text)
    this.#text = ''
    this.#pendingBytes += bytes.length
    this.#part ??= this.#nextPart()
    const part = this.#part
    this.#then(part, () => this.#append(part, bytes))
  }

  #nextPart(): OpenPart {
    const { log, epoch, subtask } = this.#context
    const hidden = hiddenName({ log, epoch, subtask, count: this.#count++, writer: this.#id })
    return { hidden, handle: undefined, size: 0, crc32: 0, isDropped: false }
  }

  /** One step after the other (W3): a step is not begun when an earlier one failed. `#work` itself never rejects. */
  #then(part: OpenPart, step: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#failure !== undefined) return
      try {
        await step()
      } catch (cause) {
        this.#failure = sinkError(this.#context, joinPath(this.#folder, part.hidden), cause)
        await abandon(this.#context.env.files, joinPath(this.#folder, part.hidden), part.handle)
        part.handle = undefined
      }
    })
  }

  async #append(part: OpenPart, bytes: Uint8Array): Promise<void> {
    if (part.isDropped) return
    const { files, digest } = this.#context.env
    part.handle ??= await files.open(joinPath(this.#folder, part.hidden), 'create-new')
    part.crc32 = digest.crc32(bytes, part.crc32)
    part.size += bytes.length
    await part.handle.append([bytes])
    this.#pendingBytes -= bytes.length
  }

  async #finish(part: OpenPart | undefined, checkpoint: number): Promise<Sealed<Part, null>> {
    if (part === undefined) {
      if (this.#failure !== undefined) throw this.#failure
      return { committables: [] }
    }
    this.#then(part, () => this.#makeDurable(part))
    await this.#work
    if (this.#failure !== undefined) throw this.#failure
    const final = finalName({ checkpoint, subtask: this.#context.subtask, index: 0, extension: this.#format.extension })
    return { committables: [{ hidden: part.hidden, final, size: part.size, crc32: part.crc32 }] }
  }

  async #makeDurable(part: OpenPart): Promise<void> {
    const { files, crashPoint } = this.#context.env
    crashPoint('files.part.beforeSync')
    await part.handle?.sync()
    crashPoint('files.part.afterSync')
    await part.handle?.close()
    part.handle = undefined
    await files.syncDirectory(this.#folder)
    crashPoint('files.part.afterDirectorySync')
  }
}

interface OpenPart {
  readonly hidden: string
  handle: FileHandle | undefined
  size: number
  crc32: number
  /** Closed before it was sealed. */
  isDropped: boolean
}
