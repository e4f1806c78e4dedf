import { messageOf, StreamError } from '../core/errors.ts'
import type { Format } from './format.ts'
import { defineLineFormat } from './line-format.ts'

/**
 * One JSON value a line. Written as JSON has it: a Date becomes its ISO text, a field that is undefined is left out. What would
 * silently become something else (NaN, Infinity, Map, Set, bytes) is refused, as is what JSON does not know.
 */
export function jsonLines<T = unknown>(): Format<T> {
  return defineLineFormat<T>('jsonl', {
    extension: '.jsonl',
    skipsBlank: true,
    decode: JSON.parse as (line: string) => T,
    encode: encodeJson,
  })
}

function encodeJson(value: unknown): string {
  let line: string | undefined
  try {
    line = JSON.stringify(value)
  } catch (cause) {
    throw new StreamError('UNSUPPORTED_VALUE', `A record cannot be written as JSON: ${reasonOf(value, cause)}.`, { cause })
  }
  if (line === undefined) throw new StreamError('UNSUPPORTED_VALUE', `A record cannot be written as JSON: it is ${nameOf(value)}.`)
  // NaN becomes `null`, a Map `{}`, bytes `{"0":…`: only a line that has one of these is looked at closely.
  if (line.includes('null') || line.includes('{}') || line.includes('{"0":')) refuseLosses(value)
  return line
}

function refuseLosses(value: unknown): void {
  const found = find(value, '', (part) =>
    typeof part === 'number' ? !Number.isFinite(part) : part instanceof Map || part instanceof Set || ArrayBuffer.isView(part),
  )
  if (found === undefined) return
  throw new StreamError(
    'UNSUPPORTED_VALUE',
    `A record cannot be written as JSON: ${found.path === '' ? 'it' : found.path} is ${nameOf(found.part)}.`,
    {
      details: { path: found.path },
    },
  )
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
function find(value: unknown, path: string, isIt: (part: unknown) => boolean, depth: number = 0): Found | undefined {
  if (isIt(value)) return { path, part: value }
  if (typeof value !== 'object' || value === null || depth > 64 || typeof (value as { toJSON?: unknown }).toJSON === 'function')
    return undefined
  for (const [name, part] of Object.entries(value)) {
    const found = find(part, Array.isArray(value) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`, isIt, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

function nameOf(value: unknown): string {
  if (typeof value === 'number' || value === undefined) return String(value)
  if (typeof value === 'object' && value !== null) return `a ${value.constructor.name}`
  return `a ${typeof value}`
}
