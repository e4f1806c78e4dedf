import { StreamError } from '../core/errors.ts'

/** The kinds of things that have an id. An id is unique within its kind (rules 1.22). */
export type AddressKind = 'source' | 'step' | 'sink'

/** Job and sink are in the name of a folder, which file systems take up to 255 bytes. */
export const MAX_ID_LENGTH: number = 100

const id = /^[A-Za-z0-9._-]+$/
const name = /^[\p{L}\p{N}_$.-]+$/u

/**
 * The address of what has an id, `source/ID`, `step/ID` or `sink/ID`.
 *
 * STATE FORMAT: state, positions and committables are found again by it.
 *
 * @throws {INVALID_ID}
 */
export function addressOf(kind: AddressKind, of: string): string {
  checkId(`The id of a ${kind}`, of)
  return `${kind}/${of}`
}

/** @throws {INVALID_ID} unless it is up to 100 letters, digits, dots, dashes and underscores, and not dots alone */
export function checkId(what: string, of: unknown): asserts of is string {
  if (typeof of === 'string' && of.length > MAX_ID_LENGTH)
    throw new StreamError(
      'INVALID_ID',
      `${what} has ${of.length} characters: it may have ${MAX_ID_LENGTH}. It begins with '${of.slice(0, 20)}'.`,
    )
  if (typeof of === 'string' && id.test(of) && !/^\.+$/.test(of)) return
  throw new StreamError(
    'INVALID_ID',
    `${what} is ${shown(of)}: it may have letters, digits, dots, dashes and underscores, such as 'small-then-large'.`,
  )
}

/** The name of a state, a timer or an aggregate, which is a field in the user's program. @throws {INVALID_ID} */
export function checkName(what: string, of: string): void {
  if (name.test(of) && of !== '__proto__') return
  throw new StreamError('INVALID_ID', `${what} is ${shown(of)}: it may have letters, digits, dots, dashes, underscores and dollar signs.`)
}

/** How a value that a user gave is quoted in a message. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
