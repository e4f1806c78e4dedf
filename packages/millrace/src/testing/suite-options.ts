/** What the suites were given, checked when they are made: later it would be a TypeError in each of their cases. */
import { checkObject } from '../api/checks.ts'
import { StreamError } from '../core/errors.ts'
import { shown } from '../plan/ids.ts'

/** Options of a suite that is driven with an Env. @throws {INVALID_OPTION} {INVALID_JOB} */
export function checkSuiteOptions(suite: string, options: object, functions: readonly string[]): void {
  checkObject(options, `What ${suite} was given as options`)
  const env = options['env'] as { readonly timers?: { readonly after?: unknown } } | null | undefined
  if (typeof env?.timers?.after !== 'function')
    throw wrongOption(suite, 'env', env, 'an Env, such as nodeEnv() or the one of a simulatedMachine')
  checkFunctions(suite, options, functions)
}

/** @throws {INVALID_OPTION} for the first that is no function */
export function checkFunctions(suite: string, options: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  for (const name of names) if (typeof options[name] !== 'function') throw wrongOption(suite, name, options[name], 'a function')
}

export function wrongOption(suite: string, name: string, value: unknown, want: string): StreamError {
  return new StreamError('INVALID_OPTION', `${name} of ${suite} is ${shown(value)}: it has to be ${want}.`)
}
