/** Judges how a restore of a damaged directory ended. */
import { errorCodes } from '../../packages/millrace/src/core/error-codes.ts'
import { StreamError } from '../../packages/millrace/src/core/errors.ts'
import { Hang } from './memory-env.ts'

/**
 * `detected`: it stopped with an error that names the file, or went on with what it has and reported the file.
 * `harmless`: the same state as before, and the file is one that rightly was not read.
 */
export type Verdict = 'detected' | 'harmless' | { readonly failure: string }

/** Null for an error as it has to be; else what is wrong with it. */
export function errorFault(error: unknown, paths: readonly string[]): string | null {
  if (error instanceof Hang) return `hang: ${error.message}`
  if (!StreamError.is(error)) return `crash: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  if (!Object.hasOwn(errorCodes, error.code)) return `the code ${String(error.code)} is not in the table`
  const file = error.details?.['file']
  if (paths.some((path) => file === path || error.message.includes(path))) return null
  return `the file is not named: ${error.code} ${error.message}`
}

export function errorVerdict(error: unknown, paths: readonly string[]): Verdict {
  const fault = errorFault(error, paths)
  return fault === null ? 'detected' : { failure: fault }
}
