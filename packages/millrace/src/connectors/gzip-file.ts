import type { Env, FileHandle } from '../core/env.ts'
import { messageOf, StreamError } from '../core/errors.ts'
import { tailOf } from './file-position.ts'
import type { InputFile, PackedEnd } from './input-file.ts'

/** Compressed bytes of one read: deflate makes a thousandfold of them at most, so 16 MiB. */
const PIECE_BYTES = 1 << 14

/**
 * A `.gz` file as its decompressed bytes, which are read forwards only: to go on at an offset, everything before is read and
 * forgotten. So it is opened once, and stays open.
 */
export class GzipFile implements InputFile {
  readonly #env: Env
  readonly #handle: FileHandle
  readonly #path: string
  readonly #gunzip: ReturnType<Env['gunzip']>
  #compressedAt = 0
  /** The last compressed bytes that were read. */
  #tail: Uint8Array = new Uint8Array(0)
  /** Decompressed and not given, from this offset on. */
  #parts: Uint8Array[] = []
  #partBytes = 0
  #offset = 0
  #isAtEnd = false

  constructor(env: Env, handle: FileHandle, path: string) {
    this.#env = env
    this.#handle = handle
    this.#path = path
    this.#gunzip = env.gunzip()
  }

  /** @throws {SOURCE} for what is damaged or ends in the middle */
  async read(offset: number, length: number): Promise<Uint8Array> {
    while (!this.#isAtEnd && this.#offset + this.#partBytes < offset + length) {
      await this.#readPiece()
      this.#forgetBefore(offset)
    }
    this.#forgetBefore(offset)
    return this.#peek(length)
  }

  sizeBytes(): Promise<number> {
    return Promise.resolve(this.#isAtEnd ? this.#offset + this.#partBytes : Number.POSITIVE_INFINITY)
  }

  packed(): PackedEnd | undefined {
    if (!this.#isAtEnd) return undefined
    return { bytes: this.#compressedAt, tailBytes: this.#tail.length, tailCrc32: this.#env.digest.crc32(this.#tail) }
  }

  async close(): Promise<void> {
    this.#gunzip.close()
    await this.#handle.close()
  }

  async #readPiece(): Promise<void> {
    const from = this.#compressedAt
    const piece = await this.#handle.read(this.#compressedAt, PIECE_BYTES)
    this.#compressedAt += piece.length
    this.#tail = tailOf(this.#tail, piece)
    const isLast = piece.length < PIECE_BYTES
    try {
      if (piece.length > 0) this.#keep(await this.#gunzip.push(piece))
      if (isLast) this.#keep(await this.#gunzip.end())
      this.#isAtEnd = isLast
    } catch (cause) {
      throw new StreamError(
        'SOURCE',
        `${this.#path} is no gzip file, or damaged, or not whole: ${messageOf(cause)}, found in its bytes ${from} to ${this.#compressedAt}.`,
        { cause, details: { file: this.#path, offset: from }, retry: 'never' },
      )
    }
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#parts.push(bytes)
    this.#partBytes += bytes.length
  }

  #forgetBefore(offset: number): void {
    while (this.#offset < offset && this.#parts.length > 0) {
      const part = this.#parts[0] as Uint8Array
      const count = Math.min(part.length, offset - this.#offset)
      this.#offset += count
      this.#partBytes -= count
      if (count === part.length) this.#parts.shift()
      else this.#parts[0] = part.subarray(count)
    }
  }

  /** They stay until what comes after them is asked for: the end of one read may be wanted again. */
  #peek(length: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(length, this.#partBytes))
    let at = 0
    for (const part of this.#parts) {
      if (at === bytes.length) break
      const taken = part.subarray(0, bytes.length - at)
      bytes.set(taken, at)
      at += taken.length
    }
    return bytes
  }
}
