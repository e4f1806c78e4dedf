import { StreamError } from '../core/errors.ts'
import { suggestionFor } from '../core/suggest.ts'
import { shown } from '../plan/ids.ts'

/** Checks a function of the user's. Those that run per record must be synchronous. */
export interface FunctionCheck {
  /** As in `The mapper of map()`. */
  readonly what: string
  /** Generators may be given where an iterable is asked for. */
  readonly returns?: 'iterable'
}

/** @throws {INVALID_JOB} for what is no function, an async one, or a generator where no iterable is asked for */
export function checkPerRecord(of: unknown, check: FunctionCheck): void {
  checkFunction(of, check.what)
  const tag = Object.prototype.toString.call(of)
  if (tag === '[object AsyncFunction]' || tag === '[object AsyncGeneratorFunction]') {
    throw new StreamError('INVALID_JOB', `${check.what} is async: per-record code is synchronous. Take out what waits, or do it in open().`)
  }
  if (tag === '[object GeneratorFunction]' && check.returns !== 'iterable') {
    throw new StreamError('INVALID_JOB', `${check.what} is a generator, whose body would never run: write a plain function.`)
  }
}

/** @throws {INVALID_JOB} for what is no function */
export function checkFunction(of: unknown, what: string): void {
  if (typeof of === 'function') return
  throw new StreamError('INVALID_JOB', `${what} is ${shown(of)}, not a function.`)
}

/** @throws {INVALID_JOB} for what is no object */
export function checkObject(of: unknown, what: string): asserts of is Readonly<Record<string, unknown>> {
  if (typeof of === 'object' && of !== null && !Array.isArray(of)) return
  throw new StreamError('INVALID_JOB', `${what} is ${shown(of)}, not an object.`)
}

/** @throws {INVALID_OPTION} for an option that does not exist, so that a misspelt one is not silently ignored */
export function checkOptionNames(of: object, what: string, allowed: readonly string[]): void {
  const unknown = Object.keys(of).find((name) => !allowed.includes(name))
  if (unknown === undefined) return
  const near = suggestionFor(unknown, allowed)
  const hint = near === undefined ? `there are ${allowed.join(', ')}.` : `did you mean '${near}'?`
  throw new StreamError('INVALID_OPTION', `${what} has no option '${unknown}': ${hint}`)
}
