import { durationMs, type Duration } from '../core/duration.ts'
import { suggestionFor } from '../core/suggest.ts'
import type { startJob } from '../job/start-job.ts'
import { usage } from './arguments.ts'

type Restart = NonNullable<Parameters<typeof startJob>[1]['restart']>
type Strategy = Exclude<Restart, string>['strategy']
type Kind = 'number' | 'time'

/** The options of each strategy, by their names in the API; the engine checks their values. */
const strategies: Readonly<
  Record<Strategy, { readonly needs: Readonly<Record<string, Kind>>; readonly may: Readonly<Record<string, Kind>> }>
> = {
  'fixed-delay': { needs: { attempts: 'number', delay: 'time' }, may: {} },
  exponential: { needs: {}, may: { initial: 'time', max: 'time', multiplier: 'number', jitter: 'number', resetAfter: 'time' } },
}
const samples: Readonly<Record<Kind, string>> = { number: '3', time: '1s' }

/**
 * `none`, or a strategy with its options: `exponential`, `fixed-delay:attempts=3,delay=1s`.
 * @throws {COMMAND_LINE} {INVALID_DURATION}
 */
export function restartOf(text: string): Restart {
  if (text === 'none') return text
  const colon = text.indexOf(':')
  const name = colon < 0 ? text : text.slice(0, colon)
  if (!isStrategy(name)) {
    const near = suggestionFor(name, ['none', ...Object.keys(strategies)])
    throw wrong(
      `--restart is '${text}'`,
      near === undefined ? `it may be none, ${forms()}` : `did you mean ${near === 'none' ? near : formOf(near as Strategy)}?`,
    )
  }
  const { needs, may } = strategies[name]
  const given = colon < 0 ? {} : optionsOf(name, text.slice(colon + 1), { ...needs, ...may })
  const missing = Object.keys(needs).find((option) => !Object.hasOwn(given, option))
  if (missing !== undefined) throw wrong(`--restart ${text} says no ${missing}`, `write ${formOf(name)}`)
  return { strategy: name, ...given } as Restart
}

function isStrategy(name: string): name is Strategy {
  return Object.hasOwn(strategies, name)
}

function optionsOf(strategy: Strategy, text: string, kinds: Readonly<Record<string, Kind>>): Readonly<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const pair of text.split(',')) {
    const [, option, value] = /^([^=]+)=(.+)$/.exec(pair) ?? []
    if (option === undefined || value === undefined)
      throw wrong(`--restart has '${pair}' where NAME=VALUE should stand`, `write ${formOf(strategy)}`)
    const kind = Object.hasOwn(kinds, option) ? kinds[option] : undefined
    if (kind === undefined) {
      const near = suggestionFor(option, Object.keys(kinds))
      throw wrong(
        `${strategy} has no option ${option}`,
        near === undefined ? `it has ${Object.keys(kinds).join(', ')}` : `did you mean ${near}?`,
      )
    }
    if (Object.hasOwn(found, option)) throw wrong(`--restart says ${option} twice`, `write ${formOf(strategy)}`)
    found[option] = kind === 'time' ? durationMs(value as Duration, `--restart ${option}`) : numberOf(option, value)
  }
  return found
}

function numberOf(option: string, text: string): number {
  const number = Number(text)
  if (Number.isFinite(number)) return number
  throw wrong(`--restart ${option} is '${text}'`, 'it has to be a number')
}

/** How a strategy is written with all its options. */
function formOf(name: Strategy): string {
  const { needs, may } = strategies[name]
  const write = (kinds: Readonly<Record<string, Kind>>): string =>
    Object.entries(kinds)
      .map(([option, kind]) => `${option}=${samples[kind]}`)
      .join(',')
  if (Object.keys(needs).length > 0) return `${name}:${write(needs)}`
  return `${name} or ${name}:${write(may)}`
}

function forms(): string {
  return (Object.keys(strategies) as Strategy[]).map(formOf).join(', ')
}

function wrong(what: string, instead: string): ReturnType<typeof usage> {
  return usage(`${what}: ${instead}${instead.endsWith('?') ? '' : '.'}`, 'run')
}
