// One text per value: how the reference tells values and keys apart.
import type { Json, Key } from './program.ts'

/**
 * The value as text, equal exactly for equal values: fields in alphabetical order, `-0`, `undefined`, bigints and numbers that JSON cannot say kept apart.
 * A missing field differs from one that is `undefined` (rules 1.7b).
 */
export function canonical(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'undefined'
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value instanceof Map) return `Map${canonical([...value])}`
  if (value instanceof Set) return `Set${canonical([...value])}`
  if (typeof value === 'object') return `{${fieldTexts(value).join(',')}}`
  throw new Error(`a ${typeof value} is no value of a stream`)
}

function fieldTexts(value: object): string[] {
  const names = Object.keys(value).sort()
  return names.map((name) => `${JSON.stringify(name)}:${canonical((value as Record<string, unknown>)[name])}`)
}

/** The identity of a key: 1 and '1' differ, -0 and 0 agree (rules 1.8). */
export function keyText(key: Key): string {
  if (typeof key === 'number') return canonical(key + 0)
  if (typeof key === 'string') return canonical(key)
  return `[${key.map(keyText).join(',')}]`
}

/** Freezes a value and all it holds, so that a function that changes a record in place fails (rules 1.12). */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const part of Object.values(value)) deepFreeze(part as Json)
  return value
}
