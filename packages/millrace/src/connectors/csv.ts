import { StreamError } from '../core/errors.ts'
import { CsvEncoder } from './csv-encoder.ts'
import { CsvParser, csvReader, type CsvColumns } from './csv-parser.ts'
import { csvScanner } from './csv-scanner.ts'
import { defineFormat, type Format } from './format.ts'

/** What a field can hold when it is written. */
export type CsvField = string | number | bigint | boolean | Date | null | undefined

type Columns = Record<string, (text: string) => unknown>

/**
 * CSV as RFC 4180 has it: fields between delimiters, a field in quotes may hold delimiters, line ends and doubled quotes. Lines
 * end with `\r\n` or `\n`; written is `\n`. Empty lines are no records.
 *
 * Fields are strings unless `columns` says how to read them: `{ amount: Number, at: Date.parse }`. With a header (the default)
 * columns are found by their names in each file, and those that `columns` does not name are left out; without one they are
 * `columns` in their order, or `column1`, `column2`, … A row with too few or too many fields is a broken record, and so is a row for
 * which a function throws or gives NaN or no date, an empty or blank field for `Number` or `BigInt`, which would make it 0, and one
 * of which `Number` makes Infinity.
 *
 * Each part that is written begins with the header: `columns`, or else the fields of its first record, which all others must
 * have. null and undefined are written as an empty field, a Date as its ISO text, -0 as 0; what has no text that reads back is refused.
 */
export function csv<C extends Columns>(options: {
  columns: C
  header?: boolean
  delimiter?: string
}): Format<{ [N in keyof C]: ReturnType<C[N]> }, { readonly [N in keyof C]?: CsvField | ReturnType<C[N]> }>
export function csv<R extends { readonly [N in keyof R]: CsvField } = Record<string, CsvField>>(options?: {
  header?: boolean
  delimiter?: string
}): Format<Record<string, string>, R>
export function csv(options: CsvOptions = {}): unknown {
  const { columns, header: hasHeader = true, delimiter = ',' } = checked(options)
  const names = columns === undefined ? undefined : Object.keys(columns)
  return defineFormat<never>('csv', {
    extension: '.csv',
    hasHeader,
    scanner: () => csvScanner(delimiter),
    reader: (file, header) => csvReader(new CsvParser(file, { columns, hasHeader, delimiter }, header)),
    encoder: () => new CsvEncoder({ names, hasHeader, delimiter }),
  })
}

interface CsvOptions {
  readonly columns?: CsvColumns
  readonly header?: boolean
  readonly delimiter?: string
}

/** Functions that take any text for something, whatever it says. */
const misleading: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [Boolean, "Boolean, for which every text but the empty one is true; write (text) => text === 'true'"],
  [Date, 'Date, which called like this gives the time of now; write Date.parse, or (text) => new Date(text)'],
])

function checked(options: unknown): CsvOptions {
  if (typeof options !== 'object' || options === null) throw invalid('takes an object of options')
  for (const name of Object.keys(options)) {
    if (!['columns', 'header', 'delimiter'].includes(name)) throw invalid(`has no option ${name}; there are columns, header and delimiter`)
  }
  const { columns, header, delimiter } = options as { columns?: unknown; header?: unknown; delimiter?: unknown }
  if (columns !== undefined) checkColumns(columns)
  if (header !== undefined && typeof header !== 'boolean') throw invalid('needs header to be true or false')
  if (delimiter !== undefined && (typeof delimiter !== 'string' || !/^[^"\r\n\0\u0080-\uffff]$/.test(delimiter)))
    throw invalid(`cannot use the delimiter ${JSON.stringify(delimiter)}: it is one ASCII character, no quote and no line end`)
  return options
}

function checkColumns(columns: unknown): void {
  if (typeof columns !== 'object' || columns === null) throw invalid('needs columns as an object of functions: { amount: Number }')
  const entries = Object.entries(columns)
  if (entries.length === 0) throw invalid('was given no columns; leave `columns` out and all are read as text')
  for (const [name, read] of entries) {
    if (typeof read !== 'function') throw invalid(`needs a function for the column ${name}, which reads its text: ${name}: String`)
    const trap = misleading.get(read)
    if (trap !== undefined) throw invalid(`reads the column ${name} with ${trap}`)
  }
}

function invalid(what: string): StreamError {
  return new StreamError('INVALID_OPTION', `csv ${what}.`)
}
