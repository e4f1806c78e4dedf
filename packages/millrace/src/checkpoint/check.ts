/** Checks of decoded data, for bytes that may come from anyone: each returns what it was given with its type, or throws {@link ShapeError}. */
import type { Plain } from '../connect/contract.ts'
import { fieldPath } from '../serde/check.ts'
import { kindOf, viewIndexOf } from '../serde/kind.ts'

/** A value is not of the shape that was written. Never leaves this folder: it becomes the text of a CHECKPOINT_CORRUPT. */
export class ShapeError extends Error {}

export type Check<T> = (value: unknown, path: string) => T
export type Fields = Readonly<Record<string, unknown>>

/** More elements than any honest list has. */
const MAX_ELEMENTS = 4_194_304
const MAX_PLAIN_DEPTH = 64
/** Its number among the typed arrays. */
const UINT8_ARRAY = 0

export function refuse(path: string, what: string): never {
  throw new ShapeError(`${path} ${what}`)
}

/** An object that is no array, Map or the like. */
export function fields(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) refuse(path, 'is no object')
  return value as Fields
}

export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Check<number> {
  return (value, path) => {
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max)
      refuse(path, `is no whole number from ${min} to ${max}`)
    return value as number
  }
}

/** Any number but NaN; watermarks may be infinite. */
export function number(value: unknown, path: string): number {
  if (typeof value !== 'number' || Number.isNaN(value)) refuse(path, 'is no number')
  return value
}

export function boolean(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') refuse(path, 'is neither true nor false')
  return value
}

export function text(maxLength: number, pattern?: RegExp): Check<string> {
  return (value, path) => {
    if (typeof value !== 'string' || value.length > maxLength || pattern?.test(value) === false) refuse(path, 'is not a text as it may be')
    return value
  }
}

export function oneOf<const T extends string>(...allowed: readonly T[]): Check<T> {
  return (value, path) => {
    if (!allowed.includes(value as T)) refuse(path, `is none of ${allowed.join(', ')}`)
    return value as T
  }
}

export function list<T>(check: Check<T>): Check<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > MAX_ELEMENTS) refuse(path, 'is no list')
    return value.map((element: unknown, i) => check(element, `${path}[${i}]`))
  }
}

/** An object of any field names, each value checked. */
export function record<T>(check: Check<T>): Check<Readonly<Record<string, T>>> {
  return (value, path) =>
    Object.fromEntries(Object.entries(fields(value, path)).map(([name, field]) => [name, check(field, `${path}[${JSON.stringify(name)}]`)]))
}

/**
 * Data as sources and sinks may store it. The same before it is written and after it was read, so it goes by what things are to
 * the codec: a Buffer comes back as a Uint8Array, an object without a prototype with one.
 */
export function plain(value: unknown, path: string, depth: number = 0): Plain {
  if (depth > MAX_PLAIN_DEPTH) refuse(path, 'is too deep')
  if (typeof value === 'undefined' || typeof value === 'function' || typeof value === 'symbol') refuse(path, `is ${nameOf(value)}`)
  if (typeof value !== 'object' || value === null) return value as Plain
  const kind = kindOf(value)
  if (kind === 'array') for (const [index, element] of (value as unknown[]).entries()) plain(element, `${path}[${index}]`, depth + 1)
  else if (kind === 'plain') for (const [name, field] of Object.entries(value)) plain(field, fieldPath(path, name), depth + 1)
  else if (kind !== 'view' || viewIndexOf(value) !== UINT8_ARRAY) refuse(path, `is ${nameOf(value)}`)
  return value as Plain
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === undefined ? 'undefined' : `a ${typeof value}`
  const name = (value as { constructor?: { name?: unknown } }).constructor?.name
  return typeof name === 'string' && name !== '' ? `of the class ${name}` : 'no plain data'
}
