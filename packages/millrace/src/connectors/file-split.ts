import type { Batch, SourceContext } from '../connect/contract.ts'
import { messageOf, StreamError } from '../core/errors.ts'
import { ignore, systemCodeOf } from './durable.ts'
import type { FoundFile } from './file-discovery.ts'
import { changed, tailOf, verify, type FilePosition } from './file-position.ts'
import type { FileFormat, RecordReader, RecordScanner } from './format.ts'
import type { InputFile, PackedEnd } from './input-file.ts'
import { isCompressed, openInput } from './open-input.ts'
import { markLength, ParsedRecords } from './parsed-records.ts'

/** Records of one batch, empty lines and broken records too, counted from the position: so that a restore does not move where batches end (rules 1.2 e). */
export const BATCH_RECORDS = 512
/** A batch also ends with the record in which it reaches this size. */
export const BATCH_BYTES: number = 1 << 20
const CHUNK_BYTES = 1 << 18
const FIRST_CHUNK_BYTES = 1 << 16
const MAX_RECORD_BYTES = 1 << 26
const NEWLINE = 10

/**
 * One file: reads ahead, finds where batches end, and parses a batch when it is taken.
 *
 * ```
 * file    …………|— taken —|——— whole records of the next batch ———|—— more ——|  not read yet
 * bytes              start                                   batchEnd      length
 * ```
 *
 * At most two chunks are kept beyond the batch that is not complete. A split can be closed after any batch and opened again.
 *
 * One that is *followed* has no end but when its file is removed. Where nothing comes after it, a batch ends with the last whole
 * record: `hasCaughtUp`. Then it is closed, and opened again at its position when its file has another size, so that what was
 * changed before the position is noticed then too.
 */
export class FileSplit<T> {
  readonly name: string
  readonly #context: SourceContext<FilePosition>
  readonly #path: string
  readonly #format: FileFormat<T>
  readonly #isFollowed: boolean
  readonly #endOf: RecordScanner
  #position: FilePosition
  #file: InputFile | undefined
  #header: Uint8Array = EMPTY
  /** The last bytes before the position. */
  #tail: Uint8Array = EMPTY
  #reader: RecordReader<T> | undefined
  #bytes: Uint8Array = EMPTY
  #start = 0
  #scanned = 0
  #records = 0
  #batchEnd: number | undefined
  #isAtEnd = false
  #packed: PackedEnd | undefined
  /** As it was told last, or as it was where reading has come to the end. */
  #sizeBytes: number
  /** Up to here it has been looked at, and there is no whole record in what has not been taken. */
  #caughtUpAt: number | undefined
  #hasVanished = false
  /** It has vanished and all of it was taken: what is left is to say so. */
  #isOver = false
  /** Counts the closings: what a read brings that began before the last one is not taken in. */
  #generation = 0
  #reading: Promise<void> | undefined
  #failure: StreamError | undefined

  constructor(
    context: SourceContext<FilePosition>,
    file: FoundFile,
    of: { readonly position: FilePosition; readonly format: FileFormat<T>; readonly isFollowed: boolean },
  ) {
    this.name = file.split
    this.#context = context
    this.#path = file.path
    this.#sizeBytes = file.sizeBytes
    this.#position = of.position
    this.#format = of.format
    this.#isFollowed = of.isFollowed
    this.#endOf = of.format.scanner()
    if (of.isFollowed && of.position.atEnd) this.#caughtUpAt = of.position.offset
  }

  get position(): FilePosition {
    return this.#position
  }

