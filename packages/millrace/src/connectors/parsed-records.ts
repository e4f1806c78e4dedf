import type { BrokenRecord } from '../connect/contract.ts'
import { messageOf } from '../core/errors.ts'

/** Of a broken record, what is kept for whoever looks at it. */
const MAX_INPUT_CHARACTERS = 1_000
/** Keeps U+FEFF: only the start of a file may have a byte order mark. */
const decoder: TextDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes as text; undefined when they are no UTF-8. */
export function decoded(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** What stands for bytes that are no UTF-8. */
export function roughly(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, MAX_INPUT_CHARACTERS))
}

/** The length of the byte order mark with which a file begins: 3 or 0. */
export function markLength(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
}

/** What a batch of bytes holds. Lines are counted for each value only from where that is needed. */
export class ParsedRecords<T> {
  readonly values: T[] = []
  broken: BrokenRecord[] | undefined
  /** How many lines the bytes had, empty and broken ones included. */
  lineCount = 0
  readonly #file: string
  readonly #firstLine: number
  #lineOf: number[] | undefined

  constructor(file: string, firstLine: number) {
    this.#file = file
    this.#firstLine = firstLine
  }

  add(value: T, line: number): void {
    this.values.push(value)
    this.#lineOf?.push(line)
  }

  /** A line that gives no value of its own: from here on values and lines are counted apart. */
  skip(): void {
    this.#lineOf ??= this.values.map((_value, index) => this.#firstLine + index)
  }

  break(text: string, line: number, error: unknown): void {
    this.skip()
    const position = `${this.#file}:${line + 1}`
    this.broken ??= []
    this.broken.push({
      index: this.values.length,
      code: 'INVALID_RECORD',
      message: `${position} cannot be parsed: ${messageOf(error)}`,
      input: text.length <= MAX_INPUT_CHARACTERS ? text : `${text.slice(0, MAX_INPUT_CHARACTERS)}…`,
      position,
    })
  }

  positionOf(index: number): string {
    return `${this.#file}:${(this.#lineOf === undefined ? this.#firstLine + index : (this.#lineOf[index] as number)) + 1}`
  }
}
