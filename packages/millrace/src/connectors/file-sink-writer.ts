import type { Sealed, SinkContext, Writer } from '../connect/contract.ts'
import type { StreamError } from '../core/errors.ts'
import { ignore, makeDurableDirectory } from './durable.ts'
import { finalName, hiddenFolderOf, hiddenName, sinkError, type OpenPart, type Part } from './file-sink-names.ts'
import { PartFile } from './file-sink-part.ts'
import type { Rolling } from './file-sink-rolling.ts'
import type { FileFormat, RecordEncoder } from './format.ts'

/** Characters gathered before they are encoded and written together. */
const BLOCK_CHARACTERS = 131_072
/** Characters and bytes not yet in the file, above which the task waits. */
const FULL_BYTES = 1 << 20

export interface PartLayout {
  readonly directory: string
  readonly format: FileFormat<unknown>
  readonly rolling: Rolling
}

/**
 * Writes the parts of one subtask, one after the other, under hidden names.
 *
 * W1  A part has whole records only, in their order; one to which nothing was written does not exist.
 * W2  `durable` resolves after the fsync of the files and of their folder.
 * W3  After the first error nothing more is written, and every call fails with it: what a failed fsync has kept is unknown,
 *     and the records of its part cannot be given again (D14). The attempt ends.
 * W4  A part that stays open is in the sealed state with the size and checksum of what is durable of it. After a restore so much
 *     of it is copied into a new part, which ends there: no part is written in two epochs.
 * W6  ORDER: such a part keeps the number of the checkpoint that it was open in. What comes after a restore may be in the parts of
 *     other subtasks; all of those have greater numbers.
 * W5  What a sealed checkpoint may name, as committable or in its state, is not removed here.
 */
export class PartWriter implements Writer<unknown, Part, OpenPart> {
  readonly #context: SinkContext
  readonly #folder: string
  readonly #format: FileFormat<unknown>
  readonly #rolling: Rolling
  readonly #encoder = new TextEncoder()
  readonly #id: string
  #count = 0
  #records: RecordEncoder<unknown>
  #text = ''
  #blockEnd = 0
  #pendingBytes = 0
  #part: PartFile | undefined
  /** Since the last seal. */
  #ended: PartFile[] = []
  #work: Promise<void> = Promise.resolve()
  #failure: StreamError | undefined

  static async open(context: SinkContext, layout: PartLayout, restored: readonly OpenPart[]): Promise<PartWriter> {
    const folder = hiddenFolderOf(layout.directory, context)
    try {
      await makeDurableDirectory(context.env, folder)
    } catch (cause) {
      throw sinkError(context, folder, cause)
    }
    const writer = new PartWriter(context, folder, layout)
    try {
      for (const part of restored) await writer.#take(part)
    } catch (error) {
      await writer.close()
      throw error
    }
    return writer
  }

  private constructor(context: SinkContext, folder: string, { format, rolling }: PartLayout) {
    this.#context = context
    this.#folder = folder
    this.#format = format
    this.#rolling = rolling
    this.#records = format.encoder()
    this.#id = context.env.random.id()
  }

