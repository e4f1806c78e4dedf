import type { Digest } from '../core/env.ts'
import { invariant, messageOf, StreamError } from '../core/errors.ts'
import { ByteReader, ByteWriter } from '../serde/bytes.ts'

/**
 * A chunk file: the blocks of one checkpoint, of any operators and key groups, such that those of a few groups can be read alone
 * and everything read is known to be what was written.
 *
 * STATE FORMAT:
 *
 *     file     head, frames ascending by operator (code units) and group, index, trailer
 *     head     "MRCHUNK1" (8 bytes), body length u32, body crc u32; body: name (text), epoch, checkpoint
 *     frame    body length u32, body crc u32; body: operator (text), group, the block (to the end of the body)
 *     index    operator count, operators (texts), entry count; each entry: operator number, group, offset of the frame,
 *              its length, entries in the block
 *     trailer  32 bytes: index offset f64, file length f64, index length u32, index crc u32, crc u32 of these 24 bytes, "1KNU"
 *
 * Numbers are varints unless said otherwise. Every crc but that of the head begins with the crc of the head, so that a piece of
 * another file, however alike, is never taken for one of this file. No byte lies outside of all of them.
 */
const MAGIC = 'MRCHUNK1'
const HEAD_BYTES = 16
const FRAME_BYTES = 8
const TRAILER_BYTES = 32
const TRAILER_MAGIC = 0x554e4b31

export interface ChunkPart {
  readonly operator: string
  readonly group: number
  /** A block as in format.ts. */
  readonly bytes: Uint8Array
  readonly entries: number
}

/** Where the block of one operator and group lies. */
export interface ChunkEntry {
  readonly operator: string
  readonly group: number
  readonly offset: number
  /** Of the frame. */
  readonly length: number
  readonly entries: number
}

export interface ChunkIndex {
  readonly name: string
  readonly epoch: number
  readonly checkpoint: number
  readonly entries: readonly ChunkEntry[]
  /** With which the crcs of this file begin. */
  readonly seed: number
}

export interface BuiltChunk {
  /** To be written one after the other. */
  readonly bytes: readonly Uint8Array[]
  readonly sizeBytes: number
  readonly sha256: string
  readonly index: ChunkIndex
}

/** Parts may come in any order; one for each operator and group. */
export function buildChunk(chunk: { readonly name: string; readonly epoch: number; readonly checkpoint: number; readonly parts: readonly ChunkPart[] }, digest: Digest): BuiltChunk {
  const parts = [...chunk.parts].sort((a, b) => (a.operator < b.operator ? -1 : a.operator > b.operator ? 1 : a.group - b.group))
  const output = new Output()
  const { bytes: head, seed } = headOf(chunk, digest)
  output.add(head)
  const entries: ChunkEntry[] = []
  for (const [i, part] of parts.entries()) {
    const { operator, group } = part
    invariant(i === 0 || parts[i - 1]?.operator !== operator || parts[i - 1]?.group !== group, 'a chunk has two blocks of one operator and group')
    const offset = output.size
    addFrame(output, part, seed, digest)
    entries.push({ operator, group, offset, length: output.size - offset, entries: part.entries })
  }
  addIndex(output, entries, seed, digest)
  const bytes = output.finish()
  return { bytes, sizeBytes: output.size, sha256: digest.sha256(bytes), index: { name: chunk.name, epoch: chunk.epoch, checkpoint: chunk.checkpoint, entries, seed } }
}

function headOf(chunk: { readonly name: string; readonly epoch: number; readonly checkpoint: number }, digest: Digest): { bytes: Uint8Array; seed: number } {
  const body = new ByteWriter(64)
  body.text(chunk.name)
  body.varint(chunk.epoch)
  body.varint(chunk.checkpoint)
  const seed = digest.crc32(body.view())
  const head = new ByteWriter(HEAD_BYTES + body.position)
  for (const letter of MAGIC) head.u8(letter.charCodeAt(0))
  head.u32(body.position)
  head.u32(seed)
  head.raw(body.view())
  return { bytes: head.take(), seed }
}

function addFrame(output: Output, part: ChunkPart, seed: number, digest: Digest): void {
  const own = new ByteWriter(FRAME_BYTES + part.operator.length + 8)
  own.u32(0)
  own.u32(0)
  own.text(part.operator)
  own.varint(part.group)
  own.setU32(0, own.position - FRAME_BYTES + part.bytes.length)
  own.setU32(4, digest.crc32(part.bytes, digest.crc32(own.view().subarray(FRAME_BYTES), seed)))
  output.add(own.view())
  output.add(part.bytes)
}

