import { messageOf, StreamError } from '../core/errors.ts'
import type { Format } from './format.ts'
import { defineLineFormat } from './line-format.ts'
import { nameOfValue } from './value-name.ts'

/**
 * One JSON value a line. Written as JSON has it: a Date becomes its ISO text, -0 becomes 0, a field that is undefined or a function is
 * left out. What would silently become something else (NaN, Infinity, an invalid Date, undefined in an array, Map, Set, bytes, a
 * promise, an Error) is refused, as is what JSON does not know. A line with a number that would be read as Infinity is a broken record.
 */
export function jsonLines<T = unknown>(): Format<T> {
  return defineLineFormat<T>('jsonl', {
    extension: '.jsonl',
    skipsBlank: true,
    decode: decodeJson as (line: string) => T,
    encode: encodeJson,
  })
}

/** Objects and arrays within each other, as deep as records may go. */
const MAX_DEPTH = 64
const QUOTE = 34
const BACKSLASH = 92

/** What is no record, or what no sink could write again, is found here, where it has a file and a line: later it would end the job. */
function decodeJson(line: string): unknown {
  const value: unknown = JSON.parse(line)
  if (isSuspect(value, MAX_DEPTH)) refuse(line, value)
  return value
}

/** Per-record code: whether a number is infinite, or anything deeper than so many levels. A patched prototype only costs a closer look. */
function isSuspect(part: unknown, levels: number): boolean {
  if (typeof part === 'number') return part - part !== 0
  if (typeof part !== 'object' || part === null) return false
  if (levels === 0) return true
  if (Array.isArray(part)) {
    for (const item of part as unknown[]) {
      if (typeof item === 'number' ? item - item !== 0 : typeof item === 'object' && isSuspect(item, levels - 1)) return true
    }
    return false
  }
  for (const name in part) {
    const field = (part as Readonly<Record<string, unknown>>)[name]
    if (typeof field === 'number' ? field - field !== 0 : typeof field === 'object' && isSuspect(field, levels - 1)) return true
  }
  return false
}

/** @throws the reason, if there is one */
function refuse(line: string, value: unknown): void {
  if (depthOf(line) > MAX_DEPTH) throw new Error(`it is more than ${MAX_DEPTH} objects and arrays deep, and records are at most that`)
  const found = find(value, '', (part) => typeof part === 'number' && !Number.isFinite(part))
  if (found !== undefined) throw new Error(`${found.path === '' ? 'it' : found.path} is a number beyond 1.8e308, the largest there is`)
}

/** Of a line that is JSON. */
function depthOf(line: string): number {
  let depth = 0
  let deepest = 0
  let isInText = false
  for (let at = 0; at < line.length; at++) {
    const code = line.charCodeAt(at)
    if (code === QUOTE) isInText = !isInText
    else if (isInText) at += code === BACKSLASH ? 1 : 0
    else if (line[at] === '{' || line[at] === '[') deepest = Math.max(deepest, ++depth)
    else if (line[at] === '}' || line[at] === ']') depth--
  }
  return deepest
}

function encodeJson(value: unknown): string {
  let line: string | undefined
  try {
    line = JSON.stringify(value)
  } catch (cause) {
    throw new StreamError('UNSUPPORTED_VALUE', `A record cannot be written as JSON: ${reasonOf(value, cause)}.`, { cause })
  }
  if (line === undefined) throw new StreamError('UNSUPPORTED_VALUE', `A record cannot be written as JSON: it is ${nameOfValue(value)}.`)
  // NaN becomes `null`, a Map `{}`, bytes `{"0":…`: only a line that has one of these is looked at closely.
  if (line.includes('null') || line.includes('{}') || line.includes('{"0":')) refuseLosses(value)
  return line
}

function refuseLosses(value: unknown): void {
  const found = find(value, '', isLost)
  if (found === undefined) return
  throw new StreamError(
    'UNSUPPORTED_VALUE',
    `A record cannot be written as JSON: ${found.path === '' ? 'it' : found.path} is ${nameOfValue(found.part)}.`,
    {
      details: { path: found.path },
    },
  )
}

/** Objects of these have no fields that JSON would write. */
const lostClasses = [Map, Set, WeakMap, WeakSet, ArrayBuffer, SharedArrayBuffer, Promise, RegExp, Error]

function isLost(part: unknown, isItem: boolean): boolean {
  if (typeof part === 'number') return !Number.isFinite(part)
  if (typeof part !== 'object' || part === null)
    return isItem && (part === undefined || typeof part === 'function' || typeof part === 'symbol')
  if (part instanceof Date) return Number.isNaN(part.getTime())
  if (typeof (part as { readonly toJSON?: unknown }).toJSON === 'function') return false
  return ArrayBuffer.isView(part) || lostClasses.some((lost) => part instanceof lost)
}

function reasonOf(value: unknown, cause: unknown): string {
  const found = find(value, '', (part) => typeof part === 'bigint')
  if (found === undefined) return messageOf(cause).split('\n', 1)[0] as string
  return `${found.path === '' ? 'it' : found.path} is a bigint`
}

interface Found {
  readonly path: string
  readonly part: unknown
}

/** The first part, depth first, that the test names. Ends at 64 levels, so also in a cycle. */
function find(
  value: unknown,
  path: string,
  isIt: (part: unknown, isItem: boolean) => boolean,
  depth: number = 0,
  isItem: boolean = false,
): Found | undefined {
  if (isIt(value, isItem)) return { path, part: value }
  if (typeof value !== 'object' || value === null || depth > 64 || typeof (value as { toJSON?: unknown }).toJSON === 'function')
    return undefined
  // By index: a hole of an array is written as null, too.
  const names = Array.isArray(value) ? value.keys() : Object.keys(value)
  for (const name of names) {
    const at = Array.isArray(value) ? `${path}[${name}]` : path === '' ? `${name}` : `${path}.${name}`
    const found = find((value as Record<string, unknown>)[name as string], at, isIt, depth + 1, Array.isArray(value))
    if (found !== undefined) return found
  }
  return undefined
}
