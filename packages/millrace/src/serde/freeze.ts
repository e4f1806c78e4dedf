import { kindOf } from './kind.ts'

/**
 * Freezes a value and all plain objects and arrays that it reaches through fields and elements, and returns it. Cycles are no
 * harm, nor is depth.
 *
 * Map, Set, Date, typed arrays and instances of classes cannot be frozen and are left alone, with what they hold. What is frozen
 * already is not looked into again: a frozen object with an open one inside keeps that one open.
 */
export function deepFreeze<T>(value: T): T {
  if (!isOpen(value)) return value
  const pending: object[] = [value]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const kind = kindOf(next)
    if (Object.isFrozen(next) || (kind !== 'plain' && kind !== 'array')) continue
    Object.freeze(next)
    for (const name of Object.keys(next)) {
      const field: unknown = (next as Record<string, unknown>)[name]
      if (isOpen(field)) pending.push(field)
    }
  }
  return value
}

function isOpen(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Object.isFrozen(value)
}
