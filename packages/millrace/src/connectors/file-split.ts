import type { Batch, SourceContext } from '../connect/contract.ts'
import type { FileHandle } from '../core/env.ts'
import { messageOf, StreamError } from '../core/errors.ts'
import { ignore, systemCodeOf } from './durable.ts'
import type { FoundFile } from './file-discovery.ts'
import type { LineFormat } from './format.ts'
import { parseLines } from './line-batch.ts'

/** Lines of one batch, counted from the position: so that a restore does not move where batches end (rules 1.2 e). */
export const BATCH_LINES = 512
/** A batch also ends with the line in which it reaches this size. */
export const BATCH_BYTES: number = 1 << 20
const CHUNK_BYTES = 1 << 18
const FIRST_CHUNK_BYTES = 1 << 16
const MAX_LINE_BYTES = 1 << 26
const TAIL_BYTES = 4_096
const NEWLINE = 10

/**
 * Where to go on in a file. STATE FORMAT. `line` counts from 0 and includes empty and broken lines; `tail…` are length and
 * checksum of the last bytes before `offset`, by which a file that was changed there is noticed.
 */
export type FilePosition = { readonly offset: number; readonly line: number; readonly tailBytes: number; readonly tailCrc32: number }

export const START: FilePosition = { offset: 0, line: 0, tailBytes: 0, tailCrc32: 0 }

/**
 * One file: reads ahead, finds where batches end, and parses a batch when it is taken.
 *
 * ```
 * file    …………|— taken —|——— whole lines of the next batch ———|—— more ——|  not read yet
 * bytes              start                                batchEnd      length
 * ```
 *
 * At most two chunks are kept beyond the batch that is not complete. A split can be closed after any batch and opened again.
 */
export class FileSplit<T> {
  readonly name: string
  readonly #context: SourceContext<FilePosition>
  readonly #path: string
  readonly #format: LineFormat<T>
  #position: FilePosition
  #handle: FileHandle | undefined
  #bytes: Uint8Array = EMPTY
  #start = 0
  #scanned = 0
  #lines = 0
  #batchEnd: number | undefined
  #isAtEnd = false
  /** Counts the closings: what a read brings that began before the last one is not taken in. */
  #generation = 0
  #reading: Promise<void> | undefined
  #failure: StreamError | undefined

  constructor(context: SourceContext<FilePosition>, file: FoundFile, position: FilePosition, format: LineFormat<T>) {
    this.name = file.split
    this.#context = context
    this.#path = file.path
    this.#position = position
    this.#format = format
  }

  get position(): FilePosition {
    return this.#position
  }

  get isReady(): boolean {
    return this.#batchEnd !== undefined || this.#failure !== undefined
  }

  get isReading(): boolean {
    return this.#reading !== undefined
  }

