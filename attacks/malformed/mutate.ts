/** Valid samples made invalid, or valid in another way: one to three changes, drawn from a seed. */
import type { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'

/** Words that parsers of texts trip over. */
const WORDS = [
  '"__proto__":',
  '__proto__',
  'constructor',
  'prototype',
  '"a":1,"a":2,',
  '\u0000',
  '\uFEFF',
  '\ud800',
  '"',
  '""',
  "'",
  '\\',
  '\\u12',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '=',
  '--',
  '-',
  '..',
  '/',
  '*',
  '1e999',
  '-0',
  '9007199254740993',
  '99999999999999999999n',
  'NaN',
  'null',
  '\r',
  '\n',
  '\r\n',
]
/** Lengths and counts that lie: the largest of 31, 32, 53 and 64 bits as varints, a varint that never ends, negative ones. */
const LENGTHS = [
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
  [0xff, 0xff, 0xff, 0x7f],
  [0x00],
]
const FIXED = [0, 1, -1, 0x7fffffff, -0x80000000, 0x10000, 0x0fffffff]
const DEPTHS = [10, 65, 1_000, 100_000]
const NESTS: readonly (readonly [open: string, close: string])[] = [
  ['[', ']'],
  ['{"a":', '}'],
  ['{"__proto__":', '}'],
  ['(', ')'],
  ['{', '}'],
  ['\n', ''],
  ['"', ''],
  ['a,', ''],
]
/** Array of one element, Map of one entry, and so on: deep nesting in bytes. */
const NEST_BYTES = [
  [10, 1],
  [12, 1],
  [15, 1, 0],
  [9, 1],
  [0x0a, 0x81],
  [0x80 | 9, 1],
]
const MOST_BYTES = 2 << 20

export function mutated(random: SeededRandom, samples: readonly Uint8Array[], isText: boolean): Uint8Array {
  let bytes = random.pick(samples)
  for (let steps = 1 + random.below(3); steps > 0; steps--) bytes = changed(random, bytes, samples, isText)
  return bytes.subarray(0, MOST_BYTES)
}

function changed(random: SeededRandom, bytes: Uint8Array, samples: readonly Uint8Array[], isText: boolean): Uint8Array {
  const at = random.below(bytes.length + 1)
  const length = random.below(random.chance(0.5) ? 9 : bytes.length + 1)
  switch (random.below(isText ? 9 : 10)) {
    case 0: {
      const flipped = bytes.slice()
      if (at < bytes.length) flipped[at] = (flipped[at] as number) ^ (1 << random.below(8))
      return flipped
    }
    case 1:
      return joined(bytes.subarray(0, at), [random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)])], bytes.subarray(at + 1))
    case 2:
      return bytes.slice(0, at)
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length))
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at))
    case 5: {
      const other = random.pick(samples)
      return joined(bytes.subarray(0, at), other.subarray(random.below(other.length + 1)))
    }
    case 6:
      return joined(
        bytes.subarray(0, at),
        isText ? encoded(random.pick(WORDS)) : random.pick(LENGTHS),
        bytes.subarray(at + random.below(3)),
      )
    case 7:
      // Deep ones are slow to make, and one is as good as a hundred.
      return random.chance(0.1) ? nested(random, bytes, at, isText) : bytes.slice(at)
    case 8:
      return isText
        ? joined(bytes.subarray(0, at), encoded(random.pick(WORDS).repeat(random.below(50))), bytes.subarray(at))
        : fixed(random, bytes, at)
    default:
      return fixed(random, bytes, random.below(Math.min(16, bytes.length + 1)))
  }
}

/** A number of four bytes is another one. */
function fixed(random: SeededRandom, bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice()
  if (at + 4 <= changed.length) new DataView(changed.buffer).setInt32(at, random.pick(FIXED), true)
  return changed
}

function nested(random: SeededRandom, bytes: Uint8Array, at: number, isText: boolean): Uint8Array {
  const depth = random.pick(DEPTHS)
  if (!isText) {
    const one = random.pick(NEST_BYTES)
    return joined(
      bytes.subarray(0, at),
      Array.from({ length: depth * one.length }, (_, index) => one[index % one.length] as number),
      bytes.subarray(at),
    )
  }
  const [open, close] = random.pick(NESTS)
  const end = random.chance(0.7) ? close.repeat(depth) : ''
  return joined(bytes.subarray(0, at), encoded(open.repeat(depth) + (random.chance(0.5) ? '1' : '') + end), bytes.subarray(at))
}

const encoder = new TextEncoder()

export function encoded(text: string): Uint8Array {
  return encoder.encode(text)
}

export function joined(...parts: readonly ArrayLike<number>[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))))
}
