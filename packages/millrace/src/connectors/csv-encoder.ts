import { StreamError } from '../core/errors.ts'
import type { RecordEncoder } from './format.ts'
import { nameOfValue } from './value-name.ts'

export interface CsvLayout {
  /** Undefined: the fields of the first record. */
  readonly names: readonly string[] | undefined
  readonly hasHeader: boolean
  readonly delimiter: string
}

export class CsvEncoder implements RecordEncoder<never> {
  header = ''
  readonly #layout: CsvLayout
  /** A field with one of these is written in quotes; also one that would be taken for a byte order mark. */
  readonly #special: RegExp
  #names: readonly string[] | undefined

  constructor(layout: CsvLayout) {
    this.#layout = layout
    this.#special = new RegExp(`["\\r\\n\\uFEFF${layout.delimiter.replace(/[\\\]^-]/, '\\$&')}]`)
    if (layout.names !== undefined) this.#setNames(layout.names)
  }

  encode(record: never): string {
    const value: unknown = record
    if (typeof value !== 'object' || value === null) throw refused(`it is ${value === null ? 'null' : `a ${typeof value}`}, no object`)
    const row = value as Readonly<Record<string, unknown>>
    const names = this.#names ?? this.#namesOf(row)
    if (this.#layout.names === undefined) this.#checkFields(row, names)
    return this.#line(names.map((name) => fieldText(name, row[name])))
  }

  #namesOf(row: Readonly<Record<string, unknown>>): readonly string[] {
    const names = Object.keys(row)
    if (names.length === 0) throw refused('it has no fields')
    if (this.#layout.hasHeader && names.includes('')) throw refused('it has a field without a name, which no header can have')
    if (this.#layout.hasHeader && names.includes('__proto__')) throw refused('it has a field __proto__, which nothing could read again')
    this.#setNames(names)
    return names
  }

  #setNames(names: readonly string[]): void {
    this.#names = names
    if (this.#layout.hasHeader) this.header = this.#line(names)
  }

  /** Without `columns` nothing may be lost: each record has the fields of the first one, and no others. */
  #checkFields(row: Readonly<Record<string, unknown>>, names: readonly string[]): void {
    let count = 0
    for (const name in row) {
      if (!names.includes(name))
        throw refused(
          `it has a field ${JSON.stringify(name)}, and the first record of its part has none. Name the columns: csv({ columns: … })`,
        )
      count++
    }
    if (count < names.length)
      throw refused(
        `it has ${count} ${count === 1 ? 'field' : 'fields'}, and the first record of its part has ${names.length}. Name the columns: csv({ columns: … })`,
      )
  }

  #line(fields: readonly string[]): string {
    // A line with nothing on it would be no record.
    if (fields.length === 1 && fields[0] === '') return '""\n'
    let line = ''
    for (const field of fields) {
      line += (this.#special.test(field) ? `"${field.replaceAll('"', '""')}"` : field) + this.#layout.delimiter
    }
    return `${line.slice(0, -1)}\n`
  }
}

function fieldText(name: string, value: unknown): string {
  switch (typeof value) {
    case 'string':
      if (value.isWellFormed()) return value
      throw refused(`${name} has half of a surrogate pair, which UTF-8 does not know`)
    case 'number':
      if (Number.isFinite(value)) return String(value)
      throw refused(`${name} is ${value}`)
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'undefined':
      return ''
    default:
      if (value === null) return ''
      if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
      throw refused(`${name} is ${nameOfValue(value)}, which a field cannot hold`)
  }
}

function refused(why: string): StreamError {
  return new StreamError('UNSUPPORTED_VALUE', `A record cannot be written as CSV: ${why}.`)
}
