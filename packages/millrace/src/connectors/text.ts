import { StreamError } from '../core/errors.ts'
import type { Format } from './format.ts'
import { defineLineFormat } from './line-format.ts'

/** A line is a record, empty ones too. Lines end with `\n` or `\r\n`, the last one of a file without either is a record as well. */
export function text(): Format<string> {
  return defineLineFormat<string>('text', { extension: '.txt', skipsBlank: false, decode: (line) => line, encode: encodeLine })
}

function encodeLine(value: string): string {
  const problem = problemOf(value)
  if (problem === undefined) return value
  throw new StreamError('UNSUPPORTED_VALUE', `A record cannot be written as a line of text: ${problem}.`)
}

/** What would be another text, or more than one, when it is read again. */
function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return `it is ${value === null ? 'null' : `a ${typeof value}`}, no string`
  if (value.includes('\n')) return 'it has a line end inside'
  if (value.endsWith('\r')) return 'it ends with a carriage return, which would be part of its line end'
  return value.isWellFormed() ? undefined : 'it has half of a surrogate pair, which UTF-8 does not know'
}