function addIndex(output: Output, entries: readonly ChunkEntry[], seed: number, digest: Digest): void {
  const operators = [...new Set(entries.map((entry) => entry.operator))]
  const numbers = new Map(operators.map((operator, number) => [operator, number]))
  const index = new ByteWriter(64 + entries.length * 12)
  index.varint(operators.length)
  for (const operator of operators) index.text(operator)
  index.varint(entries.length)
  for (const entry of entries) {
    for (const number of [numbers.get(entry.operator) as number, entry.group, entry.offset, entry.length, entry.entries]) index.varint(number)
  }
  const trailer = new ByteWriter(TRAILER_BYTES)
  trailer.f64(output.size)
  trailer.f64(output.size + index.position + TRAILER_BYTES)
  trailer.u32(index.position)
  trailer.u32(digest.crc32(index.view(), seed))
  trailer.u32(digest.crc32(trailer.view(), seed))
  trailer.u32(TRAILER_MAGIC)
  output.add(index.view())
  output.add(trailer.view())
}

/** Gathers small pieces into larger ones; large ones are passed on as they are. */
class Output {
  size: number = 0
  private readonly done: Uint8Array[] = []
  private open: Uint8Array = new Uint8Array(0)
  private used: number = 0

  add(bytes: Uint8Array): void {
    this.size += bytes.length
    if (bytes.length > LARGE_BYTES) {
      this.close()
      this.done.push(bytes)
      return
    }
    if (this.open.length - this.used < bytes.length) {
      this.close()
      this.open = new Uint8Array(SLAB_BYTES)
      this.used = 0
    }
    this.open.set(bytes, this.used)
    this.used += bytes.length
  }

  private close(): void {
    if (this.used > 0) this.done.push(this.open.subarray(0, this.used))
    this.open = this.open.subarray(this.used)
    this.used = 0
  }

  finish(): Uint8Array[] {
    this.close()
    return this.done
  }
}

const LARGE_BYTES = 16384
const SLAB_BYTES = 131072

// ---------------------------------------------------------------- reading

/** Bytes `[offset, offset + length)` of a file; fewer when it ends before. */
export type ReadRange = (offset: number, length: number) => Promise<Uint8Array>

export interface ExpectedChunk {
  readonly name: string
  readonly sizeBytes: number
}

/**
 * Head and index of a file, in three reads, whatever its size.
 * @throws {CHECKPOINT_CORRUPT} unless it is the file of this name and size
 */
export async function readChunkIndex(expected: ExpectedChunk, read: ReadRange, digest: Digest): Promise<ChunkIndex> {
  const exact = await exactly(expected, read)
  const start = await exact(0, Math.min(expected.sizeBytes, 256))
  const trailer = await exact(Math.max(0, expected.sizeBytes - TRAILER_BYTES), Math.min(expected.sizeBytes, TRAILER_BYTES))
  return guardedAsync(expected.name, async () => {
    const headBytes = headLength(start)
    const head = headBytes <= start.length ? start : await exact(0, headBytes)
    const { epoch, checkpoint, seed } = readHead(head, expected.name, digest)
    const { offset, length, crc } = readTrailer(trailer, expected.sizeBytes, seed, digest)
    const index = await exact(offset, length)
    if (digest.crc32(index, seed) !== crc) fail('its index is damaged')
    return { name: expected.name, epoch, checkpoint, entries: readEntries(index, headBytes, offset), seed }
  })
}

/**
 * One block of a file.
 * @throws {CHECKPOINT_CORRUPT} unless it is the block of this operator and group of this file
 */
export async function readChunkBlock(index: ChunkIndex, entry: ChunkEntry, read: ReadRange, digest: Digest): Promise<Uint8Array> {
  const bytes = await read(entry.offset, entry.length)
  return chunkBlockOf(index, entry, bytes, digest)
}

/** The block in the bytes of its frame, for those who read several frames at once. */
export function chunkBlockOf(index: Pick<ChunkIndex, 'name' | 'seed'>, entry: ChunkEntry, frame: Uint8Array, digest: Digest): Uint8Array {
  return guarded(index.name, () => {
    const where = `the block of ${entry.operator}, key group ${entry.group}`
    if (frame.length !== entry.length) fail(`${where} ends after ${frame.length} of ${entry.length} bytes`)
    const reader = new ByteReader(frame)
    const length = reader.u32()
    const crc = reader.u32()
    if (length !== frame.length - FRAME_BYTES) fail(`${where} has another length than the index says`)
    if (digest.crc32(frame.subarray(FRAME_BYTES), index.seed) !== crc) fail(`${where} is damaged`)
    if (reader.text() !== entry.operator || reader.varint() !== entry.group) fail(`${where} is another one`)
    return frame.subarray(reader.position)
  })
}

/**
 * Checks every byte of a file.
 * @throws {CHECKPOINT_CORRUPT}
 */
