/**
 * MurmurHash3 (x86, 32 bit, seed 0) and Flink's variant of it for one integer.
 *
 * STATE FORMAT: every function here decides in which key group a key lives. None may ever give another value.
 * Results are signed 32-bit integers, as in Java and as V8 keeps them without allocation.
 *
 * @source Austin Appleby, SMHasher, MurmurHash3_x86_32; Flink `MathUtils.murmurHash`
 */

/** What {@link murmur3Ascii} returns for a text that is not pure ASCII: outside the range of a hash. */
export const NOT_ASCII: number = 2 ** 32

const C1 = 0xcc9e2d51 | 0
const C2 = 0x1b873593

/** Takes one little-endian word of four bytes into the hash. */
export function murmurWord(hash: number, word: number): number {
  const k = Math.imul(word, C1)
  const h = hash ^ Math.imul((k << 15) | (k >>> 17), C2)
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

/** Takes the last one to three bytes (zero: nothing changes) and the length, and mixes. */
export function murmurEnd(hash: number, tail: number, byteLength: number): number {
  const k = Math.imul(tail, C1)
  let h = hash ^ Math.imul((k << 15) | (k >>> 17), C2) ^ byteLength
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** Hash of `bytes[start, end)`; the end is outside. */
export function murmur3(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
  let hash = 0
  let at = start
  for (const last = end - 4; at <= last; at += 4) {
    const word =
      (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
    hash = murmurWord(hash, word)
  }
  let tail = 0
  for (let shift = 0; at < end; at++, shift += 8) tail |= (bytes[at] as number) << shift
  return murmurEnd(hash, tail, end - start)
}

/**
 * Hash of `prefixLength` bytes (0 to 3, packed little-endian in `prefix`) followed by the text, one byte a character, without
 * writing any of them. Equal to {@link murmur3} over those bytes.
 * @returns {@link NOT_ASCII} when a character is above 127
 */
export function murmur3Ascii(text: string, prefix: number = 0, prefixLength: number = 0): number {
  const length = text.length
  let hash = 0
  let word = prefix
  let at = 0
  let seen = 0
  if (prefixLength > 0) {
    for (let shift = prefixLength << 3; shift < 32 && at < length; shift += 8) {
      const code = text.charCodeAt(at++)
      seen |= code
      word |= code << shift
    }
    if (prefixLength + length < 4) return seen > 127 ? NOT_ASCII : murmurEnd(0, word, prefixLength + length)
    hash = murmurWord(0, word)
    word = 0
  }
  for (const last = length - 4; at <= last; at += 4) {
    const a = text.charCodeAt(at)
    const b = text.charCodeAt(at + 1)
    const c = text.charCodeAt(at + 2)
    const d = text.charCodeAt(at + 3)
    seen |= a | b | c | d
    hash = murmurWord(hash, a | (b << 8) | (c << 16) | (d << 24))
  }
  for (let shift = 0; at < length; at++, shift += 8) {
    const code = text.charCodeAt(at)
    seen |= code
    word |= code << shift
  }
  return seen > 127 ? NOT_ASCII : murmurEnd(hash, word, prefixLength + length)
}

/**
 * Flink's hash of a 32-bit hash: murmur3 of its four bytes, made non-negative. In [0, 2^31).
 * @source Flink `MathUtils.murmurHash`; vectors in scripts/vectors.ts
 */
export function flinkMurmur(hash32: number): number {
  const h = murmurEnd(murmurWord(0, hash32), 0, 4)
  return h >= 0 ? h : h === -2147483648 ? 0 : -h
}
