import { disown, StreamError } from '../core/errors.ts'
import { kindOf } from './kind.ts'

/** Objects within objects go this deep at most, in what is written and in what is read. */
export const MAX_DEPTH: number = 64
/** From so many visited objects on, shared ones are remembered: a value may reach one object on very many ways. */
const REMEMBER_FROM = 1024
/** Below that no further promises are looked for in what is refused. */
const MAX_SEARCHED = 3
const plainName = /^[A-Za-z_$][\w$]*$/

interface Walk {
  /** Objects on the way from the root to here. */
  readonly above: object[]
  visited: number
  /** Objects found good, with the height above which they were looked at. */
  done: Map<object, number> | undefined
}

/**
 * Walks a value without encoding it and throws what {@link encodeValue} would refuse, and also what it would leave out: further
 * properties of an array. Reads getters.
 *
 * @throws {UNSUPPORTED_VALUE} with the path of the first field that cannot be stored
 */
export function checkValue(value: unknown, path: string = 'value'): void {
  try {
    walk(value, path, { above: [], visited: 0, done: undefined })
  } catch (error) {
    disownAll(value)
    throw error
  }
}

/** Of a value that is refused: one promise was found, but all may reject. */
function disownAll(value: unknown, depth: number = 0): void {
  if (typeof value !== 'object' || value === null || depth > MAX_SEARCHED) return
  if (value instanceof Promise) return disown(value)
  const kind = kindOf(value)
  if (kind === 'plain' || kind === 'array') for (const part of Object.values(value).slice(0, REMEMBER_FROM)) disownAll(part, depth + 1)
}

/** Path of a field in words of the language: `value.items[3]["first name"]`. */
export function fieldPath(path: string, name: string): string {
  return plainName.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`
}

function walk(value: unknown, path: string, state: Walk): void {
  if (typeof value === 'function') throw unsupported(path, 'a function')
  if (typeof value === 'symbol') throw unsupported(path, 'a symbol')
  if (typeof value !== 'object' || value === null) return
  const depth = state.above.length
  if (state.above.includes(value)) throw unsupported(path, 'a reference back to an object that contains it (a cycle)')
  if (depth >= MAX_DEPTH) throw unsupported(path, `more than ${MAX_DEPTH} objects deep`)
  if ((state.done?.get(value) ?? -1) >= depth) return
  if (state.done === undefined && ++state.visited > REMEMBER_FROM) state.done = new Map()
  state.above.push(value)
  walkObject(value, path, state)
  state.above.pop()
  state.done?.set(value, depth)
}

function walkObject(object: object, path: string, state: Walk): void {
  const kind = kindOf(object)
  if (kind === 'plain') return walkPlain(object as Record<string, unknown>, path, state)
  if (kind === 'array') return walkArray(object as unknown[], path, state)
  if (kind === 'map') return walkMap(object as Map<unknown, unknown>, path, state)
  if (kind === 'set') {
    let index = 0
    for (const item of Set.prototype.values.call(object as Set<unknown>)) walk(item, `${path}.values[${index++}]`, state)
  } else if (kind === undefined) throw unsupported(path, describe(object))
}

function walkPlain(object: Record<string, unknown>, path: string, state: Walk): void {
  if (Object.getOwnPropertySymbols(object).length > 0) throw unsupported(path, 'an object with a symbol as the name of a field')
  for (const name of Object.keys(object)) {
    const value = object[name]
    if (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol') walk(value, fieldPath(path, name), state)
  }
}

function walkArray(array: readonly unknown[], path: string, state: Walk): void {
  for (let i = 0; i < array.length; i++) {
    const item = array[i]
    if (item === undefined && !Object.hasOwn(array, i)) throw unsupported(`${path}[${i}]`, 'a hole of an array (write undefined instead)')
    if (typeof item === 'object' || typeof item === 'function' || typeof item === 'symbol') walk(item, `${path}[${i}]`, state)
  }
  const names = Object.keys(array)
  if (names.length !== array.length) throw unsupported(fieldPath(path, names[array.length] as string), 'a named property of an array')
}

function walkMap(map: ReadonlyMap<unknown, unknown>, path: string, state: Walk): void {
  let index = 0
  for (const [key, value] of Map.prototype.entries.call(map as Map<unknown, unknown>)) {
    walk(key, `${path}.keys[${index}]`, state)
    walk(value, typeof key === 'string' ? `${path}.get(${JSON.stringify(key)})` : `${path}.values[${index}]`, state)
    index++
  }
}

function unsupported(path: string, what: string): StreamError {
  return new StreamError(
    'UNSUPPORTED_VALUE',
    `${path} is ${what}, which cannot be stored or sent. Use plain objects, arrays, Map, Set, Date, Uint8Array and primitives.`,
    { details: { path } },
  )
}

function describe(object: object): string {
  if (object instanceof Promise || typeof (object as { then?: unknown }).then === 'function') return 'a promise (was an await forgotten?)'
  const name = (object as { constructor?: { name?: unknown } }).constructor?.name
  return typeof name === 'string' && name !== '' ? `an instance of the class ${name}` : 'an object with a prototype of its own'
}
