import { defineFormat, type Format, type RecordEncoder, type RecordsAt } from './format.ts'
import { decoded, markLength, ParsedRecords, roughly } from './parsed-records.ts'

const NEWLINE = 10
const CARRIAGE_RETURN = 13

/** A format in which a record is one line, and every line one record. */
export interface LineFormat<T> {
  /** Of file names, with the dot. */
  readonly extension: string
  /** Lines without anything to see are no records. */
  readonly skipsBlank: boolean
  /** One line without its end. Throws an error whose message is the reason, without the text. */
  decode(line: string): T
  /**
   * Without a line end, and never with one inside.
   * @throws {UNSUPPORTED_VALUE} for what the format cannot hold
   */
  encode(value: T): string
}

export function defineLineFormat<T>(name: string, format: LineFormat<T>): Format<T> {
  return defineFormat<T>(name, {
    extension: format.extension,
    hasHeader: false,
    scanner: () => (bytes, from) => bytes.indexOf(NEWLINE, from) + 1,
    reader: (file) => (bytes, at) => parseLines(format, file, bytes, at),
    encoder: () => new LineEncoder(format),
  })
}

class LineEncoder<T> implements RecordEncoder<T> {
  /** A first line that begins with a byte order mark would lose it, had the file none of its own. */
  header = ''
  #isFirst = true
  readonly #format: LineFormat<T>

  constructor(format: LineFormat<T>) {
    this.#format = format
  }

  encode(value: T): string {
    const line = this.#format.encode(value)
    if (this.#isFirst && line.startsWith('\uFEFF')) this.header = '\uFEFF'
    this.#isFirst = false
    return line + '\n'
  }
}

/** Per-record code: the bytes become one text, which is cut at its newlines. */
export function parseLines<T>(format: LineFormat<T>, file: string, bytes: Uint8Array, at: RecordsAt): ParsedRecords<T> {
  const records = new ParsedRecords<T>(file, at.firstLine)
  const body = at.isStart ? bytes.subarray(markLength(bytes)) : bytes
  const text = decoded(body)
  if (text === undefined) parseEach(format, body, at.firstLine, records)
  else parseText(format, text, at.firstLine, records)
  return records
}

function parseText<T>(format: LineFormat<T>, text: string, firstLine: number, records: ParsedRecords<T>): void {
  const length = text.length
  let line = firstLine
  for (let start = 0; start < length; line++) {
    const newline = text.indexOf('\n', start)
    const next = newline < 0 ? length : newline
    const end = next > start && text.charCodeAt(next - 1) === CARRIAGE_RETURN ? next - 1 : next
    parseLine(format, text.slice(start, end), line, records)
    start = next + 1
  }
  records.lineCount = line - firstLine
}

function parseLine<T>(format: LineFormat<T>, text: string, line: number, records: ParsedRecords<T>): void {
  if (text === '' && format.skipsBlank) return records.skip()
  try {
    records.add(format.decode(text), line)
  } catch (error) {
    if (format.skipsBlank && text.trim() === '') records.skip()
    else records.break(text, line, error)
  }
}

/** The slow path, for a batch with bytes that are no UTF-8. */
function parseEach<T>(format: LineFormat<T>, bytes: Uint8Array, firstLine: number, records: ParsedRecords<T>): void {
  let line = firstLine
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(NEWLINE, start)
    const end = newline < 0 ? bytes.length : newline
    const part = bytes.subarray(start, end)
    const text = decoded(part)
    if (text === undefined) records.break(roughly(part), line, new Error('it is not UTF-8'))
    else parseLine(format, text.endsWith('\r') ? text.slice(0, -1) : text, line, records)
    start = end + 1
  }
  records.lineCount = line - firstLine
}
