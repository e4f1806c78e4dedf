/**
 * Writes scripts/fixtures/key-vectors.json: what the bytes and hashes of keys must be, for good. It was run once; running it again gives
 * the same file.
 *
 * It shares no line with the engine on purpose: every step is written in the plainest way, with bigints for 32-bit arithmetic,
 * so that a mistake would have to be made twice in two ways.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

type Key = string | number | bigint | boolean | readonly Key[]

// ---------------------------------------------------------------- bytes

function varint(value: bigint): number[] {
  return value < 128n ? [Number(value)] : [Number(value & 127n) + 128, ...varint(value >> 7n)]
}

function f64(value: number): number[] {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value, true)
  return Number.isNaN(value) ? [0, 0, 0, 0, 0, 0, 0xf8, 0x7f] : Array.from({ length: 8 }, (_, i) => view.getUint8(i))
}

function littleEndian(value: bigint, length: number): number[] {
  return Array.from({ length }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))
}

function text(value: string): number[] {
  const points = [...value].map((character) => character.codePointAt(0) as number)
  const isIllFormed = points.some((point) => point >= 0xd800 && point <= 0xdfff)
  const units = Array.from({ length: value.length }, (_, i) => value.charCodeAt(i))
  const bytes = isIllFormed ? units.flatMap((unit) => [unit % 256, Math.floor(unit / 256)]) : points.flatMap(utf8)
  const form = isIllFormed ? 2n : points.some((point) => point > 127) ? 1n : 0n
  return [...varint(BigInt(bytes.length) * 4n + form), ...bytes]
}

function utf8(point: number): number[] {
  if (point < 0x80) return [point]
  if (point < 0x800) return [0xc0 + Math.floor(point / 64), 0x80 + (point % 64)]
  if (point < 0x10000) return [0xe0 + Math.floor(point / 4096), 0x80 + (Math.floor(point / 64) % 64), 0x80 + (point % 64)]
  return [
    ...[0xf0 + Math.floor(point / 262144), 0x80 + (Math.floor(point / 4096) % 64)],
    ...[0x80 + (Math.floor(point / 64) % 64), 0x80 + (point % 64)],
  ]
}

function bigintBytes(value: bigint): number[] {
  if (value >= -(2n ** 63n) && value < 2n ** 63n) return [4, ...littleEndian(value < 0n ? value + 2n ** 64n : value, 8)]
  const magnitude = value < 0n ? -value : value
  let length = 0
  while (magnitude >> BigInt(8 * length) > 0n) length++
  return [5, ...varint(BigInt(length) * 2n + (value < 0n ? 1n : 0n)), ...littleEndian(magnitude, length)]
}

function keyBytes(key: Key): number[] {
  if (typeof key === 'string') return [3, ...text(key)]
  if (typeof key === 'boolean') return [key ? 7 : 6]
  if (typeof key === 'bigint') return bigintBytes(key)
  if (typeof key !== 'number') return [8, ...varint(BigInt(key.length)), ...key.flatMap(keyBytes)]
  if (!Number.isSafeInteger(key)) return [2, ...f64(key)]
  const value = BigInt(key)
  return [1, ...varint(value < 0n ? -value * 2n - 1n : value * 2n)]
}

// ---------------------------------------------------------------- hash

const M32 = 2n ** 32n

function rotate(value: bigint, by: bigint): bigint {
  return ((value << by) | (value >> (32n - by))) % M32
}

/** MurmurHash3_x86_32 with seed 0, after Austin Appleby's public description. */
function murmur(bytes: readonly number[]): bigint {
  let hash = 0n
  const whole = Math.floor(bytes.length / 4)
  for (let block = 0; block < whole; block++) {
    let k = 0n
    for (let i = 0; i < 4; i++) k += BigInt(bytes[block * 4 + i] as number) << BigInt(8 * i)
    hash ^= (rotate((k * 0xcc9e2d51n) % M32, 15n) * 0x1b873593n) % M32
    hash = (rotate(hash, 13n) * 5n + 0xe6546b64n) % M32
  }
  let tail = 0n
  for (let i = whole * 4; i < bytes.length; i++) tail += BigInt(bytes[i] as number) << BigInt(8 * (i - whole * 4))
  hash ^= (rotate((tail * 0xcc9e2d51n) % M32, 15n) * 0x1b873593n) % M32
  hash ^= BigInt(bytes.length)
  hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) % M32
  hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) % M32
  return hash ^ (hash >> 16n)
}

const signed = (hash: bigint): bigint => (hash >= 2n ** 31n ? hash - M32 : hash)

function keyGroup(hash: bigint, groups: bigint): number {
  const mixed = signed(murmur(littleEndian(hash, 4)))
  return Number((mixed === -(2n ** 31n) ? 0n : mixed < 0n ? -mixed : mixed) % groups)
}

// ---------------------------------------------------------------- keys

let state = 20_261_125n

/** A number from 0 to `below - 1`, the same sequence in each run. */
function draw(below: number): number {
  state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n
  return Number((state >> 33n) % BigInt(below))
}

