import { durationMs, type Duration } from '../core/duration.ts'
import { suggestionFor } from '../core/suggest.ts'
import type { startJob } from '../job/start-job.ts'
import { usage } from './arguments.ts'

type Restart = NonNullable<Parameters<typeof startJob>[1]['restart']>
type Strategy = Exclude<Restart, string>['strategy']
/** Options by their names in the API, each with a value as one would write it, which is a number or a time. */
type Samples = Readonly<Record<string, string>>

/** What each strategy needs and may have; the engine checks the values. */
const strategies: Readonly<Record<Strategy, { readonly needs: Samples; readonly may: Samples }>> = {
  'fixed-delay': { needs: { attempts: '3', delay: '10s' }, may: {} },
  'failure-rate': { needs: { failures: '3', per: '5m', delay: '10s' }, may: {} },
  exponential: { needs: {}, may: { initial: '1s', max: '1m', multiplier: '1.5', jitter: '0.1', resetAfter: '1h' } },
}

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

function optionsOf(strategy: Strategy, text: string, samples: Samples): Readonly<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const pair of text.split(',')) {
    const [, option, value] = /^([^=]+)=(.+)$/.exec(pair) ?? []
    if (option === undefined || value === undefined)
      throw wrong(`--restart has '${pair}' where NAME=VALUE should stand`, `write ${formOf(strategy)}`)
    const sample = Object.hasOwn(samples, option) ? samples[option] : undefined
    if (sample === undefined) {
      const near = suggestionFor(option, Object.keys(samples))
      throw wrong(
        `${strategy} has no option ${option}`,
        near === undefined ? `it has ${Object.keys(samples).join(', ')}` : `did you mean ${near}?`,
      )
    }
    if (Object.hasOwn(found, option)) throw wrong(`--restart says ${option} twice`, `write ${formOf(strategy)}`)
    found[option] = Number.isNaN(Number(sample)) ? durationMs(value as Duration, `--restart ${option}`) : numberOf(option, value)
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
  const write = (samples: Samples): string =>
    Object.entries(samples)
      .map((pair) => pair.join('='))
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
