import { messageOf, StreamError } from '../core/errors.ts'
import { csvScanner } from './csv-scanner.ts'
import type { RecordReader, RecordsAt } from './format.ts'
import { nameOfValue } from './value-name.ts'
import { decoded, markLength, ParsedRecords, roughly } from './parsed-records.ts'

const QUOTE = 34
const NEWLINE = 10
const CARRIAGE_RETURN = 13

export type CsvColumns = Readonly<Record<string, (text: string) => unknown>>

export interface CsvShape {
  /** Undefined: all, as text. */
  readonly columns: CsvColumns | undefined
  readonly hasHeader: boolean
  readonly delimiter: string
}

/** What becomes of a field. */
interface Column {
  readonly name: string
  readonly index: number
  readonly read: (text: string) => unknown
}

/** Total: what is wrong with a record is in `problem`, not thrown. Per-record code: fields are cut from the text of a batch. */
export class CsvParser<T> {
  readonly file: string
  readonly shape: CsvShape
  readonly #delimiter: string
  readonly #delimiterCode: number
  #columns: readonly Column[] = []
  #width = 0
  readonly #fields: string[] = []
  #problem: string | undefined
  /** In the text at hand: where the next quote and delimiter are, at or after where they were looked for. */
  #quoteAt = 0
  #delimiterAt = 0

  /** @throws {SOURCE} when the header does not fit */
  constructor(file: string, shape: CsvShape, header: Uint8Array) {
    this.file = file
    this.shape = shape
    this.#delimiter = shape.delimiter
    this.#delimiterCode = shape.delimiter.charCodeAt(0)
    // A file of a byte order mark alone is as empty as one of nothing.
    if (shape.hasHeader && header.length > markLength(header)) this.#setColumns(this.#namesOf(header))
    else if (!shape.hasHeader && shape.columns !== undefined) this.#setColumns(Object.keys(shape.columns))
  }

  /** All records of a text. */
  parse(text: string, firstLine: number, isHeaderFirst: boolean, records: ParsedRecords<T>): void {
    this.#lookAnew()
    let line = firstLine
    for (let at = 0, isHeader = isHeaderFirst; at < text.length; isHeader = false) {
      const start = at
      const newline = text.indexOf('\n', at)
      const end = newline < 0 ? text.length : newline
      const isPlain = this.#nextQuote(text, at) >= end
      at = isPlain ? this.#plainFields(text, at, end) : this.#quotedFields(text, at)
      const lines = isPlain ? 1 : linesIn(text, start, at)
      if (isHeader || isBlank(text, start, end)) records.skip()
      else this.#addRow(text, start, at, line, records)
      if (lines > 1) records.skip()
      line += lines
    }
    records.lineCount += line - firstLine
  }

  #lookAnew(): void {
    this.#quoteAt = -1
    this.#delimiterAt = -1
  }

  #nextQuote(text: string, from: number): number {
    if (this.#quoteAt < from) {
      const found = text.indexOf('"', from)
      this.#quoteAt = found < 0 ? text.length : found
    }
    return this.#quoteAt
  }

  #nextDelimiter(text: string, from: number): number {
    if (this.#delimiterAt < from) {
      const found = text.indexOf(this.#delimiter, from)
      this.#delimiterAt = found < 0 ? text.length : found
    }
    return this.#delimiterAt
  }

  /** A record without quotes, whose line ends at `end`. */
  #plainFields(text: string, from: number, end: number): number {
    this.#begin()
    const last = end > from && text.charCodeAt(end - 1) === CARRIAGE_RETURN ? end - 1 : end
    let at = from
    for (let next = this.#nextDelimiter(text, at); next < last; next = this.#nextDelimiter(text, at)) {
      this.#fields.push(text.slice(at, next))
      at = next + 1
    }
    this.#fields.push(text.slice(at, last))
    return end + 1
  }

  #quotedFields(text: string, from: number): number {
    this.#begin()
    for (let at = from; ;) {
      at = text.charCodeAt(at) === QUOTE ? this.#quotedField(text, at) : this.#plainField(text, at)
      if (text.charCodeAt(at) !== this.#delimiterCode) return at + 1
      at++
    }
  }

  /** Gives the place of the delimiter or line end after it. */
  #plainField(text: string, from: number): number {
    const end = this.#fieldEnd(text, from)
    const isLast = end === text.length || text.charCodeAt(end) === NEWLINE
    this.#fields.push(text.slice(from, isLast && end > from && text.charCodeAt(end - 1) === CARRIAGE_RETURN ? end - 1 : end))
    return end
  }

  #quotedField(text: string, from: number): number {
    let value = ''
    let at = from + 1
    for (;;) {
      const quote = text.indexOf('"', at)
      if (quote < 0) {
        this.#problem ??= `the quote that begins field ${this.#fields.length + 1} is never closed`
        this.#fields.push(value + text.slice(at))
        return text.length
      }
      value += text.slice(at, quote)
      at = quote + 1
      if (text.charCodeAt(at) !== QUOTE) break
      value += '"'
      at++
    }
    const end = this.#fieldEnd(text, at)
    const rest = end === at || (end === at + 1 && text.charCodeAt(at) === CARRIAGE_RETURN) ? '' : text.slice(at, end)
    if (rest !== '') this.#problem ??= `there is text after the closing quote of field ${this.#fields.length + 1}`
    this.#fields.push(value)
    return end
  }

  #fieldEnd(text: string, from: number): number {
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === this.#delimiterCode || code === NEWLINE) return at
    }
    return text.length
  }

  #begin(): void {
    this.#fields.length = 0
    this.#problem = undefined
  }

  #addRow(text: string, start: number, end: number, line: number, records: ParsedRecords<T>): void {
    try {
      records.add(this.#row(), line)
    } catch (error) {
      records.break(text.slice(start, end).replace(/\r?\n$/, ''), line, error)
    }
  }

  /** @throws the reason for which there is none */
  #row(): T {
    const fields = this.#fields
    if (this.#width === 0) this.#setColumns(fields.map((_field, index) => `column${index + 1}`))
    if (this.#problem !== undefined) throw new Error(this.#problem)
    if (fields.length !== this.#width)
      throw new Error(`it has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'} instead of ${this.#width}`)
    const row: Record<string, unknown> = {}
    for (const { name, index, read } of this.#columns)
      row[name] = read === asText ? fields[index] : readField(name, read, fields[index] as string)
    return row as T
  }

  #setColumns(names: readonly string[]): void {
    const { columns } = this.shape
    this.#width = names.length
    const wanted = columns === undefined ? names : Object.keys(columns)
    if (columns === undefined && names.includes('')) throw this.#unfit('it has a column without a name')
    this.#columns = wanted.map((name) => ({ name, index: this.#indexOf(name, names), read: columns?.[name] ?? asText }))
  }

  #indexOf(name: string, names: readonly string[]): number {
    const index = names.indexOf(name)
    if (name === '__proto__') throw this.#unfit(`a column is named ${name}, which no field of an object may be`)
    if (index < 0)
      throw this.#unfit(
        `it has no column ${JSON.stringify(name)}; there ${names.length === 1 ? 'is only' : 'are'} ${names.map((each) => JSON.stringify(each)).join(', ')}`,
      )
    if (names.indexOf(name, index + 1) >= 0) throw this.#unfit(`it has two columns ${JSON.stringify(name)}`)
    return index
  }

  #namesOf(header: Uint8Array): readonly string[] {
    const text = decoded(header.subarray(markLength(header)))
    if (text === undefined) throw this.#unfit('it is not UTF-8')
    this.#lookAnew()
    this.#quotedFields(text, 0)
    if (hasLoneReturns(text))
      throw this.#unfit('there is a carriage return in it without a newline after it. Lines have to end with \\n or \\r\\n')
    if (this.#problem !== undefined) throw this.#unfit(this.#problem)
    if (this.#fields.length === 1 && this.#fields[0] === '') throw this.#unfit('the first line is empty, and should name the columns')
    return [...this.#fields]
  }

  #unfit(what: string): StreamError {
    return new StreamError('SOURCE', `The header of ${this.file} cannot be used: ${what}.`, {
      details: { file: this.file, line: 1 },
      retry: 'never',
    })
  }
}

