import type { ByteReader } from './bytes.ts'
import * as type from './column-types.ts'
import { defineField } from './shape.ts'
import { readValue } from './value.ts'

/** Rows that one byte can stand for, at most: those of a null map. */
const ROWS_A_BYTE = 4

/** Reads what `writeColumn` wrote for `count` rows. */
export function readColumn(reader: ByteReader, count: number, depth: number): unknown[] {
  const header = reader.u8()
  const kind = header & ~type.WITH_NULLS
  if (count > reader.remaining * ROWS_A_BYTE) reader.corrupt(`${count} rows cannot be in the bytes that are left`)
  if (header === kind) return readRows(reader, kind, count, depth)
  const bytes = reader.view(Math.ceil(count / 4))
  let present = 0
  for (let i = 0; i < count; i++) if (marking(bytes, i) === 0) present++
  return withNulls(reader, bytes, readRows(reader, kind, present, depth), count)
}

function marking(nullMap: Uint8Array, row: number): number {
  return ((nullMap[row >> 2] as number) >> (2 * (row & 3))) & 3
}

function withNulls(reader: ByteReader, nullMap: Uint8Array, present: readonly unknown[], count: number): unknown[] {
  const rows: unknown[] = []
  let next = 0
  for (let i = 0; i < count; i++) {
    const mark = marking(nullMap, i)
    if (mark === 3) reader.corrupt('a null map has a mark that is none')
    rows.push(mark === 0 ? present[next++] : mark === 1 ? null : undefined)
  }
  return rows
}

function readRows(reader: ByteReader, kind: number, count: number, depth: number): unknown[] {
  switch (kind) {
    case type.NO_VALUES:
      return count === 0 ? [] : reader.corrupt('a column without values has rows')
    case type.TEXT:
      return readTexts(reader, count)
    case type.DICTIONARY:
      return readDictionary(reader, count)
    case type.BYTES:
      return readByteArrays(reader, count)
    case type.LIST:
      return readLists(reader, count, deeper(reader, depth))
    case type.OBJECTS:
      return readObjects(reader, count, deeper(reader, depth))
    default:
      return readPlainRows(reader, kind, count, depth)
  }
}

function readPlainRows(reader: ByteReader, kind: number, count: number, depth: number): unknown[] {
  const rows: unknown[] = []
  switch (kind) {
    case type.I32:
      for (let i = 0; i < count; i++) rows.push(reader.i32())
      return rows
    case type.F64:
      for (let i = 0; i < count; i++) rows.push(reader.f64())
      return rows
    case type.BOOLEAN:
      for (let i = 0; i < count; i++) rows.push(readBoolean(reader))
      return rows
    case type.BIGINT_64:
      for (let i = 0; i < count; i++) rows.push(reader.i64())
      return rows
    case type.DATE:
      for (let i = 0; i < count; i++) rows.push(new Date(reader.f64()))
      return rows
    case type.TAGGED:
      for (let i = 0; i < count; i++) rows.push(readValue(reader, depth))
      return rows
    default:
      return reader.corrupt(`there is no column of type ${kind}`)
  }
}

function deeper(reader: ByteReader, depth: number): number {
  return depth >= type.MAX_COLUMN_DEPTH ? reader.corrupt(`columns are more than ${type.MAX_COLUMN_DEPTH} deep`) : depth + 1
}

function readBoolean(reader: ByteReader): boolean {
  const byte = reader.u8()
  return byte > 1 ? reader.corrupt('a boolean is neither true nor false') : byte === 1
}

function readTexts(reader: ByteReader, count: number): string[] {
  const heap = reader.text()
  const texts: string[] = []
  let at = 0
  for (let i = 0; i < count; i++) {
    const end = at + reader.varint()
    texts.push(heap.substring(at, end))
    at = end
  }
  return at === heap.length ? texts : reader.corrupt('a heap of texts is not as long as they are')
}

function readDictionary(reader: ByteReader, count: number): string[] {
  const size = reader.count(1)
  const texts = readTexts(reader, size)
  const rows: string[] = []
  for (let i = 0; i < count; i++) {
    const index = size <= 256 ? reader.u8() : reader.u16()
    if (index >= size) reader.corrupt('a dictionary has no such text')
    rows.push(texts[index] as string)
  }
  return rows
}

function readLengths(reader: ByteReader, count: number): number[] {
  const lengths: number[] = []
  for (let i = 0; i < count; i++) lengths.push(reader.varint())
  return lengths
}

function readByteArrays(reader: ByteReader, count: number): Uint8Array[] {
  return readLengths(reader, count).map((length) => reader.copy(length))
}

function readLists(reader: ByteReader, count: number, depth: number): unknown[][] {
  const lengths = readLengths(reader, count)
  let total = 0
  for (const length of lengths) total += length
  const elements = readColumn(reader, total, depth)
  let at = 0
  return lengths.map((length) => elements.slice(at, (at += length)))
}

function readObjects(reader: ByteReader, count: number, depth: number): unknown[] {
  const shapeCount = reader.count(2)
  if (shapeCount === 0 || shapeCount > type.MAX_COLUMN_SHAPES) reader.corrupt(`a column has ${shapeCount} shapes`)
  const shapes: string[][] = []
  for (let i = 0; i < shapeCount; i++) shapes.push(readNames(reader))
  if (shapeCount === 1) return readGroup(reader, shapes[0] as string[], count, depth)
  const shapeOf = reader.view(count)
  const counts = new Uint32Array(256)
  for (let i = 0; i < count; i++) (counts[shapeOf[i] as number] as number)++
  const groups = shapes.map((names, shape) => readGroup(reader, names, counts[shape] as number, depth))
  const next = new Uint32Array(shapeCount)
  const rows: unknown[] = []
  for (let i = 0; i < count; i++) {
    const shape = shapeOf[i] as number
    if (shape >= shapeCount) reader.corrupt('a row is of a shape that was not written')
    rows.push((groups[shape] as unknown[])[(next[shape] as number)++])
  }
  return rows
}

function readNames(reader: ByteReader): string[] {
  const count = reader.count(1)
  if (count === 0 || count > type.MAX_COLUMN_FIELDS) reader.corrupt(`a shape has ${count} fields`)
  const names: string[] = []
  for (let i = 0; i < count; i++) names.push(reader.text())
  return new Set(names).size === count ? names : reader.corrupt('a shape has two fields of one name')
}

/** Columns first: when they can be read, the bytes bound how many objects are made. */
function readGroup(reader: ByteReader, names: readonly string[], count: number, depth: number): object[] {
  const columns: unknown[][] = []
  for (let i = 0; i < names.length; i++) columns.push(readColumn(reader, count, depth))
  const template: Record<string, unknown> = {}
  for (const name of names) defineField(template, name, undefined)
  const rows: object[] = []
  for (let row = 0; row < count; row++) {
    // The copy has every field as own data, so an assignment cannot reach a setter or a prototype.
    const object: Record<string, unknown> = { ...template }
    for (let field = 0; field < names.length; field++) object[names[field] as string] = (columns[field] as unknown[])[row]
    rows.push(object)
  }
  return rows
}
