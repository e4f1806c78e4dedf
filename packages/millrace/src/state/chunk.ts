/**
 * A chunk: the blocks of a snapshot, or of a merge, as one immutable file with an index, so that a restore at another parallelism
 * reads no more than its own key groups.
 *
 * STATE FORMAT:
 *
 *     chunk    "MRCK", 1 (u8), name (text), epoch, checkpoint; blocks, one after the other; index; trailer
 *     index    operator count; each: address (text), block count; each: group, offset, bytes, entries, crc32 (u32)
 *     trailer  byte length of the index (u32), "KCRM"
 *
 * Numbers are varints unless said otherwise. Operators are in order of their addresses, blocks in order of groups, and the blocks
 * of one operator lie next to each other. The SHA-256 of a chunk, which the manifest holds, is over header, index and trailer;
 * the index holds the CRC-32 of each block. So every byte is covered, and reading a range does not need the rest.
 */
import type { Digest } from '../core/env.ts'
import { messageOf, StreamError } from '../core/errors.ts'
import { formatError } from '../core/format-error.ts'
import { ByteReader, ByteWriter } from '../serde/bytes.ts'
import type { StateBlock } from './contract.ts'

const MAGIC = 0x4b43524d
const TRAILER_MAGIC = 0x4d52434b
export const CHUNK_FORMAT = 1
const TRAILER_BYTES = 8
const MAX_HEADER_BYTES = 512

/** A block with the operator that it belongs to. */
export interface ChunkPart extends StateBlock {
  readonly operator: string
  /** Of the bytes, where somebody has taken the time before. */
  readonly crc32?: number
}
export interface IndexedBlock {
  readonly group: number
  readonly offset: number
  readonly bytes: number
  readonly entries: number
  readonly crc32: number
}
export interface ChunkIndex {
  /** What messages call it. */
  readonly file: string
  readonly name: string
  readonly epoch: number
  readonly checkpoint: number
  /** Blocks by operator, ascending by group. */
  readonly operators: ReadonlyMap<string, readonly IndexedBlock[]>
}
export interface BuiltChunk {
  readonly bytes: readonly Uint8Array[]
  readonly sizeBytes: number
  readonly sha256: string
  readonly index: ChunkIndex
}
/** Bytes [start, end) of the file; fewer only where it ends. */
export type ReadRange = (start: number, end: number) => Promise<Uint8Array>

/** Nothing of a block is copied. */
export function buildChunk(
  of: { readonly name: string; readonly epoch: number; readonly checkpoint: number; readonly parts: readonly ChunkPart[] },
  digest: Digest,
): BuiltChunk {
  const { name, epoch, checkpoint } = of
  const header = headerOf(name, epoch, checkpoint)
  const parts = [...of.parts].sort((a, b) => (a.operator < b.operator ? -1 : a.operator > b.operator ? 1 : a.group - b.group))
  const operators = new Map<string, IndexedBlock[]>()
  let offset = header.length
  for (const { operator, group, bytes, entries, crc32 } of parts) {
    const blocks = operators.get(operator) ?? []
    operators.set(operator, blocks)
    blocks.push({ group, offset, bytes: bytes.length, entries, crc32: crc32 ?? digest.crc32(bytes) })
    offset += bytes.length
  }
  const tail = tailOf(operators)
  return {
    bytes: [header, ...parts.map((part) => part.bytes), tail],
    sizeBytes: offset + tail.length,
    sha256: digest.sha256([header, tail]),
    index: { file: name, name, epoch, checkpoint, operators },
  }
}

function headerOf(name: string, epoch: number, checkpoint: number): Uint8Array {
  const writer = new ByteWriter(128)
  writer.u32(MAGIC)
  writer.u8(CHUNK_FORMAT)
  writer.text(name)
  writer.varint(epoch)
  writer.varint(checkpoint)
  return writer.take()
}

function tailOf(operators: ReadonlyMap<string, readonly IndexedBlock[]>): Uint8Array {
  const writer = new ByteWriter(1024)
  writer.varint(operators.size)
  for (const [address, blocks] of operators) {
    writer.text(address)
    writer.varint(blocks.length)
    for (const block of blocks) {
      writer.varint(block.group)
      writer.varint(block.offset)
      writer.varint(block.bytes)
      writer.varint(block.entries)
      writer.u32(block.crc32)
    }
  }
  writer.u32(writer.position)
  writer.u32(TRAILER_MAGIC)
  return writer.take()
}

/** What a manifest says about a chunk, and what messages call its file. */
export interface ExpectedChunk {
  readonly file: string
  readonly name: string
  readonly sizeBytes: number
  readonly sha256: string
}

/**
 * Reads and verifies header and index: that it is this chunk and no other, of this length.
 * @throws {CHECKPOINT_CORRUPT | CHECKPOINT_FORMAT} naming the file
 */