export function csvReader<T>(parser: CsvParser<T>): RecordReader<T> {
  const { hasHeader, delimiter } = parser.shape
  return (bytes: Uint8Array, at: RecordsAt) => {
    const records = new ParsedRecords<T>(parser.file, at.firstLine)
    const body = at.isStart ? bytes.subarray(markLength(bytes)) : bytes
    const isHeaderFirst = at.isStart && hasHeader
    const text = decoded(body)
    if (text !== undefined) parser.parse(text, at.firstLine, isHeaderFirst, records)
    else parseEach(parser, body, { firstLine: at.firstLine, isHeaderFirst, delimiter }, records)
    return records
  }
}

/** The slow path, for a batch with bytes that are no UTF-8. */
function parseEach<T>(
  parser: CsvParser<T>,
  bytes: Uint8Array,
  at: { readonly firstLine: number; readonly isHeaderFirst: boolean; readonly delimiter: string },
  records: ParsedRecords<T>,
): void {
  const endOf = csvScanner(at.delimiter)
  records.skip()
  for (let start = 0; start < bytes.length;) {
    const end = endOf(bytes, start) || bytes.length
    const part = bytes.subarray(start, end)
    const text = decoded(part)
    const line = at.firstLine + records.lineCount
    if (text !== undefined) parser.parse(text, line, at.isHeaderFirst && start === 0, records)
    else {
      const rough = new TextDecoder().decode(part)
      records.break(roughly(part), line, new Error('it is not UTF-8'))
      records.lineCount += linesIn(rough, 0, rough.length)
    }
    start = end
  }
}

/** Outside of quotes: as where lines end with carriage returns alone, so that all of the file would be its header. */
function hasLoneReturns(header: string): boolean {
  return /\r(?!\n|$)/.test(header.replaceAll(/"[^"]*"/g, ''))
}

function isBlank(text: string, from: number, end: number): boolean {
  return end === from || (end === from + 1 && text.charCodeAt(from) === CARRIAGE_RETURN)
}

function linesIn(text: string, from: number, end: number): number {
  let lines = 0
  for (let at = from; at < end && at < text.length; lines++) {
    const newline = text.indexOf('\n', at)
    at = newline < 0 ? end : newline + 1
  }
  return lines
}

const asText = (text: string): string => text

function readField(name: string, read: (text: string) => unknown, text: string): unknown {
  let value: unknown
  try {
    value = read(text)
  } catch (error) {
    throw new Error(`the column ${JSON.stringify(name)} cannot be read: ${messageOf(error)}`)
  }
  // These make nothing of it, and say 0.
  if ((value === 0 || value === 0n) && (read === Number || read === BigInt) && text.trim() === '')
    throw new Error(`the column ${JSON.stringify(name)} is empty`)
  // What a job's own function makes of a text is its own affair, but for a NaN that nobody wrote.
  const isNone = typeof value === 'number' && (read === Number ? !Number.isFinite(value) : value !== value && text !== 'NaN')
  if (isNone || (value instanceof Date && Number.isNaN(value.getTime())))
    throw new Error(
      `the column ${JSON.stringify(name)} cannot be read: ${read.name === '' || read.name === name ? 'its function' : read.name} gives ${nameOfValue(value)}`,
    )
  return value
}