  write(value: unknown): boolean {
    if (this.#failure !== undefined) throw this.#failure
    // A part without a record does not exist, also not after one that was refused.
    if (this.#part === undefined) this.#records = this.#format.encoder()
    const text = this.#records.encode(value)
    if (this.#part === undefined) {
      this.#part = this.#nextPart()
      this.#setBlockEnd(this.#part)
      this.#text = this.#records.header
    }
    this.#text += text
    if (this.#text.length < this.#blockEnd) return true
    this.#flush(this.#part)
    if (this.#part.sizeBytes >= this.#rolling.bytes) this.#end()
    return this.#pendingBytes < FULL_BYTES
  }

  async ready(): Promise<void> {
    await this.#work
    if (this.#failure !== undefined) throw this.#failure
  }

  seal(checkpoint: number, reason: 'checkpoint' | 'end'): { readonly durable: Promise<Sealed<Part, OpenPart>> } {
    if (this.#part !== undefined && this.#text !== '') this.#flush(this.#part)
    if (this.#part !== undefined && this.#endsNow(this.#part, reason)) this.#end()
    const ended = this.#ended
    this.#ended = []
    const durable = this.#finish(ended, this.#part, checkpoint)
    // Whoever awaits it sees the error; nobody may await it when the checkpoint is aborted.
    durable.catch(ignore)
    return { durable }
  }

  /** Finishes what is sealed and removes what is not: no checkpoint can name it. */
  async close(): Promise<void> {
    const left = this.#part === undefined ? this.#ended : [...this.#ended, this.#part]
    this.#ended = []
    this.#part = undefined
    for (const part of left) if (!part.isTaken) part.isDropped = true
    await this.#work
    for (const part of left) await part.abandon()
  }

  /** W4, W6. */
  async #take(from: OpenPart): Promise<void> {
    const part = this.#nextPart(from)
    this.#part = part
    try {
      await part.copy(from)
    } catch (cause) {
      throw sinkError(this.#context, part.path, cause)
    }
    this.#end()
  }

  #endsNow(part: PartFile, reason: 'checkpoint' | 'end'): boolean {
    if (this.#rolling.atCheckpoint || reason === 'end') return true
    return this.#context.env.clock.now() - part.origin.sinceMs >= this.#rolling.ageMs
  }

  #flush(part: PartFile): void {
    const bytes = this.#encoder.encode(this.#text)
    this.#text = ''
    this.#pendingBytes += bytes.length
    part.sizeBytes += bytes.length
    this.#setBlockEnd(part)
    this.#then(part, async () => {
      await part.append(bytes)
      this.#pendingBytes -= bytes.length
    })
  }

  /** So that a part ends with the record by which it reaches its size, as far as its text tells. */
  #setBlockEnd(part: PartFile): void {
    this.#blockEnd = Math.min(BLOCK_CHARACTERS, this.#rolling.bytes - part.sizeBytes)
  }

  /** The open part gets nothing more. It is synced and closed at once, so that there are not many open files. */
  #end(): void {
    const part = this.#part
    this.#part = undefined
    if (part === undefined) return
    this.#ended.push(part)
    this.#then(part, async () => {
      await part.sync()
      await part.close()
    })
  }

  #nextPart(copyOf?: OpenPart): PartFile {
    const { env, log, epoch, subtask } = this.#context
    const hidden = hiddenName({ log, epoch, subtask, count: this.#count++, writer: this.#id })
    return new PartFile(this.#context, this.#folder, { hidden, sinceMs: env.clock.now(), copyOf })
  }

  /** One step after the other (W3): a step is not begun when an earlier one failed. `#work` itself never rejects. */
  #then(part: PartFile, step: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#failure !== undefined) return
      try {
        await step()
      } catch (cause) {
        this.#failure = sinkError(this.#context, part.path, cause)
        await part.abandon()
      }
    })
  }

  async #finish(ended: readonly PartFile[], open: PartFile | undefined, checkpoint: number): Promise<Sealed<Part, OpenPart>> {
    const all = open === undefined ? ended : [...ended, open]
    const last = all.at(-1)
    if (last === undefined) {
      if (this.#failure !== undefined) throw this.#failure
      return { committables: [] }
    }
    const names = this.#namesOf(all, checkpoint)
    const size = open?.sizeBytes
    let state: OpenPart | undefined
    if (open !== undefined) this.#then(open, () => open.sync())
    this.#then(last, () => this.#syncNames(all))
    // In its turn: what is written to it after this seal comes after this step.
    this.#then(last, async () => {
      for (const part of all) part.isSealed = true
      if (open !== undefined)
        state = { hidden: open.origin.hidden, final: names.get(open) as string, size: size as number, crc32: open.crc32 }
    })
    for (const part of all) part.isTaken = true
    await this.#work
    if (this.#failure !== undefined) throw this.#failure
    const committables = ended.map((part): Part => {
      const { hidden, copyOf } = part.origin
      return { hidden, final: names.get(part) as string, size: part.sizeBytes, crc32: part.crc32, copyOf: copyOf?.hidden ?? null }
    })
    return { committables, ...(state === undefined ? {} : { state }) }
  }

  /** W6. */
  #namesOf(parts: readonly PartFile[], checkpoint: number): ReadonlyMap<PartFile, string> {
    const { subtask } = this.#context
    const own = parts.filter(({ origin }) => origin.copyOf === undefined)
    const digits = String(own.length - 1).length
    const { extension } = this.#format
    return new Map(
      parts.map((part) => [
        part,
        part.origin.copyOf?.final ?? finalName({ checkpoint, subtask, index: own.indexOf(part), digits, extension }),
      ]),
    )
  }

  async #syncNames(parts: readonly PartFile[]): Promise<void> {
    const isNew = parts.map((part) => part.takeName()).includes(true)
    if (!isNew) return
    await this.#context.env.files.syncDirectory(this.#folder)
    this.#context.env.crashPoint('files.part.afterDirectorySync')
  }
}
