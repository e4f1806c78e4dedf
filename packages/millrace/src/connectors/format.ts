/** How records stand in a file. Opaque to jobs; `jsonLines` makes one. */
export interface Format<T> {
  readonly name: string
  readonly '~format'?: (value: T) => T
}

/** A format in which a record is one line. */
export interface LineFormat<T> {
  /** Of file names, with the dot. */
  readonly extension: string
  /** One line without its end. Throws an error whose message is the reason, without the text. */
  decode(line: string): T
  /**
   * Without a line end, and never with one inside.
   * @throws {UNSUPPORTED_VALUE} for what the format cannot hold
   */
  encode(value: T): string
}

const lineFormats = new WeakMap<object, LineFormat<unknown>>()

export function defineFormat<T>(name: string, lines: LineFormat<T>): Format<T> {
  const format: Format<T> = Object.freeze({ name })
  lineFormats.set(format, lines as LineFormat<unknown>)
  return format
}

/** What `defineFormat` was given; undefined for anything else. */
export function lineFormatOf(format: unknown): LineFormat<unknown> | undefined {
  return typeof format === 'object' && format !== null ? lineFormats.get(format) : undefined
}
