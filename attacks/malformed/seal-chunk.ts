/** Makes a changed chunk whole: behind a wrong checksum of a block nothing more of it would be read. */
import type { Digest } from '../../packages/millrace/src/core/env.ts'
import { ByteReader } from '../../packages/millrace/src/serde/bytes.ts'

const TRAILER_BYTES = 8
const TRAILER_MAGIC = 0x4d52434b

/** The end says that it is one; each block that the index names has its checksum, as far as the index can be read. */
export function sealedChunk(bytes: Uint8Array, digest: Pick<Digest, 'crc32'>): Uint8Array {
  const sealed = bytes.slice()
  if (sealed.length < TRAILER_BYTES) return sealed
  const view = new DataView(sealed.buffer)
  view.setUint32(sealed.length - 4, TRAILER_MAGIC, true)
  const end = sealed.length - TRAILER_BYTES
  const indexBytes = view.getUint32(end, true)
  if (indexBytes > end) return sealed
  try {
    sealBlocks(sealed, new ByteReader(sealed, end - indexBytes, end), digest)
  } catch {
    // What comes behind cannot be read.
  }
  return sealed
}

function sealBlocks(sealed: Uint8Array, reader: ByteReader, digest: Pick<Digest, 'crc32'>): void {
  const view = new DataView(sealed.buffer)
  for (let operators = reader.varint(); operators > 0; operators--) {
    reader.text()
    for (let blocks = reader.varint(); blocks > 0; blocks--) {
      const [, offset, size] = [reader.varint(), reader.varint(), reader.varint(), reader.varint()] as const
      view.setUint32(reader.position, digest.crc32(sealed.subarray(offset, offset + size)), true)
      reader.u32()
    }
  }
}
