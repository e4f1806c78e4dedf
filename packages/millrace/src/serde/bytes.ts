import { StreamError } from '../core/errors.ts'
import { putUtf8 } from './ascii.ts'
import { ReaderShapes, WriterShapes } from './shape.ts'
import { ASCII, getText, putAscii, putUtf16, UTF16, UTF8, utf8Length } from './text.ts'

/** A block may have this many bytes: 1 GiB. */
export const MAX_BLOCK_BYTES: number = 2 ** 30

/**
 * A growing block of bytes. Fixed-width numbers are little-endian; a varint has 7 bits a byte, the lowest first, and at most
 * 53 bits in all; zigzag puts the sign into bit 0.
 *
 * `shapes` holds the names of object fields that the block has seen: `reset` and `take` empty it, so a block can be read on its
 * own. A writer is reused; it never shrinks.
 */
export class ByteWriter {
  bytes: Uint8Array
  /** Where the next byte goes, which is also the size so far. */
  position: number = 0
  readonly shapes: WriterShapes = new WriterShapes()
  #view: DataView

  constructor(initialBytes: number = 256) {
    this.bytes = new Uint8Array(initialBytes)
    this.#view = new DataView(this.bytes.buffer)
  }

  /** Begins a new block; what `view` gave is overwritten. */
  reset(): void {
    this.position = 0
    this.shapes.clear()
  }

  /** Takes back what was written since `position` was this and `shapes` had so many. */
  rollback(position: number, shapeCount: number): void {
    this.position = position
    this.shapes.truncate(shapeCount)
  }

  /** The block so far, without a copy: good until the next write or reset. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.position)
  }

  /** A copy of the block of its exact size, in a buffer of its own that may be transferred; then `reset`. */
  take(): Uint8Array {
    const block = this.bytes.slice(0, this.position)
    this.reset()
    return block
  }

  /**
   * Makes room for `count` more bytes. Only needed by those who write into `bytes` themselves.
   * @throws {UNSUPPORTED_VALUE} beyond {@link MAX_BLOCK_BYTES}
   */
  ensure(count: number): void {
    if (this.position + count > this.bytes.length) this.#grow(this.position + count)
  }

  #grow(needed: number): void {
    if (needed > MAX_BLOCK_BYTES)
      throw new StreamError('UNSUPPORTED_VALUE', `A value or block needs more than ${MAX_BLOCK_BYTES} bytes. Split it into smaller ones.`)
    const grown = new Uint8Array(Math.min(MAX_BLOCK_BYTES, Math.max(needed, this.bytes.length * 2)))
    grown.set(this.bytes.subarray(0, this.position))
    this.bytes = grown
    this.#view = new DataView(grown.buffer)
  }

  u8(value: number): void {
    this.ensure(1)
    this.bytes[this.position++] = value
  }

  u16(value: number): void {
    this.ensure(2)
    this.#view.setUint16(this.position, value, true)
    this.position += 2
  }

  u32(value: number): void {
    this.ensure(4)
    this.#view.setUint32(this.position, value, true)
    this.position += 4
  }

  i32(value: number): void {
    this.ensure(4)
    this.#view.setInt32(this.position, value, true)
    this.position += 4
  }

  /** Overwrites four bytes written before, such as a length known only now. */
  setU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true)
  }

  /** A NaN is always written with the same bits. */
  f64(value: number): void {
    this.ensure(8)
    if (value === value) this.#view.setFloat64(this.position, value, true)
    else this.#view.setBigUint64(this.position, 0x7ff8000000000000n, true)
    this.position += 8
  }

  i64(value: bigint): void {
    this.ensure(8)
    this.#view.setBigInt64(this.position, value, true)
    this.position += 8
  }

  /** A whole number from 0 to 2^53 - 1; not checked. */
  varint(value: number): void {
    this.ensure(8)
    const bytes = this.bytes
    let at = this.position
    let rest = value
    if (value > 0x7fffffff) {
      // Four bytes off the low end, so that the rest is small enough for shifts. A remainder by % would take 30 ns.
      rest = Math.floor(value / 0x10000000)
      const low = value - rest * 0x10000000
      bytes[at++] = low | 0x80
      bytes[at++] = (low >> 7) | 0x80
      bytes[at++] = (low >> 14) | 0x80
      bytes[at++] = (low >> 21) | 0x80
    }
    for (; rest > 0x7f; rest >>= 7) bytes[at++] = rest | 0x80
    bytes[at++] = rest
    this.position = at
  }

  /** A safe integer; not checked; -0 becomes 0. The first byte holds the sign and 6 bits: twice the number may not be safe. */
  zigzag(value: number): void {
    if (value >= -0x40000000 && value < 0x40000000) return this.varint((value << 1) ^ (value >> 31))
    this.ensure(9)
    const bytes = this.bytes
    const magnitude = value < 0 ? -(value + 1) : value
    let rest = Math.floor(magnitude / 0x8000000)
    const low = magnitude - rest * 0x8000000
    let at = this.position
    bytes[at++] = ((low & 0x3f) << 1) | (value < 0 ? 1 : 0) | 0x80
    bytes[at++] = (low >> 6) | 0x80
    bytes[at++] = (low >> 13) | 0x80
    bytes[at++] = (low >> 20) | 0x80
    for (; rest > 0x7f; rest >>= 7) bytes[at++] = rest | 0x80
    bytes[at++] = rest
    this.position = at
  }

  /** The bytes themselves, without their length. */
  raw(bytes: Uint8Array): void {
    this.ensure(bytes.length)
    this.bytes.set(bytes, this.position)
    this.position += bytes.length
  }

  /** Header and bytes of a text of any kind, lone surrogates included; the layout is in text.ts. */
  text(text: string): void {
    const length = text.length
    this.ensure(length * 3 + 8)
    const start = this.position
    if (length < 32) this.bytes[this.position++] = length << 2
    else this.varint(length * 4 + ASCII)
    if (putAscii(text, this.bytes, this.position)) {
      this.position += length
      return
    }
    this.position = start
    this.#wideText(text)
  }

  #wideText(text: string): void {
    const utf8Bytes = utf8Length(text)
    const byteLength = utf8Bytes === -1 ? text.length * 2 : utf8Bytes
    this.varint(byteLength * 4 + (utf8Bytes === -1 ? UTF16 : UTF8))
    this.ensure(text.length * 3)
    if (utf8Bytes === -1) putUtf16(text, this.bytes, this.position)
    else putUtf8(text, this.bytes, this.position)
    this.position += byteLength
  }
}

