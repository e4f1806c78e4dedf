import type { Digest } from '../core/env.ts'

/** Checksums without Node's modules. @source RFC 1952 (CRC-32); FIPS 180-4 (SHA-256) */
export const plainDigest: Digest = { crc32, sha256 }

const crcTable = Uint32Array.from({ length: 256 }, (_zero, index) => {
  let crc = index
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  return crc
})

function crc32(bytes: Uint8Array, seed: number = 0): number {
  let crc = ~seed
  for (let index = 0; index < bytes.length; index++) crc = (crc >>> 8) ^ (crcTable[(crc ^ (bytes[index] as number)) & 255] as number)
  return ~crc >>> 0
}

const BLOCK = 64
const roundConstants = primes(64).map((prime) => fraction(Math.cbrt(prime)))
const firstState = primes(8).map((prime) => fraction(Math.sqrt(prime)))

function sha256(parts: readonly Uint8Array[]): string {
  let length = 0
  for (const part of parts) length += part.length
  const padded = new Uint8Array(Math.ceil((length + 9) / BLOCK) * BLOCK)
  let at = 0
  for (const part of parts) {
    padded.set(part, at)
    at += part.length
  }
  padded[length] = 0x80
  const view = new DataView(padded.buffer)
  view.setBigUint64(padded.length - 8, BigInt(length) * 8n)
  const state = Int32Array.from(firstState)
  const schedule = new Int32Array(64)
  for (let block = 0; block < padded.length; block += BLOCK) compress(state, schedule, view, block)
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
}

function compress(state: Int32Array, w: Int32Array, view: DataView, block: number): void {
  for (let t = 0; t < 16; t++) w[t] = view.getInt32(block + 4 * t)
  for (let t = 16; t < 64; t++) {
    const x = w[t - 15] as number
    const y = w[t - 2] as number
    w[t] =
      (w[t - 16] as number) +
      (rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)) +
      (w[t - 7] as number) +
      (rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10))
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number]
  for (let t = 0; t < 64; t++) {
    const one =
      (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + (roundConstants[t] as number) + (w[t] as number)) | 0
    const two = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + one) | 0
    d = c
    c = b
    b = a
    a = (one + two) | 0
  }
  for (const [index, word] of [a, b, c, d, e, f, g, h].entries()) state[index] = (state[index] as number) + word
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by))
}

/** The first 32 bits after the point. */
function fraction(value: number): number {
  return ((value - Math.floor(value)) * 2 ** 32) | 0
}

function primes(count: number): number[] {
  const found: number[] = []
  for (let candidate = 2; found.length < count; candidate++) if (found.every((prime) => candidate % prime !== 0)) found.push(candidate)
  return found
}
