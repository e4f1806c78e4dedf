import { disown, StreamError } from '../core/errors.ts'
import { murmur3, murmur3Ascii, murmurEnd, murmurWord, NOT_ASCII } from '../core/hash.ts'
import { keyGroupOf } from '../core/key-group.ts'
import { sliceLatin1 } from './ascii.ts'
import { type ByteReader, ByteWriter } from './bytes.ts'
import { getBigint, putBigint } from './value.ts'

/** What a selector of `keyBy` may return. */
export type Key = string | number | bigint | boolean | readonly Key[]

/**
 * Canonical bytes of a key: equal keys have equal bytes, different ones different. Their hash decides the key group.
 *
 * STATE FORMAT: for the life of every state. Never change what a key is written as.
 *
 *     1 safe integer   zigzag varint; 1 and 1.0 are one key, -0 is 0
 *     2 number         f64, little-endian; there is one NaN
 *     3 text           header and bytes as in text.ts: UTF-8, or UTF-16 with a lone surrogate
 *     4 bigint         64 bits, little-endian                5 bigint   larger: as in value.ts
 *     6 false          7 true
 *     8 tuple          count, then the parts with their tags
 */
const INTEGER = 1
const NUMBER = 2
const TEXT = 3
const BIGINT_64 = 4
const BIGINT = 5
const FALSE = 6
const TRUE = 7
const TUPLE = 8

/** Tuples within tuples. */
const MAX_KEY_DEPTH = 16

/** What most of them are in messages. */
const KEY = 'The key'

// For keys that have no short way; used and left within one call.
const scratch = new ByteWriter(256)

/**
 * Appends the canonical bytes of a key.
 * @throws {INVALID_KEY} for anything that is no key; the writer is then as it was
 */
export function encodeKey(writer: ByteWriter, key: Key): void {
  const start = writer.position
  try {
    writeKey(writer, key, 0)
  } catch (error) {
    writer.position = start
    throw error
  }
}

/**
 * Reads what {@link encodeKey} wrote, and only that: bytes that are not canonical are refused too.
 * @throws {CHECKPOINT_CORRUPT}
 */
export function decodeKey(reader: ByteReader): Key {
  return readKey(reader, 0)
}

/**
 * murmur3 of the canonical bytes, a signed 32-bit integer. Integers of 32 bits and ASCII texts are hashed without being written.
 * @throws {INVALID_KEY}
 */
export function keyHash(key: Key): number {
  if (typeof key === 'number') {
    if ((key | 0) === key) return integerHash(key)
  } else if (typeof key === 'string' && key.length < 4096) {
    const length = key.length
    const hash =
      length < 32
        ? murmur3Ascii(key, TEXT | (length << 10), 2)
        : murmur3Ascii(key, TEXT | ((((length << 2) & 0x7f) | 0x80) << 8) | ((length >> 5) << 16), 3)
    if (hash !== NOT_ASCII) return hash
  }
  scratch.position = 0
  writeWhole(key, KEY)
  return murmur3(scratch.bytes, 0, scratch.position)
}

/** Hash of tag and zigzag varint, two to six bytes. */
function integerHash(key: number): number {
  const zigzag = ((key << 1) ^ (key >> 31)) >>> 0
  if (zigzag < 0x80) return murmurEnd(0, INTEGER | (zigzag << 8), 2)
  const low = INTEGER | (((zigzag & 0x7f) | 0x80) << 8)
  if (zigzag < 0x4000) return murmurEnd(0, low | ((zigzag >>> 7) << 16), 3)
  const middle = low | ((((zigzag >>> 7) & 0x7f) | 0x80) << 16)
  if (zigzag < 0x200000) return murmurEnd(murmurWord(0, middle | ((zigzag >>> 14) << 24)), 0, 4)
  const hash = murmurWord(0, middle | ((((zigzag >>> 14) & 0x7f) | 0x80) << 24))
  if (zigzag < 0x10000000) return murmurEnd(hash, zigzag >>> 21, 5)
  return murmurEnd(hash, ((zigzag >>> 21) & 0x7f) | 0x80 | ((zigzag >>> 28) << 8), 6)
}

/**
 * Key group of a key, in [0, maxParallelism).
 * @throws {INVALID_KEY}
 */
export function keyGroupOfKey(key: Key, maxParallelism: number): number {
  return keyGroupOf(keyHash(key), maxParallelism)
}

/** @throws {INVALID_KEY} with what it is instead and where in a tuple */
export function checkKey(key: unknown, what: string = KEY): asserts key is Key {
  checkPart(key, what, 0)
}

