import { commands, type OptionSpec } from './commands.ts'

/** What may hold a job. */
export const JOB_FILE_EXTENSIONS: readonly string[] = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs']

/** `--name` of all options that have a value, of whatever command, once each. */
export function allValueOptions(): readonly string[] {
  const names = commands.flatMap(({ options }) => options.flatMap(({ name, value }) => (value === undefined ? [] : [`--${name}`])))
  return [...new Set(names)]
}

export function wordsAfterCommand(options: readonly OptionSpec[]): string[] {
  return options.map(({ name }) => `--${name}`)
}
