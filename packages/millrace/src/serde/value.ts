import { StreamError } from '../core/errors.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { checkValue, MAX_DEPTH } from './check.ts'
import { kindOf, viewIndexOf, viewTypes, type View } from './kind.ts'
import { defineField, MAX_SHAPE_FIELDS, MAX_SHAPES, type ReadShape } from './shape.ts'

/**
 * The one codec for values: rows on the wire, state, positions of sources.
 *
 * STATE FORMAT: a value is one tag byte and what the tag says. Never renumber; only add.
 *
 *      0 undefined   1 null   2 false   3 true   4 safe integer (zigzag)   5 number (f64)
 *      6 bigint of 64 bits    7 bigint: varint `byteLength << 1 | negative`, magnitude with the lowest byte first
 *      8 text                 9 Date (f64 ms, NaN = invalid)
 *     10 array: count, values            11 Map: count, key and value in turn     12 Set: count, values
 *     13 typed array: type, byte length, bytes in little-endian order             14 ArrayBuffer: length, bytes
 *     15 object of a new shape: field count, names; then values. The shape gets the next number of the block.
 *     16 object of a known shape: number; then values
 *     17 object whose shape gets no number (table full or too wide): field count, then name and value in turn
 *     128…255 the safe integers 0…127
 */
const UNDEFINED = 0
const NULL = 1
const FALSE = 2
const TRUE = 3
const INTEGER = 4
const NUMBER = 5
const BIGINT_64 = 6
const BIGINT = 7
const TEXT = 8
const DATE = 9
const ARRAY = 10
const MAP = 11
const SET = 12
const VIEW = 13
const BUFFER = 14
const OBJECT_NEW = 15
const OBJECT_KNOWN = 16
const OBJECT_FREE = 17
const SMALL = 128

/** Node cannot make a larger bigint: 2^30 bits. */
const MAX_BIGINT_BYTES = 2 ** 27
/** Thrown by what writes values when one cannot be stored; whoever catches it looks for the path with `checkValue`. */
export const refused: unique symbol = Symbol('refused')

/**
 * Appends a value. All or nothing: after an error the writer is as it was.
 *
 * What comes back is equal with `Object.is` for primitives (-0, NaN, lone surrogates), a copy else. Objects come back plain with
 * their own enumerable fields in order, a missing field and an undefined one told apart; a Buffer comes back as a Uint8Array,
 * an object that is referred to twice as two. Left out are named properties of arrays, and fields named by a symbol unless the object
 * is the first of its shape in the block; {@link checkValue} reports both always.
 *
 * @throws {UNSUPPORTED_VALUE} with the path, for functions, symbols, promises, cycles, class instances, holes in arrays, depth above 64
 */
export function encodeValue(writer: ByteWriter, value: unknown): void {
  const start = writer.position
  const shapeCount = writer.shapes.count
  try {
    writeValue(writer, value, 0)
  } catch (error) {
    writer.rollback(start, shapeCount)
    if (error !== refused) throw error
    checkValue(value)
    throw new StreamError('UNSUPPORTED_VALUE', 'The value changes while it is read (a getter or a proxy), so it cannot be stored or sent.')
  }
}

/**
 * Reads what {@link encodeValue} wrote. Strings and bytes are copies: nothing keeps the block alive.
 * @throws {CHECKPOINT_CORRUPT} for whatever is no value
 */
export function decodeValue(reader: ByteReader): unknown {
  return readValue(reader, 0)
}

// writeValue and readValue are for codecs that hold values within something else, `depth` objects deep.

// ---------------------------------------------------------------- writing

export function writeValue(writer: ByteWriter, value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
      writer.u8(TEXT)
      return writer.text(value)
    case 'number':
      return writeNumber(writer, value)
    case 'object':
      return value === null ? writer.u8(NULL) : writeObject(writer, value, depth)
    case 'boolean':
      return writer.u8(value ? TRUE : FALSE)
    case 'undefined':
      return writer.u8(UNDEFINED)
    case 'bigint':
      return writeBigint(writer, value)
    default:
      throw refused
  }
}

function writeNumber(writer: ByteWriter, value: number): void {
  if (Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0)) {
    if (value >= 0 && value < SMALL) return writer.u8(SMALL + value)
    writer.u8(INTEGER)
    writer.zigzag(value)
  } else {
    writer.u8(NUMBER)
    writer.f64(value)
  }
}

function writeBigint(writer: ByteWriter, value: bigint): void {
  if (BigInt.asIntN(64, value) === value) {
    writer.u8(BIGINT_64)
    writer.i64(value)
  } else {
    writer.u8(BIGINT)
    putBigint(writer, value)
  }
}

