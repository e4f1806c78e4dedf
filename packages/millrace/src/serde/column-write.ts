import type { ByteWriter } from './bytes.ts'
import * as type from './column-types.ts'
import { kindOf, viewIndexOf } from './kind.ts'
import { refused, writeValue } from './value.ts'

/** A dictionary pays when at most a quarter of the texts are distinct; not looked for in fewer rows than this. */
const DICTIONARY_FROM = 16
const MAX_DICTIONARY = 65_536
/** After so many rows that are all distinct, or all but one, no dictionary is looked for. */
const SAMPLE = 32

// What a row is: one bit each, so that a column knows what all its rows are.
const IS_I32 = 1
const IS_F64 = 2
const IS_BOOLEAN = 4
const IS_BIGINT = 8
const IS_DATE = 16
const IS_TEXT = 32
const IS_BYTES = 64
const IS_LIST = 128
const IS_OBJECT = 256
const IS_OTHER = 512
const IS_NULL = 1024
const IS_UNDEFINED = 2048
const NONE = IS_NULL | IS_UNDEFINED

/** Texts that repeat: each once, and for each row the number of its text. */
interface Dictionary {
  readonly texts: readonly string[]
  readonly indexes: readonly number[]
}

/** Rows of objects by shape: `shapeOf` holds the number of each row's group. */
interface Groups {
  readonly list: readonly Group[]
  readonly shapeOf: Uint8Array
}
interface Group {
  readonly names: readonly string[]
  /** For each name the field of each row of the group. */
  readonly columns: unknown[][]
  count: number
}

/** Writes one value a row, `depth` objects and lists within the record. */
export function writeColumn(writer: ByteWriter, rows: readonly unknown[], depth: number): void {
  let mask = 0
  for (let i = 0; i < rows.length; i++) mask |= bitOf(rows[i])
  const hasNulls = (mask & NONE) !== 0
  const present = hasNulls ? rows.filter((row) => row !== null && row !== undefined) : rows
  let kind = typeOf(mask & ~NONE, depth)
  const dictionary = kind === type.TEXT ? findDictionary(present as readonly string[]) : undefined
  if (dictionary !== undefined) kind = type.DICTIONARY
  const groups = kind === type.OBJECTS ? gather(present as readonly Fields[]) : undefined
  if (kind === type.OBJECTS && groups === undefined) kind = type.TAGGED
  writer.u8(hasNulls ? kind | type.WITH_NULLS : kind)
  if (hasNulls) writeNullMap(writer, rows)
  if (dictionary !== undefined) return writeDictionary(writer, dictionary)
  if (groups !== undefined) return writeGroups(writer, groups, depth)
  writeRows(writer, kind, present, depth)
}

function bitOf(value: unknown): number {
  switch (typeof value) {
    case 'number':
      return (value | 0) === value && (value !== 0 || 1 / value > 0) ? IS_I32 : IS_F64
    case 'string':
      return IS_TEXT
    case 'boolean':
      return IS_BOOLEAN
    case 'undefined':
      return IS_UNDEFINED
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? IS_BIGINT : IS_OTHER
    case 'object':
      return value === null ? IS_NULL : bitOfObject(value)
    default:
      throw refused
  }
}

function bitOfObject(object: object): number {
  const kind = kindOf(object)
  if (kind === 'plain') return IS_OBJECT
  if (kind === 'array') return IS_LIST
  if (kind === 'date') return IS_DATE
  if (kind === 'view' && viewIndexOf(object) === 0) return IS_BYTES
  if (kind === undefined) throw refused
  return IS_OTHER
}

function typeOf(mask: number, depth: number): number {
  switch (mask) {
    case 0:
      return type.NO_VALUES
    case IS_I32:
      return type.I32
    case IS_F64:
    case IS_I32 | IS_F64:
      return type.F64
    case IS_BOOLEAN:
      return type.BOOLEAN
    case IS_BIGINT:
      return type.BIGINT_64
    case IS_DATE:
      return type.DATE
    case IS_TEXT:
      return type.TEXT
    case IS_BYTES:
      return type.BYTES
    case IS_LIST:
      return depth < type.MAX_COLUMN_DEPTH ? type.LIST : type.TAGGED
    case IS_OBJECT:
      return depth < type.MAX_COLUMN_DEPTH ? type.OBJECTS : type.TAGGED
    default:
      return type.TAGGED
  }
}

function writeNullMap(writer: ByteWriter, rows: readonly unknown[]): void {
  for (let i = 0; i < rows.length; i += 4) {
    let byte = 0
    for (let j = 0; j < 4 && i + j < rows.length; j++) {
      const row = rows[i + j]
      byte |= (row === null ? 1 : row === undefined ? 2 : 0) << (2 * j)
    }
    writer.u8(byte)
  }
}