  /** As far as is known: the file may have grown since. */
  get leftBytes(): number {
    return Math.max(0, this.#sizeBytes - this.#position.offset)
  }

  get isReady(): boolean {
    return this.#batchEnd !== undefined || this.#failure !== undefined
  }

  get isReading(): boolean {
    return this.#reading !== undefined
  }

  /** Opening it again would be reading it again. */
  get staysOpen(): boolean {
    return isCompressed(this.#path) && this.#file !== undefined
  }

  /** There is nothing to take, nor to read as far as is known. */
  get hasCaughtUp(): boolean {
    return this.#caughtUpAt !== undefined && !this.isReady
  }

  /** Its file is not as long as where it has caught up. */
  get hasMore(): boolean {
    return this.#sizeBytes !== this.#caughtUpAt || this.isReady
  }

  /** What its file is now; undefined: it is gone. */
  update(sizeBytes: number | undefined): void {
    if (sizeBytes !== undefined) this.#sizeBytes = sizeBytes
    else if (!this.#hasVanished) {
      this.#hasVanished = true
      if (this.#caughtUpAt !== undefined && this.#reading === undefined) this.#endHere()
    }
  }

  /** Reads on in the background if there is room; calls `onRead` after each read. Never rejects: an error waits for `take`. */
  fill(onRead: () => void): void {
    if (this.#reading !== undefined || this.#failure !== undefined || this.#isAtEnd || this.#isOver) return
    if (this.#batchEnd !== undefined && this.#bytes.length - this.#start > CHUNK_BYTES) return
    this.#caughtUpAt = undefined
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
    const records = this.#parse(bytes)
    const isLast = this.#isOver || (this.#isAtEnd && end === this.#bytes.length)
    this.#position = this.#after(bytes, records.lineCount, isLast)
    this.#start = end
    const splitEnded = isLast && (!this.#isFollowed || this.#hasVanished)
    if (splitEnded) this.#batchEnd = undefined
    else this.#findBatchEnd()
    const { values, broken } = records
    const positionOf = (index: number): string => records.positionOf(index)
    return { split: this.name, values, next: this.#position, splitEnded, positionOf, ...(broken === undefined ? {} : { broken }) }
  }

  #parse(bytes: Uint8Array): ParsedRecords<T> {
    const firstLine = this.#position.line
    // Without a byte of the file its header is not known either.
    if (bytes.length === 0) return new ParsedRecords(this.name, firstLine)
    this.#reader ??= this.#format.reader(this.name, this.#header)
    return this.#reader(bytes, { firstLine, isStart: this.#position.offset === 0 })
  }

  /** Closes the file and forgets what has been read ahead; `fill` opens it again. A read that is under way is not taken in. */
  async release(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    this.#generation++
    this.#bytes = EMPTY
    this.#tail = EMPTY
    this.#start = 0
    this.#isAtEnd = false
    this.#findBatchEnd()
    await this.#reading
    await file?.close().catch(ignore)
  }

  #after(bytes: Uint8Array, lineCount: number, atEnd: boolean): FilePosition {
    const packed = atEnd && this.#packed !== undefined ? { packed: this.#packed } : undefined
    if (bytes.length === 0) return { ...this.#position, atEnd, ...packed }
    const { crc32 } = this.#context.env.digest
    const tail = (this.#tail = tailOf(this.#tail, bytes))
    return {
      offset: this.#position.offset + bytes.length,
      line: this.#position.line + lineCount,
      headerBytes: this.#header.length,
      headerCrc32: crc32(this.#header),
      tailBytes: tail.length,
      tailCrc32: crc32(tail),
      atEnd,
      ...packed,
    }
  }

  async #readMore(): Promise<void> {
    const generation = this.#generation
    const isFirst = this.#file === undefined
    const file = this.#file ?? (await this.#open())
    if (generation !== this.#generation) return void (isFirst && (await file.close()))
    this.#file = file
    const kept = this.#bytes.length - this.#start
    // A record that is longer than all chunks so far: as much again, so that the copying stays linear.
    const length = isFirst ? FIRST_CHUNK_BYTES : this.#batchEnd === undefined ? Math.max(CHUNK_BYTES, kept) : CHUNK_BYTES
    const from = this.#position.offset + kept
    const chunk = await file.read(from, length)
    const isAtEnd = chunk.length < length
    const sizeBytes = isAtEnd ? await file.sizeBytes() : from
    if (generation !== this.#generation) return
    if (isAtEnd && sizeBytes < from + chunk.length)
      throw changed(this.#context, this.name, `it has shrunk to ${sizeBytes} bytes while it was read`)
    this.#append(chunk)
    this.#isAtEnd = isAtEnd
    if (isAtEnd) this.#sizeBytes = from + chunk.length
    this.#packed = file.packed()
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

  async #open(): Promise<InputFile> {
    const file = await openInput(this.#context.env, this.#path)
    try {
      const { header, tail } = await verify(this.#context, this.name, this.#position, file)
      this.#header = header
      this.#tail = tail
      return file
    } catch (error) {
      await file.close().catch(ignore)
      throw error
    }
  }

  #findBatchEnd(): void {
    this.#scanned = this.#start
    this.#records = 0
    this.#batchEnd = this.#isOver ? this.#start : undefined
    this.#scan()
  }

  /** Goes on counting the records of the next batch where it stopped. */
  #scan(): void {
    if (this.#batchEnd !== undefined) return
    const bytes = this.#bytes
    if (this.#position.offset === 0 && this.#scanned === this.#start) this.#scanned += markLength(bytes.subarray(this.#start))
    while (this.#records < BATCH_RECORDS && this.#scanned - this.#start < BATCH_BYTES) {
      const end = this.#endOf(bytes, this.#scanned)
      // Told by the next `take`: the batch before it is whole.
      if ((end || bytes.length) - this.#scanned > MAX_RECORD_BYTES) this.#failure ??= this.#tooLong()
      if (end === 0) break
      this.#scanned = end
      if (this.#records++ === 0) this.#keepHeader(end)
    }
    if (this.#records === BATCH_RECORDS || this.#scanned - this.#start >= BATCH_BYTES) this.#batchEnd = this.#scanned
    else if (this.#isAtEnd) this.#endBatchAtEnd()
  }

  /** Whole or not, this is all that the file has. */
  #endBatchAtEnd(): void {
    const { length } = this.#bytes
    if (!this.#isFollowed) {
      if (this.#records === 0) this.#keepHeader(length)
      this.#batchEnd = length
    } else if (this.#records > 0) this.#batchEnd = this.#scanned
    else {
      // That nothing comes after the position is worth a batch of its own.
      if (this.#start === length && !this.#position.atEnd) this.#batchEnd = length
      this.#caughtUpAt = this.#position.offset + length - this.#start
      if (this.#hasVanished) this.#endHere()
    }
  }

  /** Its file has been removed, and no more of it will come. */
  #endHere(): void {
    if (this.#position.offset === this.#caughtUpAt) {
      this.#isOver = true
      this.#batchEnd = this.#start
    } else this.#failure ??= changed(this.#context, this.name, 'it has vanished, and its last line had no end yet')
  }

  #keepHeader(end: number): void {
    if (this.#format.hasHeader && this.#position.offset === 0) this.#header = this.#bytes.slice(this.#start, end)
  }

  #tooLong(): StreamError {
    let line = this.#position.line + 1
    for (let at = this.#start; at < this.#scanned; at++) if (this.#bytes[at] === NEWLINE) line++
    const why = this.#format.hasHeader ? 'Is a quote never closed?' : 'Is this a file of lines?'
    const what = `the record in line ${line} is longer than ${MAX_RECORD_BYTES} bytes. ${why}`
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
