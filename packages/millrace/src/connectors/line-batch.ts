import type { BrokenRecord } from '../connect/contract.ts'
import { messageOf } from '../core/errors.ts'
import type { LineFormat } from './format.ts'

/** Of a broken line, what is kept for whoever looks at it. */
const MAX_INPUT_CHARACTERS = 1_000
const CARRIAGE_RETURN = 13
/** Keeps U+FEFF: only the start of a file may have a byte order mark. */
const decoder: TextDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export interface LinesFrom<T> {
  readonly format: LineFormat<T>
  readonly file: string
  /** The number of the first line, from 0. */
  readonly firstLine: number
  /** The bytes begin at the start of the file. */
  readonly isStart: boolean
}

export interface ParsedLines<T> {
  readonly values: T[]
  readonly broken: BrokenRecord[] | undefined
  /** For each value its line, from 0; undefined when value i is line `firstLine + i`. */
  readonly lineOf: number[] | undefined
}

/**
 * Parses whole lines; the last one needs no newline. Total: what cannot be parsed is a broken record. Per-record code: the
 * bytes become one text, which is cut at its newlines.
 */
export function parseLines<T>(bytes: Uint8Array, from: LinesFrom<T>): ParsedLines<T> {
  const body = from.isStart && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
  let text: string
  try {
    text = decoder.decode(body)
  } catch {
    return parseEach(linesOf(body), from)
  }
  return parseText(text, from)
}

function parseText<T>(text: string, from: LinesFrom<T>): ParsedLines<T> {
  const { format } = from
  const values: T[] = []
  const rest = new Rest<T>(from, values)
  const length = text.length
  for (let start = 0, line = from.firstLine; start < length; line++) {
    const newline = text.indexOf('\n', start)
    const next = newline < 0 ? length : newline
    const end = next > start && text.charCodeAt(next - 1) === CARRIAGE_RETURN ? next - 1 : next
    if (end === start) rest.skip()
    else {
      const part = text.slice(start, end)
      try {
        values.push(format.decode(part))
        rest.lineOf?.push(line)
      } catch (error) {
        rest.add(line, part, error)
      }
    }
    start = next + 1
  }
  return { values, broken: rest.broken, lineOf: rest.lineOf }
}

/** The slow path, for a batch with bytes that are no UTF-8. */
function parseEach<T>(lines: readonly Uint8Array[], from: LinesFrom<T>): ParsedLines<T> {
  const values: T[] = []
  const rest = new Rest<T>(from, values)
  rest.skip()
  for (const [index, bytes] of lines.entries()) {
    const line = from.firstLine + index
    let text = ''
    try {
      text = decoder.decode(bytes)
    } catch {
      rest.add(line, new TextDecoder().decode(bytes.subarray(0, MAX_INPUT_CHARACTERS)), new Error('it is not UTF-8'))
      continue
    }
    if (text.endsWith('\r')) text = text.slice(0, -1)
    if (text === '') continue
    try {
      values.push(from.format.decode(text))
      rest.lineOf?.push(line)
    } catch (error) {
      rest.add(line, text, error)
    }
  }
  return { values, broken: rest.broken, lineOf: rest.lineOf }
}

/** What only few batches have. */
class Rest<T> {
  broken: BrokenRecord[] | undefined
  lineOf: number[] | undefined
  readonly #from: LinesFrom<T>
  readonly #values: T[]

  constructor(from: LinesFrom<T>, values: T[]) {
    this.#from = from
    this.#values = values
  }

  /** A line without a value: from here on values and lines are counted apart. */
  skip(): void {
    this.lineOf ??= this.#values.map((_value, index) => this.#from.firstLine + index)
  }

  add(line: number, text: string, error: unknown): void {
    this.skip()
    if (text.trim() === '') return
    const position = `${this.#from.file}:${line + 1}`
    this.broken ??= []
    this.broken.push({
      index: this.#values.length,
      code: 'INVALID_RECORD',
      message: `${position} cannot be parsed: ${messageOf(error)}`,
      input: text.length <= MAX_INPUT_CHARACTERS ? text : `${text.slice(0, MAX_INPUT_CHARACTERS)}…`,
      position,
    })
  }
}

function linesOf(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = []
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(10, start)
    const end = newline < 0 ? bytes.length : newline
    lines.push(bytes.subarray(start, end))
    start = end + 1
  }
  return lines
}