function writeRows(writer: ByteWriter, kind: number, rows: readonly unknown[], depth: number): void {
  switch (kind) {
    case type.I32:
      for (let i = 0; i < rows.length; i++) writer.i32(rows[i] as number)
      return
    case type.F64:
      for (let i = 0; i < rows.length; i++) writer.f64(rows[i] as number)
      return
    case type.BOOLEAN:
      for (let i = 0; i < rows.length; i++) writer.u8(rows[i] === true ? 1 : 0)
      return
    case type.BIGINT_64:
      for (let i = 0; i < rows.length; i++) writer.i64(rows[i] as bigint)
      return
    case type.DATE:
      for (let i = 0; i < rows.length; i++) writer.f64(Date.prototype.getTime.call(rows[i]))
      return
    case type.TEXT:
      return writeTexts(writer, rows as readonly string[])
    case type.BYTES:
      return writeByteArrays(writer, rows as readonly Uint8Array[])
    case type.LIST:
      return writeLists(writer, rows as readonly (readonly unknown[])[], depth)
    case type.TAGGED:
      for (let i = 0; i < rows.length; i++) writeValue(writer, rows[i], depth)
  }
}

function writeTexts(writer: ByteWriter, texts: readonly string[]): void {
  // Joined in UTF-16 and cut in UTF-16: a pair of surrogates that meets only in the heap is parted again.
  writer.text(texts.join(''))
  for (let i = 0; i < texts.length; i++) writer.varint((texts[i] as string).length)
}

function findDictionary(texts: readonly string[]): Dictionary | undefined {
  if (texts.length < DICTIONARY_FROM) return undefined
  const limit = Math.min(texts.length >> 2, MAX_DICTIONARY)
  const numbers = new Map<string, number>()
  const indexes: number[] = []
  for (let i = 0; i < texts.length; i++) {
    const text = texts[i] as string
    let index = numbers.get(text)
    if (index === undefined) {
      index = numbers.size
      if (index >= limit || (i === SAMPLE && index > SAMPLE - 2)) return undefined
      numbers.set(text, index)
    }
    indexes.push(index)
  }
  return { texts: [...numbers.keys()], indexes }
}

function writeDictionary(writer: ByteWriter, { texts, indexes }: Dictionary): void {
  writer.varint(texts.length)
  writeTexts(writer, texts)
  if (texts.length <= 256) for (let i = 0; i < indexes.length; i++) writer.u8(indexes[i] as number)
  else for (let i = 0; i < indexes.length; i++) writer.u16(indexes[i] as number)
}

function writeByteArrays(writer: ByteWriter, arrays: readonly Uint8Array[]): void {
  for (const bytes of arrays) writer.varint(bytes.length)
  for (const bytes of arrays) writer.raw(bytes)
}

function writeLists(writer: ByteWriter, lists: readonly (readonly unknown[])[], depth: number): void {
  const elements: unknown[] = []
  for (const list of lists) {
    writer.varint(list.length)
    for (let i = 0; i < list.length; i++) {
      const element = list[i]
      if (element === undefined && !Object.hasOwn(list, i)) throw refused
      elements.push(element)
    }
  }
  writeColumn(writer, elements, depth + 1)
}

// ---------------------------------------------------------------- objects

type Fields = Readonly<Record<string, unknown>>

/** Undefined when the rows are of too many shapes, or of one too wide, or of one without fields (rows must cost bytes). */
function gather(rows: readonly Fields[]): Groups | undefined {
  const list: Group[] = []
  const shapeOf = new Uint8Array(rows.length)
  let current = -1
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as Fields
    if (current < 0 || !addRow(list[current] as Group, row)) {
      const names = Object.keys(row)
      current = list.findIndex((group) => sameNames(group.names, names))
      if (current < 0) {
        if (list.length === type.MAX_COLUMN_SHAPES || names.length === 0 || names.length > type.MAX_COLUMN_FIELDS) return undefined
        if (Object.getOwnPropertySymbols(row).length > 0) throw refused
        current = list.push({ names, columns: names.map(() => []), count: 0 }) - 1
      }
      addByName(list[current] as Group, row)
    }
    shapeOf[i] = current
  }
  return { list, shapeOf }
}

/** Adds the row if its names are those of the group. A row that is refused half-way is overwritten by the next. */
function addRow(group: Group, row: Fields): boolean {
  const { names, columns, count } = group
  let field = 0
  for (const name in row) {
    if (name !== names[field]) return false
    ;(columns[field] as unknown[])[count] = row[name]
    field++
  }
  // The last own field in its place: then none of the names is inherited.
  if (field !== names.length || !Object.hasOwn(row, names[field - 1] as string)) return false
  group.count++
  return true
}

function addByName(group: Group, row: Fields): void {
  for (let field = 0; field < group.names.length; field++)
    (group.columns[field] as unknown[])[group.count] = row[group.names[field] as string]
  group.count++
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i])
}

function writeGroups(writer: ByteWriter, { list, shapeOf }: Groups, depth: number): void {
  writer.varint(list.length)
  for (const group of list) {
    writer.varint(group.names.length)
    for (const name of group.names) writer.text(name)
  }
  if (list.length > 1) writer.raw(shapeOf)
  for (const group of list) {
    for (const column of group.columns) {
      column.length = group.count
      writeColumn(writer, column, depth + 1)
    }
  }
}