  /** Reads on in the background if there is room; calls `onRead` after each read. Never rejects: an error waits for `take`. */
  fill(onRead: () => void): void {
    if (this.#reading !== undefined || this.#failure !== undefined || this.#isAtEnd) return
    if (this.#batchEnd !== undefined && this.#bytes.length - this.#start > CHUNK_BYTES) return
    this.#reading = this.#readMore()
      .catch((error: unknown) => {
        this.#failure = StreamError.is(error) ? error : this.#unreadable(error)
      })
      .then(() => {
        this.#reading = undefined
        onRead()
      })
  }

  /**
   * Only when `isReady`: the next batch.
   * @throws {SOURCE_CHANGED}
   * @throws {SOURCE}
   */
  take(): Batch<T, FilePosition> {
    if (this.#failure !== undefined) throw this.#failure
    const end = this.#batchEnd ?? this.#start
    const bytes = this.#bytes.subarray(this.#start, end)
    const firstLine = this.#position.line
    const { values, broken, lineOf } = parseLines(bytes, {
      format: this.#format,
      file: this.name,
      firstLine,
      isStart: this.#position.offset === 0,
    })
    this.#position = this.#after(bytes)
    this.#start = end
    const splitEnded = this.#isAtEnd && end === this.#bytes.length
    this.#findBatchEnd()
    const positionOf = (index: number): string =>
      `${this.name}:${(lineOf === undefined ? firstLine + index : (lineOf[index] as number)) + 1}`
    return { split: this.name, values, next: this.#position, splitEnded, positionOf, ...(broken === undefined ? {} : { broken }) }
  }

  /** Closes the file and forgets what has been read ahead; `fill` opens it again. A read that is under way is not taken in. */
  async release(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    this.#generation++
    this.#bytes = EMPTY
    this.#start = 0
    this.#isAtEnd = false
    this.#findBatchEnd()
    await this.#reading
    await handle?.close().catch(ignore)
  }

  #after(bytes: Uint8Array): FilePosition {
    const { offset, line } = this.#position
    const tail = bytes.subarray(Math.max(0, bytes.length - TAIL_BYTES))
    // What ends without a newline ends the file: its empty last line is none.
    const lines = this.#lines + (bytes.length > 0 && bytes[bytes.length - 1] !== NEWLINE ? 1 : 0)
    if (bytes.length === 0) return this.#position
    return { offset: offset + bytes.length, line: line + lines, tailBytes: tail.length, tailCrc32: this.#context.env.digest.crc32(tail) }
  }

  async #readMore(): Promise<void> {
    const generation = this.#generation
    const isFirst = this.#handle === undefined
    const handle = this.#handle ?? (await this.#open())
    if (generation !== this.#generation) return void (isFirst && (await handle.close()))
    this.#handle = handle
    const kept = this.#bytes.length - this.#start
    // A line that is longer than all chunks so far: as much again, so that the copying stays linear.
    const length = isFirst ? FIRST_CHUNK_BYTES : this.#batchEnd === undefined ? Math.max(CHUNK_BYTES, kept) : CHUNK_BYTES
    const from = this.#position.offset + kept
    const chunk = await handle.read(from, length)
    const isAtEnd = chunk.length < length
    const sizeBytes = isAtEnd ? (await handle.info()).sizeBytes : from
    if (generation !== this.#generation) return
    if (isAtEnd && sizeBytes < from + chunk.length)
      throw changed(this.#context, this.name, `it has shrunk to ${sizeBytes} bytes while it was read`)
    this.#append(chunk)
    this.#isAtEnd = isAtEnd
    this.#scan()
  }

  /** Between the start of a read and its end batches may have been taken: `#start` is looked at now. */
  #append(chunk: Uint8Array): void {
    const kept = this.#bytes.length - this.#start
    if (kept === 0) {
      this.#bytes = chunk
    } else {
      const bytes = new Uint8Array(kept + chunk.length)
      bytes.set(this.#bytes.subarray(this.#start))
      bytes.set(chunk, kept)
      this.#bytes = bytes
    }
    this.#scanned -= this.#start
    if (this.#batchEnd !== undefined) this.#batchEnd -= this.#start
    this.#start = 0
  }

  async #open(): Promise<FileHandle> {
    const { offset, tailBytes, tailCrc32 } = this.#position
    const handle = await this.#context.env.files.open(this.#path, 'read')
    try {
      const { sizeBytes } = await handle.info()
      if (sizeBytes < offset) throw changed(this.#context, this.name, `it has shrunk to ${sizeBytes} bytes, but ${offset} have been read`)
      const tail = await handle.read(offset - tailBytes, tailBytes)
      if (this.#context.env.digest.crc32(tail) !== tailCrc32)
        throw changed(this.#context, this.name, `the ${tailBytes} bytes before ${offset} are not those that were read`)
      return handle
    } catch (error) {
      await handle.close().catch(ignore)
      throw error
    }
  }

  #findBatchEnd(): void {
    this.#scanned = this.#start
    this.#lines = 0
    this.#batchEnd = undefined
    this.#scan()
  }

  /** Goes on counting the lines of the next batch where it stopped. */
  #scan(): void {
    if (this.#batchEnd !== undefined) return
    const bytes = this.#bytes
    while (this.#lines < BATCH_LINES && this.#scanned - this.#start < BATCH_BYTES) {
      const newline = bytes.indexOf(NEWLINE, this.#scanned)
      const end = newline < 0 ? bytes.length : newline
      // Told by the next `take`: the batch before it is whole.
      if (end - this.#scanned > MAX_LINE_BYTES) this.#failure ??= this.#tooLong()
      if (newline < 0) break
      this.#scanned = newline + 1
      this.#lines++
    }
    if (this.#lines === BATCH_LINES || this.#scanned - this.#start >= BATCH_BYTES) this.#batchEnd = this.#scanned
    else if (this.#isAtEnd) this.#batchEnd = bytes.length
  }

  #tooLong(): StreamError {
    const line = this.#position.line + this.#lines + 1
    const what = `line ${line} is longer than ${MAX_LINE_BYTES} bytes. Is this a file of lines?`
    return new StreamError('SOURCE', `${this.#context.source} cannot read ${this.#path}: ${what}`, {
      details: { file: this.#path, line },
      // The same at every retry.
      retry: 'never',
    })
  }

  #unreadable(cause: unknown): StreamError {
    if (systemCodeOf(cause) === 'ENOENT') return changed(this.#context, this.name, 'it has vanished')
    const { offset, line } = this.#position
    return new StreamError(
      'SOURCE',
      `${this.#context.source} cannot read ${this.#path} at byte ${offset}, line ${line + 1}: ${messageOf(cause)}`,
      {
        cause,
        details: { file: this.#path, offset, line: line + 1, system: systemCodeOf(cause) },
      },
    )
  }
}

const EMPTY = new Uint8Array(0)

export function changed(context: SourceContext<FilePosition>, split: string, what: string): StreamError {
  return new StreamError(
    'SOURCE_CHANGED',
    `${context.source} cannot go on with ${split}: ${what}. Input files may only grow: put it back as it was.`,
    {
      details: { source: context.source, split },
    },
  )
}