/**
 * A value under which a `Map` or `Set` finds exactly this key: the key itself for numbers and nearly all texts, the canonical
 * bytes as a text with U+0000 in front for all others (and for texts that begin with U+0000 themselves).
 * @param what it is, at the beginning of a message
 * @throws {INVALID_KEY}
 */
export function keyIdentity(key: Key, what: string = KEY): string | number {
  if (typeof key === 'number') return key
  if (typeof key === 'string' && key.charCodeAt(0) !== 0) return key
  scratch.position = 0
  writeWhole(key, what)
  return `\0${sliceLatin1(scratch.bytes, 0, scratch.position)}`
}

/** Into `scratch`. What is wrong within a tuple is told with its place, which only the whole knows. */
function writeWhole(key: Key, what: string): void {
  try {
    writeKey(scratch, key, 0)
  } catch (error) {
    checkPart(key, what, 0)
    throw error
  }
}

function writeKey(writer: ByteWriter, key: Key, depth: number): void {
  if (typeof key === 'string') {
    writer.u8(TEXT)
    writer.text(key)
  } else if (typeof key === 'number') writeNumber(writer, key)
  else if (typeof key === 'boolean') writer.u8(key ? TRUE : FALSE)
  else if (typeof key === 'bigint') writeBigint(writer, key)
  else {
    if (!Array.isArray(key) || depth >= MAX_KEY_DEPTH) checkPart(key, KEY, depth)
    writer.u8(TUPLE)
    writer.varint(key.length)
    for (let i = 0; i < key.length; i++) writeKey(writer, key[i] as Key, depth + 1)
  }
}

function writeNumber(writer: ByteWriter, key: number): void {
  if (Number.isSafeInteger(key)) {
    writer.u8(INTEGER)
    writer.zigzag(key)
  } else {
    writer.u8(NUMBER)
    writer.f64(key)
  }
}

function writeBigint(writer: ByteWriter, key: bigint): void {
  const small = BigInt.asIntN(64, key) === key
  writer.u8(small ? BIGINT_64 : BIGINT)
  if (small) writer.i64(key)
  else putBigint(writer, key)
}

function readKey(reader: ByteReader, depth: number): Key {
  const tag = reader.u8()
  switch (tag) {
    case INTEGER:
      return reader.zigzag()
    case NUMBER:
      return readNumber(reader)
    case TEXT:
      return reader.text()
    case BIGINT_64:
      return reader.i64()
    case BIGINT:
      return getBigint(reader)
    case FALSE:
      return false
    case TRUE:
      return true
    case TUPLE:
      return readTuple(reader, depth)
    default:
      return reader.corrupt(`there is no key with the tag ${tag}`)
  }
}

function readNumber(reader: ByteReader): number {
  const start = reader.position
  const value = reader.f64()
  const isCanonicalNaN =
    reader.bytes[start + 7] === 0x7f &&
    reader.bytes[start + 6] === 0xf8 &&
    reader.bytes.subarray(start, start + 6).every((byte) => byte === 0)
  if (Number.isSafeInteger(value) || (value !== value && !isCanonicalNaN)) reader.corrupt('a key is not in its one form')
  return value
}

function readTuple(reader: ByteReader, depth: number): Key {
  if (depth >= MAX_KEY_DEPTH) reader.corrupt(`a key is more than ${MAX_KEY_DEPTH} tuples deep`)
  const count = reader.count(1)
  const parts: Key[] = []
  for (let i = 0; i < count; i++) parts.push(readKey(reader, depth + 1))
  return parts
}

function checkPart(key: unknown, what: string, depth: number): void {
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean' || typeof key === 'bigint') return
  if (!Array.isArray(key)) {
    disown(key)
    throw new StreamError('INVALID_KEY', `${what} is ${nameOf(key)}. A key is a string, number, bigint, boolean or an array of those.`)
  }
  if (depth >= MAX_KEY_DEPTH) throw new StreamError('INVALID_KEY', `${what} is more than ${MAX_KEY_DEPTH} arrays deep, or contains itself.`)
  for (let i = 0; i < key.length; i++)
    checkPart(key[i], depth === 0 && what === KEY ? `Part ${i} of the key` : `${what}, part ${i}`, depth + 1)
}

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return value === undefined ? 'undefined' : `a ${typeof value}`
  const name = (value as { constructor?: { name?: unknown } }).constructor?.name
  return typeof name === 'string' && name !== '' && name !== 'Object' ? `an object of the class ${name}` : 'an object'
}
