import { numberOptions, OptionError } from '../lib/attack.ts'

export interface KillOptions {
  readonly seed: number | undefined
  readonly kills: number | undefined
  readonly parallelism: number | undefined
  readonly signal: 'KILL' | 'TERM'
  /** Keys of state with TERM. */
  readonly keys: number
}

/** @throws for what is no option */
export function optionsOf(args: readonly string[]): KillOptions {
  const rest = [...args]
  let signal = 'KILL'
  const at = rest.indexOf('--signal')
  if (at >= 0) signal = (rest.splice(at, 2)[1] ?? '').replace(/^SIG/, '')
  if (signal !== 'KILL' && signal !== 'TERM') throw new OptionError('--signal may be KILL or TERM')
  const numbers = numberOptions(rest, { seed: undefined, kills: undefined, parallelism: undefined, keys: 1_000_000 })
  return { ...numbers, signal, keys: numbers.keys as number }
}
