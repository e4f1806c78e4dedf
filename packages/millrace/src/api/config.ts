import { messageOf, StreamError } from '../core/errors.ts'
import { fieldPath } from '../serde/check.ts'

/** Nobody writes a config so deep; what walks over one would run out of stack. */
const MAX_DEPTH = 1_000

/** Kinds of objects besides plain ones that a structured clone carries over as they are. */
const CLONED: ReadonlySet<string> = new Set(['Array', 'Map', 'Set', 'Date', 'RegExp', 'Error', 'ArrayBuffer', 'SharedArrayBuffer'])

/**
 * The config as another thread would get it: a copy, so that no factory sees what its caller, or another factory, does to it.
 * @throws {INVALID_OPTION} naming the field that cannot be sent
 */
export function cloneConfig(job: string, config: unknown): unknown {
  const fault = faultOf(config, 'config', new Set(), 0)
  if (fault !== undefined) throw unsendable(job, fault)
  try {
    return structuredClone(config)
  } catch (error) {
    throw unsendable(job, messageOf(error))
  }
}

function unsendable(job: string, fault: string): StreamError {
  return new StreamError(
    'INVALID_OPTION',
    `The config of the job '${job}' has to be data that can be sent to another thread: ${fault}. Pass what it is made of, and make it in the factory or in a step's \`open\`.`,
  )
}

/** The first field that a structured clone would refuse, or make something else of; undefined when there is none. */
function faultOf(value: unknown, path: string, seen: Set<object>, depth: number): string | undefined {
  if (typeof value === 'function') return `${path} is a function`
  if (typeof value === 'symbol') return `${path} is a symbol`
  if (typeof value !== 'object' || value === null || seen.has(value) || ArrayBuffer.isView(value)) return undefined
  if (depth > MAX_DEPTH) return `it has objects within objects, more than ${MAX_DEPTH} deep`
  seen.add(value)
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
  if (!isPlain(value) && !CLONED.has(kind)) return `${path} is an instance of the class ${value.constructor.name}`
  for (const [part, at] of partsOf(value, path)) {
    const fault = faultOf(part, at, seen, depth + 1)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** Of this realm or another. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function* partsOf(value: object, path: string): Iterable<readonly [unknown, string]> {
  if (value instanceof Map) {
    for (const [key, part] of value) {
      yield [key, `a key of ${path}`]
      yield [part, `${path}.get(${String(key)})`]
    }
  } else if (value instanceof Set) {
    for (const part of value) yield [part, `an element of ${path}`]
  } else if (Array.isArray(value)) {
    for (const [index, part] of value.entries()) yield [part, `${path}[${index}]`]
  } else {
    for (const [name, part] of Object.entries(value)) yield [part, fieldPath(path, name)]
  }
}
