/** What an attack takes on its command line: described once, for reading, for `--help`, and for what is said of an unknown option. */

/** What was asked for cannot be done: told in one sentence, without a stack. */
export class OptionError extends Error {}

export interface Option<T> {
  /** What stands behind its name; empty for a flag. */
  readonly takes: string
  readonly about: string
  readonly without: T
  /** @throws {OptionError} which goes on from the name of the option */
  read(text: string): T
}

export type Options = Readonly<Record<string, Option<unknown>>>
export type Values<O extends Options> = { readonly [N in keyof O]: O[N] extends Option<infer T> ? T : never }

/** Both inside. */
export interface Range {
  readonly least?: number
  readonly most?: number
}

/** A whole number, of at least 1 unless 0 is its default or the range says otherwise. */
export function whole<D extends number | undefined>(
  without: D,
  about: string,
  { least = without === 0 ? 0 : 1, most = Number.MAX_SAFE_INTEGER }: Range = {},
): Option<number | D> {
  return {
    takes: 'N',
    about: without === undefined ? about : `${about}; without it: ${without}`,
    without,
    read(text) {
      const value = text.trim() === '' ? Number.NaN : Number(text)
      if (Number.isSafeInteger(value) && value >= least && value <= most) return value
      const limits = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
      throw new OptionError(`needs a whole number ${limits}, not '${text}'`)
    },
  }
}

export function text<T>(takes: string, about: string, without: T, read: (text: string) => T): Option<T> {
  return { takes, about, without, read }
}

export function flag(about: string): Option<boolean> {
  return { takes: '', about, without: false, read: () => true }
}

export const seed: Option<number | undefined> = whole(undefined, 'what all is drawn from; without it: drawn too, and printed', { least: 0 })
export const workers: Option<number> = whole(2, 'processes at a time')

/** @throws {OptionError} for what is none of the options, and for values that are none */
export function readOptions<O extends Options>(args: readonly string[], options: O): Values<O> {
  const values = Object.fromEntries(Object.entries(options).map(([name, { without }]) => [name, without]))
  const words = [...args]
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const name = word.slice(2)
    const option = word.startsWith('--') && Object.hasOwn(options, name) ? options[name] : undefined
    if (option === undefined) throw new OptionError(`unknown option '${word}'; there are ${callsOf(options).join(', ')}`)
    const value = option.takes === '' ? '' : words.shift()
    if (value === undefined || value.startsWith('--')) throw new OptionError(`${word} needs a value: ${word} ${option.takes}`)
    try {
      values[name] = option.read(value)
    } catch (error) {
      throw error instanceof OptionError ? new OptionError(`${word} ${error.message}`) : error
    }
  }
  return values as Values<O>
}

/** A line for each. */
export function helpText(options: Options): string {
  const calls = callsOf(options)
  const width = Math.max(...calls.map((call) => call.length))
  return Object.values(options)
    .map(({ about }, index) => `  ${calls[index]?.padEnd(width)}  ${about}\n`)
    .join('')
}

function callsOf(options: Options): readonly string[] {
  return Object.entries(options).map(([name, { takes }]) => `--${name} ${takes}`.trim())
}