/**
 * Reads `bytes[start, end)`. Whatever the bytes are, a method returns a value or throws `CHECKPOINT_CORRUPT` with the offset;
 * every length is compared with what remains before anything is allocated. Callers add the name of the file.
 */
export class ByteReader {
  bytes: Uint8Array
  position: number
  /** Outside. */
  end: number
  readonly shapes: ReaderShapes = new ReaderShapes()
  #view: DataView

  constructor(bytes: Uint8Array, start: number = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.position = start
    this.end = Math.min(end, bytes.length)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Begins with another block. */
  reset(bytes: Uint8Array, start: number = 0, end: number = bytes.length): void {
    if (bytes !== this.bytes) this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.bytes = bytes
    this.position = start
    this.end = Math.min(end, bytes.length)
    this.shapes.clear()
  }

  get remaining(): number {
    return this.end - this.position
  }

  /** @throws {CHECKPOINT_CORRUPT} always, with the offset */
  corrupt(what: string): never {
    throw new StreamError('CHECKPOINT_CORRUPT', `The bytes are damaged at offset ${this.position}: ${what}.`, {
      details: { offset: this.position },
    })
  }

  /** Moves over `count` bytes and returns where they begin. */
  advance(count: number): number {
    const at = this.position
    if (count > this.end - at) this.corrupt(`${count} bytes are wanted and ${this.end - at} are left`)
    this.position = at + count
    return at
  }

  /** To be called at the end of a block: nothing may be left. */
  expectEnd(): void {
    if (this.position !== this.end) this.corrupt(`${this.remaining} bytes are left over`)
  }

  u8(): number {
    return this.bytes[this.position < this.end ? this.position++ : this.advance(1)] as number
  }

  u16(): number {
    return this.#view.getUint16(this.advance(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.advance(4), true)
  }

  i32(): number {
    return this.#view.getInt32(this.advance(4), true)
  }

  f64(): number {
    return this.#view.getFloat64(this.advance(8), true)
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.advance(8), true)
  }

  varint(): number {
    const first = this.u8()
    if (first < 0x80) return first
    const second = this.u8()
    if (second < 0x80) return second === 0 ? this.#needless() : (first & 0x7f) | (second << 7)
    return this.#rest((first & 0x7f) | ((second & 0x7f) << 7), 14)
  }

  /** Further bytes of a varint; refuses more than 53 bits and needless zero bytes at its end: one number, one encoding. */
  #rest(first: number, firstBits: number): number {
    let low = first
    let bits = firstBits
    for (; bits < 27; bits += 7) {
      const byte = this.u8()
      low |= (byte & 0x7f) << bits
      if (byte < 0x80) return byte === 0 ? this.#needless() : low
    }
    let high = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8()
      high |= (byte & 0x7f) << shift
      if (byte >= 0x80) continue
      const value = low + high * 2 ** bits
      if (byte === 0) return this.#needless()
      return value <= Number.MAX_SAFE_INTEGER ? value : this.#tooLong()
    }
    return this.#tooLong()
  }

  #needless(): never {
    return this.corrupt('a number is longer than it need be')
  }

  #tooLong(): never {
    return this.corrupt('a number has more than 53 bits')
  }

  zigzag(): number {
    const first = this.u8()
    const low = (first >> 1) & 0x3f
    const magnitude = first < 0x80 ? low : this.#rest(low, 6)
    if ((first & 1) === 0) return magnitude
    return magnitude === Number.MAX_SAFE_INTEGER ? this.#tooLong() : -magnitude - 1
  }

  /** A count of things of which each takes at least `bytesEach` bytes of this block. */
  count(bytesEach: number): number {
    const count = this.varint()
    if (count * bytesEach > this.remaining) this.corrupt(`${count} items cannot be in the ${this.remaining} bytes that are left`)
    return count
  }

  /** The next bytes as a view of the block. */
  view(length: number): Uint8Array {
    const at = this.advance(length)
    return this.bytes.subarray(at, at + length)
  }

  /** The next bytes as a copy of its own. */
  copy(length: number): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(length > this.remaining ? this.advance(length) : length)
    copy.set(this.view(length))
    return copy
  }

  /** A text written by {@link ByteWriter.text}: a string of its own, never a slice of a longer one. */
  text(): string {
    const header = this.varint()
    const start = this.advance(Math.floor(header / 4))
    const text = getText(header % 4, this.bytes, start, this.position)
    return text ?? this.corrupt('a text has bytes that are none')
  }
}
