import type { ErrorCode } from '../core/error-codes.ts'
import { messageOf, StreamError } from '../core/errors.ts'
import { shown } from '../plan/ids.ts'

/** The part of Standard Schema v1 that is read: zod, valibot, arktype and others have it. Asynchronous schemas are refused. */
export interface StandardSchema<T> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => unknown
    readonly types?: { readonly input: unknown; readonly output: T } | undefined
  }
}

/** How a schema is used: what messages call it and the checked value, and the code of what does not pass. */
export interface SchemaUse {
  /** Whose schema it is: `source/payments`. */
  readonly owner: string
  /** What is checked: `A record of source/payments`. */
  readonly what: string
  readonly code: ErrorCode
}

const SHOWN_ISSUES = 5

/**
 * Makes a function that returns the schema's output or throws `use.code`, with the issues and their paths in message and
 * details. The schema is tried at once with nothing.
 *
 * @throws {INVALID_OPTION} for what is no Standard Schema; {ASYNC_SCHEMA} when it answers with a promise, now or for a later value
 */
export function validatorOf(schema: unknown, use: SchemaUse): (value: unknown) => unknown {
  const validate = standardValidate(schema, use.owner)
  const call = (value: unknown): unknown => {
    const result: unknown = validate(value)
    if (!isPromise(result)) return result
    // Nobody waits for it, so its rejection is to be nobody's.
    result.then(undefined, () => undefined)
    throw new StreamError(
      'ASYNC_SCHEMA',
      `The schema of ${use.owner} validates asynchronously. Use one without asynchronous refinements and transforms.`,
    )
  }
  try {
    call(undefined)
  } catch (error) {
    // A schema may well throw on nothing; what it does with records is seen when they come.
    if (StreamError.is(error)) throw error
  }
  return (value) => outputOf(call, value, use)
}

function outputOf(call: (value: unknown) => unknown, value: unknown, use: SchemaUse): unknown {
  let result: unknown
  try {
    result = call(value)
  } catch (error) {
    if (StreamError.is(error)) throw error
    throw new StreamError(use.code, `${use.what} makes its schema throw: ${messageOf(error)}`, { cause: error })
  }
  if (typeof result !== 'object' || result === null)
    throw new StreamError(use.code, `The schema of ${use.owner} answers with ${shown(result)}, which is no result of a Standard Schema.`)
  const { issues, value: output } = result as { issues?: unknown; value?: unknown }
  if (issues === undefined || issues === null) return output
  const texts = (Array.isArray(issues) ? issues : [issues]).map(issueText)
  const more = texts.length > SHOWN_ISSUES ? `; and ${texts.length - SHOWN_ISSUES} more` : ''
  throw new StreamError(use.code, `${use.what} does not pass its schema: ${texts.slice(0, SHOWN_ISSUES).join('; ')}${more}`, {
    details: { issues: texts },
  })
}

/** `items[2].price: expected number`: the path as it would be written, then the message. */
function issueText(issue: unknown): string {
  if (typeof issue !== 'object' || issue === null) return String(issue)
  const { message, path } = issue as { message?: unknown; path?: unknown }
  const text = typeof message === 'string' ? message : 'it is not valid'
  const at = Array.isArray(path) ? path.map(segmentText).join('').replace(/^\./, '') : ''
  return at === '' ? text : `${at}: ${text}`
}

function segmentText(segment: unknown): string {
  const key: unknown = typeof segment === 'object' && segment !== null ? (segment as { key?: unknown }).key : segment
  if (typeof key === 'number') return `[${key}]`
  const name = String(key)
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}

function standardValidate(schema: unknown, owner: string): (value: unknown) => unknown {
  const isObject = (typeof schema === 'object' && schema !== null) || typeof schema === 'function'
  const standard: unknown = isObject ? (schema as { '~standard'?: unknown })['~standard'] : undefined
  const { version, validate } =
    typeof standard === 'object' && standard !== null ? (standard as { version?: unknown; validate?: unknown }) : {}
  if (version === 1 && typeof validate === 'function') return validate.bind(standard) as (value: unknown) => unknown
  throw new StreamError(
    'INVALID_OPTION',
    `The schema of ${owner} is ${shown(schema)} without Standard Schema v1: use one of zod, valibot, arktype or another library that has it.`,
  )
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