/** Any bigint: varint `byteLength << 1 | negative` and its magnitude without leading zeros, lowest byte first. */
export function putBigint(writer: ByteWriter, value: bigint): void {
  const hex = (value < 0n ? -value : value).toString(16)
  const length = (hex.length + 1) >> 1
  writer.varint(length * 2 + (value < 0n ? 1 : 0))
  writer.ensure(length)
  for (let end = hex.length; end > 0; end -= 2) writer.bytes[writer.position++] = Number.parseInt(hex.slice(Math.max(0, end - 2), end), 16)
}

function writeObject(writer: ByteWriter, object: object, depth: number): void {
  if (depth >= MAX_DEPTH) throw refused
  switch (kindOf(object)) {
    case 'plain':
      return writePlain(writer, object as Record<string, unknown>, depth)
    case 'array':
      return writeArray(writer, object as unknown[], depth)
    case 'date':
      writer.u8(DATE)
      return writer.f64(Date.prototype.getTime.call(object as Date))
    case 'map':
      return writeMap(writer, object as Map<unknown, unknown>, depth)
    case 'set':
      return writeSet(writer, object as Set<unknown>, depth)
    case 'view':
      return writeView(writer, object as unknown as View)
    case 'buffer':
      writer.u8(BUFFER)
      return writeBytes(writer, new Uint8Array(object as ArrayBuffer))
    default:
      throw refused
  }
}

function writePlain(writer: ByteWriter, object: Record<string, unknown>, depth: number): void {
  const shapes = writer.shapes
  let shape = shapes.expected
  if (shape === undefined || !hasNames(object, shape.names)) {
    const names = Object.keys(object)
    shape = shapes.find(names)
    if (shape === undefined) return writeUnknown(writer, object, names, depth)
  }
  shapes.use(shape)
  writer.u8(OBJECT_KNOWN)
  writer.varint(shape.index)
  writeFields(writer, object, shape.names, depth)
}

/** Without an allocation, unlike Object.keys. False also when an inherited field is enumerable: then the slow way is right. */
function hasNames(object: Record<string, unknown>, names: readonly string[]): boolean {
  let count = 0
  for (const name in object) {
    if (name !== names[count]) return false
    count++
  }
  return count === names.length && (count === 0 || Object.hasOwn(object, names[count - 1] as string))
}

// Reading object[name] in a for-in loop costs a quarter of reading it by a name from a list.
function writeFields(writer: ByteWriter, object: Record<string, unknown>, names: readonly string[], depth: number): void {
  let count = 0
  for (const name in object) {
    if (name !== names[count]) break
    count++
    writeValue(writer, object[name], depth + 1)
  }
  // Only a getter or a proxy that changes the object meanwhile comes to this, or an enumerable field of Object.prototype.
  for (; count < names.length; count++) writeValue(writer, object[names[count] as string], depth + 1)
}

function writeUnknown(writer: ByteWriter, object: Record<string, unknown>, names: readonly string[], depth: number): void {
  if (Object.getOwnPropertySymbols(object).length > 0) throw refused
  const shape = writer.shapes.add(names)
  if (shape !== undefined) writer.shapes.use(shape)
  writer.u8(shape === undefined ? OBJECT_FREE : OBJECT_NEW)
  writer.varint(names.length)
  if (shape !== undefined) {
    for (const name of names) writer.text(name)
    return writeFields(writer, object, names, depth)
  }
  for (const name of names) {
    writer.text(name)
    writeValue(writer, object[name], depth + 1)
  }
}

function writeArray(writer: ByteWriter, array: readonly unknown[], depth: number): void {
  const length = array.length
  writer.u8(ARRAY)
  writer.varint(length)
  for (let i = 0; i < length; i++) {
    const item = array[i]
    if (item === undefined && !Object.hasOwn(array, i)) throw refused
    writeValue(writer, item, depth + 1)
  }
}

function writeMap(writer: ByteWriter, map: Map<unknown, unknown>, depth: number): void {
  const entries = [...Map.prototype.entries.call(map)]
  writer.u8(MAP)
  writer.varint(entries.length)
  for (const [key, value] of entries) {
    writeValue(writer, key, depth + 1)
    writeValue(writer, value, depth + 1)
  }
}

function writeSet(writer: ByteWriter, set: Set<unknown>, depth: number): void {
  const items = [...Set.prototype.values.call(set)]
  writer.u8(SET)
  writer.varint(items.length)
  for (const item of items) writeValue(writer, item, depth + 1)
}

function writeView(writer: ByteWriter, view: View): void {
  writer.u8(VIEW)
  writer.u8(viewIndexOf(view) as number)
  writeBytes(writer, new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
}

function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writer.varint(bytes.length)
  writer.raw(bytes)
}

// ---------------------------------------------------------------- reading