const pick = <T>(list: readonly T[]): T => list[draw(list.length)] as T
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
const first50 = (edges: readonly Key[], make: (i: number) => Key): Key[] => [...edges, ...times(50, make)].slice(0, 50)
const bits = (count: number): bigint => times(count, () => BigInt(draw(2))).reduce((all, bit) => all * 2n + bit, 0n)

const asciiText = (length: number): string => times(length, () => String.fromCharCode(32 + draw(95))).join('')
const wideText = (length: number): string =>
  times(length, () => pick(['é', 'ß', '日', '本', '😀', '\u07ff', '\u0800', '\ufeff', 'a', ' '])).join('')
const illText = (length: number): string => `${wideText(length)}${pick(['\ud800', '\udfff', '\udc00\ud800'])}${asciiText(draw(4))}`
const scalar = (): Key =>
  pick<() => Key>([() => draw(1000), () => -draw(1e9), () => asciiText(draw(12)), () => wideText(3), () => bits(70), () => draw(2) === 1])()
const nested = (depth: number): Key => times(1 + draw(3), () => (depth > 0 && draw(2) === 1 ? nested(depth - 1) : scalar()))

const kinds: Readonly<Record<string, readonly Key[]>> = {
  integers: first50([0, 1, 63, 64, 127, 128, 255, 8191, 8192, 1048575, 1048576, 134217727, 134217728, 2147483646, 2147483647], () =>
    draw(2 ** 31),
  ),
  negatives: first50(
    [-0, -1, -2, -64, -65, -8192, -8193, -1048576, -1048577, -134217728, -134217729, -2147483647, -2147483648],
    () => -draw(2 ** 31),
  ),
  'beyond 31 bits': first50(
    [2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 40, 2 ** 52, 2 ** 53 - 1, -(2 ** 53) + 1, 1_700_000_000_000],
    (i) => (i % 2 === 0 ? 1 : -1) * Number(bits(32 + (i % 21)) + 2n ** 31n),
  ),
  floats: first50(
    [0.5, -0.5, 0.1, Number.NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 2 ** 63, 1e300, Number.MIN_VALUE, Number.MAX_VALUE],
    (i) => (draw(2 ** 30) + 0.25) / 2 ** (i % 40) - draw(1000),
  ),
  'ASCII texts': first50(
    ['', 'a', '\0', '\0\x08', '1', 'user-1', 'hello', 'x'.repeat(31), 'x'.repeat(32), 'x'.repeat(4095), 'x'.repeat(4096)],
    (i) => asciiText(i),
  ),
  'other texts': first50(
    ['é', '\u0080', '\ufeff', '日本語', '😀', 'x'.repeat(30) + 'é', 'é'.repeat(31), 'é'.repeat(2100)],
    (i) => `é${wideText(i)}`,
  ),
  'ill-formed texts': first50(['\ud800', '\udfff', '\udc00\ud800', 'a\ud800b', 'x'.repeat(40) + '\ud83d'], (i) => illText(i)),
  bigints: first50([0n, 1n, -1n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)], (i) => (i % 2 === 0 ? 1n : -1n) * bits(1 + i)),
  'large bigints': first50(
    [2n ** 63n, -(2n ** 63n) - 1n, 2n ** 64n, 2n ** 72n - 1n, 2n ** 72n],
    (i) => (i % 2 === 0 ? 1n : -1n) * (2n ** 64n + bits(65 + 5 * i)),
  ),
  booleans: [true, false, ...times(48, (i) => times(1 + (i % 6), () => draw(2) === 1))],
  tuples: first50([[], [0], ['0'], [1, 2], ['a', 'b'], [true, 1n]], (i) => times(1 + (i % 5), scalar)),
  'nested tuples': first50([[[]], [[], []], [[1], 2], [[1, 2]], [1, [2, [3, ['x']]]]], () => [nested(3), scalar()]),
}

// ---------------------------------------------------------------- file

/** JSON has no -0, NaN, bigint or lone surrogates that survive every tool: numbers as text, texts as code units. */
function asJson(key: Key): unknown {
  if (typeof key === 'number') return { number: Object.is(key, -0) ? '-0' : String(key) }
  if (typeof key === 'bigint') return { bigint: String(key) }
  if (typeof key === 'string') return { text: Array.from({ length: key.length }, (_, i) => key.charCodeAt(i).toString(16)).join(' ') }
  return typeof key === 'boolean' ? key : key.map(asJson)
}

const lines = Object.entries(kinds).flatMap(([kind, keys]) =>
  keys.map((key) => {
    const bytes = keyBytes(key)
    const hash = murmur(bytes)
    return JSON.stringify({
      kind,
      key: asJson(key),
      bytes: Buffer.from(bytes).toString('hex'),
      hash: Number(signed(hash)),
      group128: keyGroup(hash, 128n),
      group1024: keyGroup(hash, 1024n),
    })
  }),
)
writeFileSync(fileURLToPath(new URL('fixtures/key-vectors.json', import.meta.url)), `[\n${lines.join(',\n')}\n]\n`)
process.stdout.write(`${lines.length} vectors of ${Object.keys(kinds).length} kinds\n`)