export async function readChunkIndex(expected: ExpectedChunk, read: ReadRange, digest: Digest): Promise<ChunkIndex> {
  const { sizeBytes } = expected
  if (sizeBytes < TRAILER_BYTES) throw corrupt(expected.file, `it is said to have ${sizeBytes} bytes`)
  // One byte more than there should be: a longer file is not the one that was written.
  const trailer = await read(sizeBytes - TRAILER_BYTES, sizeBytes + 1)
  if (trailer.length !== TRAILER_BYTES) throw corrupt(expected.file, `it does not have the ${sizeBytes} bytes that were written`)
  const view = new DataView(trailer.buffer, trailer.byteOffset, trailer.byteLength)
  const indexBytes = view.getUint32(0, true)
  if (view.getUint32(4, true) !== TRAILER_MAGIC || indexBytes > sizeBytes - TRAILER_BYTES)
    throw corrupt(expected.file, 'its end is damaged')
  const tail = await read(sizeBytes - TRAILER_BYTES - indexBytes, sizeBytes)
  const start = await read(0, Math.min(MAX_HEADER_BYTES, sizeBytes))
  return parsed(expected, start, tail, digest)
}

function parsed(expected: ExpectedChunk, start: Uint8Array, tail: Uint8Array, digest: Digest): ChunkIndex {
  const { file } = expected
  try {
    const reader = new ByteReader(start)
    if (reader.u32() !== MAGIC) reader.corrupt('no chunk begins here')
    const format = reader.u8()
    if (format !== CHUNK_FORMAT) throw formatError({ what: file, found: format, known: CHUNK_FORMAT, file })
    const name = reader.text()
    const epoch = reader.varint()
    const checkpoint = reader.varint()
    if (name !== expected.name) reader.corrupt(`it is the chunk ${name}`)
    if (digest.sha256([start.subarray(0, reader.position), tail]) !== expected.sha256)
      reader.corrupt('its checksum is not the one that was written')
    return { file, name, epoch, checkpoint, operators: readIndex(new ByteReader(tail, 0, tail.length - TRAILER_BYTES)) }
  } catch (error) {
    if (StreamError.is(error) && error.code === 'CHECKPOINT_FORMAT') throw error
    throw corrupt(file, messageOf(error), error)
  }
}

function readIndex(reader: ByteReader): ReadonlyMap<string, readonly IndexedBlock[]> {
  const operators = new Map<string, readonly IndexedBlock[]>()
  for (let left = reader.count(2); left > 0; left--) {
    const address = reader.text()
    const blocks: IndexedBlock[] = []
    for (let count = reader.count(8); count > 0; count--)
      blocks.push({
        group: reader.varint(),
        offset: reader.varint(),
        bytes: reader.varint(),
        entries: reader.varint(),
        crc32: reader.u32(),
      })
    operators.set(address, blocks)
  }
  reader.expectEnd()
  return operators
}

/** A block that has been read. */
export interface ReadBlock {
  readonly group: number
  readonly entries: number
  /** Its bytes, once their checksum was found right: for all of a large chunk that takes longer than a turn. @throws {CHECKPOINT_CORRUPT} naming the file */
  readonly verified: () => Uint8Array
}

/** The blocks of an operator for some groups. */
export interface WantedBlocks {
  readonly operator: string
  /** Both inside. */
  readonly first: number
  readonly last: number
}

/** The blocks that are wanted, ascending by group, verified. @throws {CHECKPOINT_CORRUPT} naming the file */
export async function readChunkBlocks(
  index: ChunkIndex,
  of: WantedBlocks,
  read: ReadRange,
  digest: Digest,
): Promise<readonly StateBlock[]> {
  const blocks = await readUnverified(index, of, read, digest)
  return blocks.map(({ group, entries, verified }) => ({ group, entries, bytes: verified() }))
}

/** The same for those who verify block by block. One read, as they lie next to each other. */
export async function readUnverified(index: ChunkIndex, of: WantedBlocks, read: ReadRange, digest: Digest): Promise<readonly ReadBlock[]> {
  const wanted = (index.operators.get(of.operator) ?? []).filter(({ group }) => group >= of.first && group <= of.last)
  const from = wanted[0]
  const to = wanted.at(-1)
  if (from === undefined || to === undefined) return []
  const bytes = await read(from.offset, to.offset + to.bytes)
  return wanted.map(({ group, offset, bytes: size, entries, crc32 }) => {
    const at = offset - from.offset
    const own = bytes.subarray(at, at + size)
    return {
      group,
      entries,
      verified: () => {
        if (own.length !== size || digest.crc32(own) !== crc32)
          throw corrupt(index.file, `the state of ${of.operator} in key group ${group} is damaged`)
        return own
      },
    }
  })
}

/** Reads and verifies all of a chunk. @throws {CHECKPOINT_CORRUPT | CHECKPOINT_FORMAT} naming the file */
export async function verifyChunk(expected: ExpectedChunk, read: ReadRange, digest: Digest): Promise<ChunkIndex> {
  const index = await readChunkIndex(expected, read, digest)
  for (const operator of index.operators.keys())
    await readChunkBlocks(index, { operator, first: 0, last: Number.MAX_SAFE_INTEGER }, read, digest)
  return index
}

function corrupt(file: string, what: string, cause?: unknown): StreamError {
  return new StreamError('CHECKPOINT_CORRUPT', `${file} is damaged: ${what}. Restore it from a backup, or name an older checkpoint.`, {
    cause,
    details: { file },
  })
}
