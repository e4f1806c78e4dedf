import { durationMs } from '../core/duration.ts'
import { StreamError } from '../core/errors.ts'
import { shown } from '../plan/ids.ts'
import type { Key, StateDeclaration, TtlDeclaration } from '../state/contract.ts'
import { checkOptionNames, checkPerRecord } from './checks.ts'
import { validatorOf } from './standard-schema.ts'
import type { ListState, MapState, StateOptions, StateSpec, ValueOptions, ValueState } from './state-types.ts'

type Raw = ValueOptions<unknown> & { initial?: () => unknown }
interface Spec {
  readonly kind: 'value' | 'list' | 'map'
  readonly options: Raw
}
const specs = new WeakMap<object, Spec>()

/**
 * Declares a state that holds one value per key.
 *
 * @example
 * import { valueState } from 'millrace'
 * const total = valueState({ initial: () => 0 })          // get() is a number
 * const last = valueState<string>({ ttl: '30d' })         // get() is a string or undefined
 * console.log([total, last].length) // 2
 */
export function valueState<T>(options: ValueOptions<T> & { initial: () => T }): StateSpec<ValueState<T, never>>
export function valueState<T>(options?: ValueOptions<T>): StateSpec<ValueState<T>>
export function valueState(options: Raw = {}): StateSpec<never> {
  return spec('value', options)
}

/** Declares a state that holds a list per key. */
export function listState<T>(options: ValueOptions<T> = {}): StateSpec<ListState<T>> {
  return spec('list', options)
}

/** Declares a state that holds a map per key; its keys may be whatever `keyBy` may return. */
export function mapState<K extends Key, V>(options: ValueOptions<V> = {}): StateSpec<MapState<K, V>> {
  return spec('map', options)
}

/**
 * The declaration behind a spec, after defaults.
 * @throws {INVALID_JOB} for what is no spec; {INVALID_DURATION} {INVALID_OPTION} {ASYNC_SCHEMA} for its options. `what` is how messages call it.
 */
export function stateDeclaration(what: string, of: unknown): StateDeclaration {
  const found = typeof of === 'object' && of !== null ? specs.get(of) : undefined
  if (found === undefined)
    throw new StreamError('INVALID_JOB', `${what} is ${shown(of)}: declare it with valueState(), listState() or mapState().`)
  checkOptionNames(found.options, what, found.kind === 'value' ? [...OPTIONS, 'initial'] : OPTIONS)
  const { ttl, version = 1, initial, migrate, schema } = found.options
  if (!Number.isSafeInteger(version) || version < 0)
    throw new StreamError('INVALID_OPTION', `version of ${what} is ${shown(version)}: it may be a whole number from 0.`)
  if (initial !== undefined && typeof initial !== 'function')
    throw new StreamError('INVALID_OPTION', `initial of ${what} is ${shown(initial)}: write a function, such as initial: () => 0.`)
  if (migrate !== undefined) checkMigrate(what, migrate, found.options.version)
  return {
    kind: found.kind,
    version,
    ...(ttl === undefined ? {} : { ttl: ttlDeclaration(what, ttl) }),
    ...(initial === undefined ? {} : { initial }),
    ...(migrate === undefined ? {} : { migrate }),
    ...(schema === undefined ? {} : { validate: validatorOf(schema, { owner: what, what: 'the value', code: 'INVALID_STATE' }) }),
  }
}

const OPTIONS = ['ttl', 'version', 'migrate', 'schema']

function spec<H>(kind: Spec['kind'], options: Raw): StateSpec<H> {
  const made: StateSpec<H> = Object.freeze({ '~millrace': 'state' as const })
  specs.set(made, { kind, options: { ...options } })
  return made
}

function checkMigrate(what: string, migrate: unknown, version: number | undefined): void {
  checkPerRecord(migrate, { what: `migrate of ${what}` })
  if (version === undefined)
    throw new StreamError('INVALID_OPTION', `migrate of ${what} would never run: raise the version too, to 2 if there was none so far.`)
}

function ttlDeclaration(what: string, ttl: NonNullable<StateOptions['ttl']>): TtlDeclaration {
  const { after, refreshOn = 'write', expired = 'never-returned' } = typeof ttl === 'object' ? ttl : { after: ttl }
  const afterMs = durationMs(after, `ttl of ${what}`)
  if (afterMs === 0) throw new StreamError('INVALID_OPTION', `ttl of ${what} is 0: it must be longer, or nothing would ever be kept.`)
  check(`ttl.refreshOn of ${what}`, refreshOn, ['write', 'read-and-write'])
  check(`ttl.expired of ${what}`, expired, ['never-returned', 'until-cleaned'])
  return { afterMs, refreshOn, expired }
}

function check(what: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return
  throw new StreamError('INVALID_OPTION', `${what} is ${shown(value)}: it may be ${allowed.map((each) => `'${each}'`).join(' or ')}.`)
}
