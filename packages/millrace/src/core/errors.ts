import { errorCodes, type ErrorCode } from './error-codes.ts'

export type ErrorDomain = 'user' | 'external' | 'internal'
export type RetryHint = 'never' | 'restart-job' | 'with-backoff'
export type Details = Readonly<Record<string, string | number | boolean | readonly (string | number)[] | undefined>>

/** What crosses a thread or a process in the place of an error: `postMessage` would drop code and class. */
export interface WireError {
  readonly code: string
  readonly domain: ErrorDomain
  readonly retry: RetryHint
  readonly message: string
  readonly stack?: string
  readonly details?: Details
  readonly cause?: WireError
}

/**
 * The one error class of the engine. Policy reads `code`, `domain` and `retry`, never the text.
 * The message says what happened, to what (ids), and what to do, in that order.
 */
export class StreamError extends Error {
  readonly typeId: '~millrace/StreamError' = '~millrace/StreamError'
  readonly code: ErrorCode
  readonly domain: ErrorDomain
  readonly retry: RetryHint
  readonly details: Details | undefined
  override readonly name: string = 'StreamError'

  /** `retry`: other than the code's own. */
  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly details?: Details; readonly retry?: RetryHint } = {},
  ) {
    const cause = tame(options.cause)
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.domain = errorCodes[code].domain
    this.retry = options.retry ?? (isLasting(code, cause) ? 'never' : errorCodes[code].retry)
    this.details = options.details
  }

  /** True for errors of other copies of this module too (two installs, another realm). */
  static is(value: unknown): value is StreamError {
    try {
      return typeof value === 'object' && value !== null && (value as { typeId?: unknown }).typeId === '~millrace/StreamError'
    } catch {
      return false
    }
  }
}

/** What a wrong path or a missing right gives: the same at every retry, unlike a full or failing disk. */
const lastingCodes: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG', 'ELOOP'])

/**
 * RS-3: of a source or a sink, whose error somebody has to mend. Whom a connection does not reach (a socket in a file may be missing
 * for a while) is tried again, and so is the checkpoint storage: before a job begins it ends the start anyway.
 */
function isLasting(code: ErrorCode, cause: unknown): boolean {
  const isConnectors = code === 'SOURCE' || code === 'SINK'
  if (StreamError.is(cause)) {
    const isCauseConnectors = cause.code === 'SOURCE' || cause.code === 'SINK'
    return (isConnectors || code === 'CHECKPOINT_FAILED') && isCauseConnectors && cause.retry === 'never'
  }
  if (!isConnectors || !(cause instanceof Error)) return false
  const { code: system, syscall } = cause as { readonly code?: unknown; readonly syscall?: unknown }
  return lastingCodes.has(system) && syscall !== 'connect'
}

/** Crashes the task when a rule of the engine itself is broken; `rule` starts with the invariant's id. */
export function invariant(condition: unknown, rule: string): asserts condition {
  if (!condition)
    throw new StreamError('INVARIANT', `A rule of the engine itself is broken: ${rule}. This is a bug in Millrace; please report it.`)
}

/** Of user code that acts when no call of it is on. `what` is a clause: `State is used`. */
export function outsideCall(what: string): StreamError {
  return new StreamError(
    'OUTSIDE_CALL',
    `${what} outside the call for a record or timer: after an await, in a promise or in setTimeout. A step is synchronous; do it before its function returns.`,
  )
}

/** Of a promise that is refused: nobody will await it, so its rejection would end the process before the refusal is told. Total, and for any value. */
export function disown(promise: unknown): void {
  Promise.resolve(promise).catch(() => undefined)
}

/** @throws {PROMISE} when a function that has to be synchronous gave a promise */
export function refusePromise(result: object): void {
  if (typeof (result as { readonly then?: unknown }).then !== 'function') return
  disown(result)
  throw new StreamError(
    'PROMISE',
    'A function of a step gave a promise: steps are synchronous, and nobody would wait for it. Do what takes time in a source or a sink.',
  )
}

/** For the `default` of a switch over a closed union. */
export function assertNever(value: never): never {
  throw new StreamError('INVARIANT', `A rule of the engine itself is broken: no case for ${String(value)}.`)
}

/**
 * What user code throws may be a Proxy, which throws when it is looked at; then something that says so stands for it. Total: whatever
 * handles an error may look at what this gives.
 */
export function tame(thrown: unknown): unknown {
  try {
    // One trap each: of the class, and of a field.
    void (thrown instanceof Error)
    void (thrown as { readonly message?: unknown } | null | undefined)?.message
    return thrown
  } catch {
    return new Error('what was thrown cannot be looked at: it is a Proxy, or has a getter that throws')
  }
}

/** Total: whatever was thrown becomes a message, and never throws itself. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    return 'an error that cannot be printed'
  }
}

/** Total: an unknown error becomes `USER_CODE`, whose retry hint is to restart the job. */
export function toWire(error: unknown, depth: number = 0): WireError {
  const stack = error instanceof Error && typeof error.stack === 'string' ? { stack: error.stack } : {}
  const cause = error instanceof Error && error.cause !== undefined && depth < 8 ? { cause: toWire(error.cause, depth + 1) } : {}
  if (!StreamError.is(error))
    return { code: 'USER_CODE', domain: 'user', retry: 'restart-job', message: messageOf(error), ...stack, ...cause }
  const details = error.details === undefined ? {} : { details: error.details }
  return { code: error.code, domain: error.domain, retry: error.retry, message: error.message, ...stack, ...details, ...cause }
}

export function fromWire(wire: WireError): StreamError {
  const code = Object.hasOwn(errorCodes, wire.code) ? (wire.code as ErrorCode) : 'INVARIANT'
  const error = new StreamError(code, wire.message, {
    ...(wire.cause === undefined ? {} : { cause: fromWire(wire.cause) }),
    ...(wire.details === undefined ? {} : { details: wire.details }),
    retry: wire.retry,
  })
  if (wire.stack !== undefined) error.stack = wire.stack
  return error
}