export function verifyChunk(bytes: Uint8Array, expected: ExpectedChunk & { readonly sha256: string }, digest: Digest): ChunkIndex {
  return guarded(expected.name, () => {
    if (bytes.length !== expected.sizeBytes) fail(`it has ${bytes.length} bytes instead of ${expected.sizeBytes}`)
    if (digest.sha256([bytes]) !== expected.sha256) fail('its checksum is another one')
    const headBytes = headLength(bytes)
    const { epoch, checkpoint, seed } = readHead(bytes.subarray(0, headBytes), expected.name, digest)
    const { offset, length, crc } = readTrailer(bytes.subarray(bytes.length - TRAILER_BYTES), bytes.length, seed, digest)
    const indexBytes = bytes.subarray(offset, offset + length)
    if (digest.crc32(indexBytes, seed) !== crc) fail('its index is damaged')
    const index: ChunkIndex = { name: expected.name, epoch, checkpoint, entries: readEntries(indexBytes, headBytes, offset), seed }
    for (const entry of index.entries) chunkBlockOf(index, entry, bytes.subarray(entry.offset, entry.offset + entry.length), digest)
    return index
  })
}

async function exactly(expected: ExpectedChunk, read: ReadRange): Promise<ReadRange> {
  return async (offset, length) => {
    const bytes = await read(offset, length)
    if (bytes.length === length) return bytes
    throw corrupt(expected.name, `it ends after ${offset + bytes.length} bytes; ${expected.sizeBytes} were written`)
  }
}

function headLength(start: Uint8Array): number {
  if (start.length < HEAD_BYTES + TRAILER_BYTES) fail('it is too short')
  for (let i = 0; i < MAGIC.length; i++) if (start[i] !== MAGIC.charCodeAt(i)) fail('it does not begin as a chunk')
  return HEAD_BYTES + new ByteReader(start, MAGIC.length).u32()
}

function readHead(head: Uint8Array, name: string, digest: Digest): { epoch: number; checkpoint: number; seed: number } {
  const reader = new ByteReader(head, MAGIC.length)
  const length = reader.u32()
  const seed = reader.u32()
  reader.end = Math.min(reader.end, HEAD_BYTES + length)
  if (digest.crc32(head.subarray(HEAD_BYTES, reader.end)) !== seed) fail('its head is damaged')
  const own = reader.text()
  if (own !== name) fail(`it is the file ${JSON.stringify(own)}`)
  const epoch = reader.varint()
  const checkpoint = reader.varint()
  reader.expectEnd()
  return { epoch, checkpoint, seed }
}

function readTrailer(trailer: Uint8Array, sizeBytes: number, seed: number, digest: Digest): { offset: number; length: number; crc: number } {
  const reader = new ByteReader(trailer)
  const offset = reader.f64()
  const size = reader.f64()
  const length = reader.u32()
  const crc = reader.u32()
  if (digest.crc32(trailer.subarray(0, 24), seed) !== reader.u32() || reader.u32() !== TRAILER_MAGIC) fail('its end is damaged')
  if (size !== sizeBytes || offset + length + TRAILER_BYTES !== sizeBytes) fail(`it has ${sizeBytes} bytes instead of ${size}`)
  return { offset, length, crc }
}

/** The entries must cover the file from head to index, in order. */
function readEntries(index: Uint8Array, start: number, end: number): ChunkEntry[] {
  const reader = new ByteReader(index)
  const operators: string[] = []
  for (let left = reader.count(1); left > 0; left--) operators.push(reader.text())
  const entries: ChunkEntry[] = []
  let offset = start
  for (let left = reader.count(5); left > 0; left--) {
    const operator = operators[reader.varint()] ?? reader.corrupt('there is no such operator')
    const entry: ChunkEntry = { operator, group: reader.varint(), offset: reader.varint(), length: reader.varint(), entries: reader.varint() }
    if (entry.offset !== offset) reader.corrupt('a block does not begin where the one before it ends')
    offset += entry.length
    entries.push(entry)
  }
  reader.expectEnd()
  if (offset !== end) reader.corrupt('the blocks do not end where the index begins')
  return entries
}

/** Not an error of the outside: `guarded` names the file. */
function fail(what: string): never {
  throw new Error(what)
}

function corrupt(name: string, what: string, cause?: unknown): StreamError {
  return new StreamError('CHECKPOINT_CORRUPT', `The checkpoint file ${JSON.stringify(name)} is damaged or not the one that was written: ${what}. Restore it from a backup.`, { cause, details: { file: name } })
}

function named(name: string, error: unknown): unknown {
  return StreamError.is(error) && error.details?.['file'] !== undefined ? error : corrupt(name, messageOf(error), error)
}

function guarded<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw named(name, error)
  }
}

async function guardedAsync<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw named(name, error)
  }
}
