/** What of the output of a history is compared: what `judge` makes of it, and nothing that would be equal to everything else. */
import { disown, StreamError } from '../core/errors.ts'
import { shown } from '../plan/ids.ts'

/** Gives what of the rows of a place has to be the same. */
export type Judge = (rows: readonly unknown[], place: string) => readonly unknown[]

/** @throws {INVALID_OPTION} for what is no function */
export function judgeOf(judge: unknown): Judge {
  if (judge === undefined) return (rows) => rows
  if (typeof judge !== 'function')
    throw new StreamError(
      'INVALID_OPTION',
      `judge is ${shown(judge)}: it has to be a function that gives what of the rows has to be the same.`,
    )
  return (rows, place) => {
    // It may sort, shorten and change what it is given: the rows themselves are compared again and again.
    const judged: unknown = (judge as Judge)(structuredClone(rows), place)
    checkJudged(judged, place)
    return judged
  }
}

function checkJudged(judged: unknown, place: string): asserts judged is readonly unknown[] {
  if (Array.isArray(judged)) return judged.forEach((row, index) => checkComparable(row, { path: `row ${index + 1}`, place, above: [] }))
  const isPromise = isThenable(judged)
  if (isPromise) disown(judged)
  throw new StreamError(
    'INVALID_OPTION',
    `judge gave ${isPromise ? 'a promise' : kindText(judged)} for the rows of ${place}: it has to return an array of what is compared${isPromise ? ', and not be async' : ''}.`,
  )
}

/** As deep as records may be. */
const MOST_DEEP = 64
const plainName = /^[A-Za-z_$][\w$]*$/

interface Way {
  readonly path: string
  readonly place: string
  readonly above: readonly object[]
}

/** What has nothing to be seen from outside would be equal to all others of its kind. @throws {INVALID_OPTION} with the path */
function checkComparable(value: unknown, way: Way): void {
  if (typeof value === 'function' || typeof value === 'symbol') throw incomparable(kindText(value), way)
  if (typeof value !== 'object' || value === null) return
  if (isThenable(value)) {
    disown(value)
    throw incomparable('a promise', way)
  }
  if (way.above.includes(value)) throw incomparable('a reference back to an object that contains it', way)
  if (way.above.length >= MOST_DEEP) throw incomparable(`more than ${MOST_DEEP} objects deep`, way)
  const inner = (path: string): Way => ({ ...way, path, above: [...way.above, value] })
  if (value instanceof Date || value instanceof ArrayBuffer || (ArrayBuffer.isView(value) && !(value instanceof DataView))) return
  if (value instanceof Map || value instanceof Set) {
    let index = 0
    for (const held of value instanceof Map ? [...value].flat() : value) checkComparable(held, inner(`${way.path}.values[${index++}]`))
    return
  }
  if (Array.isArray(value)) return value.forEach((held, index) => checkComparable(held, inner(`${way.path}[${index}]`)))
  const fields = Object.entries(value)
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: { readonly name?: string } } | null
  if (fields.length === 0 && prototype !== null && Object.getPrototypeOf(prototype) !== null)
    throw incomparable(`an instance of ${prototype.constructor?.name || 'a class'} without fields of its own`, way)
  for (const [name, held] of fields)
    checkComparable(held, inner(plainName.test(name) ? `${way.path}.${name}` : `${way.path}[${JSON.stringify(name)}]`))
}

function incomparable(what: string, { path, place }: Way): StreamError {
  return new StreamError(
    'INVALID_OPTION',
    `judge gave what cannot be compared: ${path} of ${place} is ${what}. Give plain objects, arrays, Map, Set, Date, Uint8Array and primitives.`,
    { details: { place, path } },
  )
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function'
}

function kindText(value: unknown): string {
  if (value instanceof Map || value instanceof Set) return `a ${value.constructor.name}`
  return typeof value === 'symbol' ? 'a symbol' : shown(value)
}
