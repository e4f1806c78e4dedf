import type { ParsedRecords } from './parsed-records.ts'

/** How records stand in a file: `T` is what is read, `W` what can be written. Opaque to jobs; `jsonLines`, `csv` and `text` make one. */
export interface Format<T, W = T> {
  readonly name: string
  readonly '~format'?: (value: W) => T
}

/** What a format does, for the source and for the sink. */
export interface FileFormat<T> {
  /** Of file names, with the dot. */
  readonly extension: string
  /** The first record of a file says what the others mean: it is kept for them. */
  readonly hasHeader: boolean
  /** One for each file that is read. */
  scanner(): RecordScanner
  /**
   * One for each file that is read; `header` are the bytes of its first record, if the format has a header.
   * @throws {SOURCE} for a header that does not fit
   */
  reader(file: string, header: Uint8Array): RecordReader<T>
  /** One for each part that is written. */
  encoder(): RecordEncoder<T>
}

/** Where the record ends that begins at `from`: the place after its line end, or 0 when these bytes do not hold its end. Seldom looks farther than that. */
export type RecordScanner = (bytes: Uint8Array, from: number) => number

export interface RecordsAt {
  /** The number of the first line, from 0. */
  readonly firstLine: number
  /** The bytes begin at the start of the file. */
  readonly isStart: boolean
}

/** Parses whole records; the last one of a file needs no line end. Total: what cannot be parsed is a broken record. */
export type RecordReader<T> = (bytes: Uint8Array, at: RecordsAt) => ParsedRecords<T>

export interface RecordEncoder<T> {
  /** What a part begins with, known after the first `encode`. */
  readonly header: string
  /**
   * One record with its line end.
   * @throws {UNSUPPORTED_VALUE} for what the format cannot hold
   */
  encode(value: T): string
}

const fileFormats = new WeakMap<object, FileFormat<unknown>>()

export function defineFormat<T>(name: string, definition: FileFormat<T>): Format<T> {
  const format: Format<T> = Object.freeze({ name })
  fileFormats.set(format, definition as FileFormat<unknown>)
  return format
}

/** What `defineFormat` was given; undefined for anything else. */
export function fileFormatOf(format: unknown): FileFormat<unknown> | undefined {
  return typeof format === 'object' && format !== null ? fileFormats.get(format) : undefined
}
