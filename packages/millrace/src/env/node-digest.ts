import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Digest } from '../core/env.ts'

export const nodeDigest: Digest = {
  crc32: (bytes, seed = 0) => crc32(bytes, seed),
  sha256: (parts) => {
    const hash = createHash('sha256')
    for (const part of parts) hash.update(part)
    return hash.digest('hex')
  },
}
