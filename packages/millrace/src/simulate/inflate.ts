/** Reads gzip data without Node's modules, for simulated processes. @source RFC 1951 (deflate), RFC 1952 (gzip); zlib's contrib/puff */
import type { Gunzip } from '../core/env.ts'
import { plainDigest } from './digest.ts'

const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258]
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCES = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385,
  24577,
]
const DISTANCE_BITS = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13]
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** Gathers all and gives all at the end: a simulated file is small. */
export class PlainGunzip implements Gunzip {
  readonly #bytes: number[] = []

  push(bytes: Uint8Array): Promise<Uint8Array> {
    for (const byte of bytes) this.#bytes.push(byte)
    return Promise.resolve(new Uint8Array(0))
  }

  async end(): Promise<Uint8Array> {
    return gunzip(Uint8Array.from(this.#bytes))
  }

  close(): void {}
}

function gunzip(bytes: Uint8Array): Uint8Array {
  const out: number[] = []
  let at = 0
  do at = member(bytes, at, out)
  while (at < bytes.length && bytes[at] !== 0)
  if (bytes.subarray(at).some((byte) => byte !== 0)) throw new Error('there is something else after its end')
  return Uint8Array.from(out)
}

function member(bytes: Uint8Array, from: number, out: number[]): number {
  const reader = new BitReader(bytes, from)
  if (reader.byte() !== 0x1f || reader.byte() !== 0x8b || reader.byte() !== 8) throw new Error('incorrect header check')
  const flags = reader.byte()
  reader.at += 6
  if ((flags & 4) !== 0) reader.at += reader.byte() + 256 * reader.byte()
  for (const flag of [8, 16]) if ((flags & flag) !== 0) while (reader.byte() !== 0) continue
  if ((flags & 2) !== 0) reader.at += 2
  const start = out.length
  while (!block(reader, out)) continue
  reader.align()
  const given = Uint8Array.from(out.slice(start))
  if (reader.word() !== plainDigest.crc32(given)) throw new Error('incorrect data check')
  if (reader.word() !== given.length % 2 ** 32) throw new Error('incorrect length check')
  return reader.at
}

class BitReader {
  at: number
  readonly #bytes: Uint8Array
  #bits = 0
  #count = 0

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  byte(): number {
    const byte = this.#bytes[this.at++]
    if (byte === undefined) throw new Error('unexpected end of file')
    return byte
  }

  word(): number {
    return (this.byte() + 2 ** 8 * this.byte() + 2 ** 16 * this.byte() + 2 ** 24 * this.byte()) >>> 0
  }

  bits(need: number): number {
    while (this.#count < need) {
      this.#bits += this.byte() * 2 ** this.#count
      this.#count += 8
    }
    const value = this.#bits % 2 ** need
    this.#bits = Math.floor(this.#bits / 2 ** need)
    this.#count -= need
    return value
  }

  align(): void {
    this.#bits = 0
    this.#count = 0
  }
}

/** True for the last one. */
function block(reader: BitReader, out: number[]): boolean {
  const isLast = reader.bits(1) === 1
  const kind = reader.bits(2)
  if (kind === 0) stored(reader, out)
  else if (kind === 1) coded(reader, out, fixedLengths, fixedDistances)
  else if (kind === 2) dynamic(reader, out)
  else throw new Error('invalid block type')
  return isLast
}

function stored(reader: BitReader, out: number[]): void {
  reader.align()
  const length = reader.byte() + 256 * reader.byte()
  if ((length ^ 0xffff) !== reader.byte() + 256 * reader.byte()) throw new Error('invalid stored block lengths')
  for (let left = length; left > 0; left--) out.push(reader.byte())
}

/** Canonical codes: how many there are of each length, and their symbols in order. */
interface Codes {
  readonly counts: readonly number[]
  readonly symbols: readonly number[]
}

function codesOf(lengths: readonly number[]): Codes {
  const counts = Array.from({ length: 16 }, (_zero, length) => lengths.filter((each) => each === length).length)
  const symbols = [...lengths.keys()]
    .filter((symbol) => lengths[symbol] !== 0)
    .sort((a, b) => (lengths[a] as number) - (lengths[b] as number) || a - b)
  return { counts, symbols }
}

const fixedLengths = codesOf(Array.from({ length: 288 }, (_zero, at) => (at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8)))
const fixedDistances = codesOf(Array.from({ length: 30 }, () => 5))

function symbol(reader: BitReader, { counts, symbols }: Codes): number {
  let [code, first, index] = [0, 0, 0]
  for (let length = 1; length <= 15; length++) {
    code = code * 2 + reader.bits(1)
    const count = counts[length] as number
    if (code - count < first) return symbols[index + code - first] as number
    index += count
    first = (first + count) * 2
  }
  throw new Error('invalid code')
}

function dynamic(reader: BitReader, out: number[]): void {
  const [literals, distances, codes] = [reader.bits(5) + 257, reader.bits(5) + 1, reader.bits(4) + 4]
  const codeLengths = Array.from({ length: 19 }, () => 0)
  for (let index = 0; index < codes; index++) codeLengths[CODE_ORDER[index] as number] = reader.bits(3)
  const lengthCodes = codesOf(codeLengths)
  const lengths: number[] = []
  while (lengths.length < literals + distances) {
    const next = symbol(reader, lengthCodes)
    if (next < 16) lengths.push(next)
    else {
      const value = next === 16 ? (lengths.at(-1) ?? 0) : 0
      const times = next === 16 ? 3 + reader.bits(2) : next === 17 ? 3 + reader.bits(3) : 11 + reader.bits(7)
      for (let left = times; left > 0; left--) lengths.push(value)
    }
  }
  coded(reader, out, codesOf(lengths.slice(0, literals)), codesOf(lengths.slice(literals, literals + distances)))
}

function coded(reader: BitReader, out: number[], lengthCodes: Codes, distanceCodes: Codes): void {
  for (let next = symbol(reader, lengthCodes); next !== 256; next = symbol(reader, lengthCodes)) {
    if (next < 256) {
      out.push(next)
      continue
    }
    const length = (LENGTHS[next - 257] as number) + reader.bits(LENGTH_BITS[next - 257] as number)
    const code = symbol(reader, distanceCodes)
    const distance = (DISTANCES[code] as number) + reader.bits(DISTANCE_BITS[code] as number)
    if (!(distance <= out.length)) throw new Error('invalid distance too far back')
    for (let left = length; left > 0; left--) out.push(out[out.length - distance] as number)
  }
}