export function readValue(reader: ByteReader, depth: number): unknown {
  const tag = reader.u8()
  if (tag >= SMALL) return tag - SMALL
  switch (tag) {
    case TEXT:
      return reader.text()
    case INTEGER:
      return reader.zigzag()
    case NUMBER:
      return reader.f64()
    case OBJECT_KNOWN:
    case OBJECT_NEW:
    case OBJECT_FREE:
      return readPlain(reader, tag, depth)
    case NULL:
      return null
    case UNDEFINED:
      return undefined
    case FALSE:
      return false
    case TRUE:
      return true
    case BIGINT_64:
      return reader.i64()
    case BIGINT:
      return getBigint(reader)
    case DATE:
      return new Date(reader.f64())
    case VIEW:
      return readView(reader)
    case BUFFER:
      return reader.copy(reader.varint()).buffer
    case ARRAY:
    case MAP:
    case SET:
      return readCollection(reader, tag, depth)
    default:
      return reader.corrupt(`there is no value with the tag ${tag}`)
  }
}

/** Reads what {@link putBigint} wrote; refuses what fits in 64 bits, which is written otherwise. */
export function getBigint(reader: ByteReader): bigint {
  const header = reader.varint()
  const length = Math.floor(header / 2)
  if (length > MAX_BIGINT_BYTES) reader.corrupt('a bigint is too large')
  const bytes = reader.view(length)
  const digits: string[] = []
  // Six bytes at a time, so that the text is not many times the size of the bytes.
  for (let end = length; end > 0; end -= 6) {
    let part = 0
    for (let i = end - 1; i >= Math.max(0, end - 6); i--) part = part * 256 + (bytes[i] as number)
    digits.push(part.toString(16).padStart(2 * Math.min(6, end), '0'))
  }
  const magnitude = length === 0 ? 0n : BigInt(`0x${digits.join('')}`)
  const value = header % 2 === 1 ? -magnitude : magnitude
  if (bytes[length - 1] === 0 || BigInt.asIntN(64, value) === value) reader.corrupt('a bigint is not in its shortest form')
  return value
}

function deeper(reader: ByteReader, depth: number): number {
  return depth >= MAX_DEPTH ? reader.corrupt(`a value is more than ${MAX_DEPTH} objects deep`) : depth + 1
}

function readPlain(reader: ByteReader, tag: number, depth: number): object {
  const inner = deeper(reader, depth)
  if (tag === OBJECT_FREE) return readFree(reader, inner)
  const shape = tag === OBJECT_NEW ? readShape(reader) : reader.shapes.list[reader.varint()]
  if (shape === undefined) return reader.corrupt('an object has a shape that was not written')
  const names = shape.names
  if (names.length > reader.remaining) reader.corrupt('an object has more fields than bytes are left')
  // The copy has every field as own data, so an assignment cannot reach a setter or a prototype.
  const object: Record<string, unknown> = { ...shape.template }
  for (let i = 0; i < names.length; i++) object[names[i] as string] = readValue(reader, inner)
  return object
}

function readShape(reader: ByteReader): ReadShape {
  const count = reader.count(2)
  if (count > MAX_SHAPE_FIELDS || reader.shapes.list.length >= MAX_SHAPES) reader.corrupt('an object has a shape that gets no number')
  const names: string[] = []
  for (let i = 0; i < count; i++) names.push(reader.text())
  return reader.shapes.add(names) ?? reader.corrupt('an object has two fields of one name')
}

function readFree(reader: ByteReader, inner: number): object {
  const count = reader.count(2)
  const object: Record<string, unknown> = {}
  for (let i = 0; i < count; i++) {
    const name = reader.text()
    defineField(object, name, readValue(reader, inner))
  }
  return Object.keys(object).length === count ? object : reader.corrupt('an object has two fields of one name')
}

function readCollection(reader: ByteReader, tag: number, depth: number): object {
  const inner = deeper(reader, depth)
  const count = reader.count(tag === MAP ? 2 : 1)
  if (tag === ARRAY) {
    const array: unknown[] = []
    for (let i = 0; i < count; i++) array.push(readValue(reader, inner))
    return array
  }
  if (tag === SET) {
    const set = new Set()
    for (let i = 0; i < count; i++) set.add(readValue(reader, inner))
    return set.size === count ? set : reader.corrupt('a Set has one item twice')
  }
  const map = new Map()
  for (let i = 0; i < count; i++) {
    const key = readValue(reader, inner)
    map.set(key, readValue(reader, inner))
  }
  return map.size === count ? map : reader.corrupt('a Map has one key twice')
}

function readView(reader: ByteReader): unknown {
  const type = viewTypes[reader.u8()]
  if (type === undefined) return reader.corrupt('a typed array is of no known type')
  const bytes = reader.copy(reader.varint())
  if (bytes.length % type[1].BYTES_PER_ELEMENT !== 0) return reader.corrupt('a typed array ends within an element')
  return new type[1](bytes.buffer)
}
