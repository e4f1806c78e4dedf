import { checkOptionNames } from '../api/checks.ts'
import type { RunOptions } from '../api/run-types.ts'
import { storageDefinitionOf } from '../connect/contract.ts'
import { directoryStorage } from '../connectors/directory-storage.ts'
import { checkLocalPath, normalPath } from '../connectors/path.ts'
import { durationMs } from '../core/duration.ts'
import { StreamError } from '../core/errors.ts'
import { shown } from '../plan/ids.ts'
import { DEFAULT_KEY_GROUPS, MAX_KEY_GROUPS } from '../core/key-group.ts'
import type { CheckpointSettings, RestoreSettings, RunSettings } from '../runtime/run-settings.ts'

const DEFAULT_EVERY_MS = 1_000
const DEFAULT_TIMEOUT_MS = 600_000
const DEFAULT_RETAIN = 3
const DEFAULT_LEASE_MS = 10_000
const MIN_EVERY_MS = 10
const MIN_LEASE_MS = 100
/** All failures of an interval are remembered. */
const MAX_FAILURES = 10_000

/** The options there are, and one that is named to say that it is not built; with `restart`, those of each strategy. */
const RUN_OPTIONS: readonly (keyof RunOptions | 'config' | 'workers')[] = [
  'workers',
  'parallelism',
  'keyGroups',
  'checkpoints',
  'restore',
  'restart',
  'state',
  'check',
  'signal',
  'config',
]
const CHECKPOINT_OPTIONS = ['storage', 'every', 'timeout', 'retain', 'lease']
const RESTORE_OPTIONS = ['from', 'acceptLoss', 'allowDropped']
const STATE_OPTIONS = ['maxBytes']
const FIXED_DELAY_OPTIONS = ['strategy', 'attempts', 'delay']
const FAILURE_RATE_OPTIONS = ['strategy', 'failures', 'per', 'delay']
const EXPONENTIAL_OPTIONS = ['strategy', 'initial', 'max', 'multiplier', 'jitter', 'resetAfter']

/**
 * @throws {INVALID_OPTION} naming the option and what it may be
 * @throws {INVALID_DURATION}
 * @throws {NOT_YET} for worker threads
 */
export function settingsOf(options: RunOptions & { readonly workers?: unknown }): RunSettings {
  checkOptionNames(options, 'A run', RUN_OPTIONS)
  const workers = count((options.workers ?? 0) as number, 'workers', 0)
  if (workers > 0)
    throw new StreamError(
      'NOT_YET',
      `workers is ${workers}, but worker threads are not built yet. Leave it out to run on this thread; parallelism above 1 works there too.`,
    )
  const keyGroups =
    options.keyGroups === undefined || options.keyGroups === null ? undefined : count(options.keyGroups, 'keyGroups', 1, MAX_KEY_GROUPS)
  const parallelism = count(options.parallelism ?? 1, 'parallelism', 1, keyGroups ?? DEFAULT_KEY_GROUPS)
  const checkpoints =
    options.checkpoints === undefined || options.checkpoints === null ? undefined : checkpointSettings(options.checkpoints)
  return {
    parallelism,
    keyGroups,
    checkpoints,
    restore: restoreSettings(options.restore, options.checkpoints?.storage),
    restart: restartStrategy(options.restart, checkpoints !== undefined),
    check: flag(options.check, 'check'),
    maxStateBytes: maxStateBytes(options.state),
  }
}

function checkpointSettings(options: NonNullable<RunOptions['checkpoints']>): CheckpointSettings {
  if (typeof options !== 'object')
    throw new StreamError('INVALID_OPTION', `checkpoints is ${String(options)}: it has to be { storage, every, timeout, retain, lease }.`)
  checkOptionNames(options, 'checkpoints', CHECKPOINT_OPTIONS)
  if (options.storage === '') throw new StreamError('INVALID_OPTION', 'checkpoints.storage is empty: it has to be the path of a directory.')
  if (typeof options.storage === 'string') checkLocalPath('checkpoints.storage', options.storage)
  const storage = storageDefinitionOf(typeof options.storage === 'string' ? directoryStorage(options.storage) : options.storage)
  if (storage === undefined)
    throw new StreamError('INVALID_OPTION', 'checkpoints.storage is neither a directory nor a storage made by defineStorage.')
  return {
    storage,
    everyMs: atLeast(durationMs(options.every ?? DEFAULT_EVERY_MS, 'checkpoints.every'), MIN_EVERY_MS, 'checkpoints.every'),
    timeoutMs: atLeast(durationMs(options.timeout ?? DEFAULT_TIMEOUT_MS, 'checkpoints.timeout'), 1, 'checkpoints.timeout'),
    retain: count(options.retain ?? DEFAULT_RETAIN, 'checkpoints.retain', 1),
    leaseMs: atLeast(durationMs(options.lease ?? DEFAULT_LEASE_MS, 'checkpoints.lease'), MIN_LEASE_MS, 'checkpoints.lease'),
  }
}

function restoreSettings(given: RunOptions['restore'], storage: unknown): RestoreSettings {
  const restore = given ?? 'latest'
  if (restore === 'latest' || restore === 'none') return { mode: restore, from: undefined, acceptLoss: false, allowDropped: false }
  if (typeof restore !== 'object' || restore === null)
    throw new StreamError(
      'INVALID_OPTION',
      `restore is ${String(restore)}: it may be 'latest', 'none' or { from, acceptLoss, allowDropped }.`,
    )
  checkOptionNames(restore, 'restore', RESTORE_OPTIONS)
  if (storage === undefined || storage === null)
    throw new StreamError('INVALID_OPTION', 'restore needs checkpoints: without them there is nothing to restore. Set checkpoints.storage.')
  return {
    mode: 'latest',
    from: restore.from === undefined || restore.from === null ? undefined : checkpointId(restore.from, storage),
    acceptLoss: flag(restore.acceptLoss, 'restore.acceptLoss'),
    allowDropped: flag(restore.allowDropped, 'restore.allowDropped'),
  }
}

/** `12`, or `DIR/12` where DIR is the directory in which the run goes on: nothing is read elsewhere. */
function checkpointId(from: string, storage: unknown): number {
  const [, folder, id] = /^(?:(.*)\/)?(\d+)$/.exec(from) ?? []
  if (id === undefined)
    throw new StreamError(
      'INVALID_OPTION',
      `restore.from is ${JSON.stringify(from)}: it has to end in the number of a checkpoint, as shown by: millrace checkpoints DIR.`,
    )
  const isElsewhere = folder !== undefined && (typeof storage !== 'string' || normalPath(`${folder}/`) !== normalPath(storage))
  if (isElsewhere)
    throw new StreamError(
      'INVALID_OPTION',
      `restore.from names ${folder === '' ? '/' : folder}, but the run continues in ${typeof storage === 'string' ? storage : 'checkpoints.storage'}: both have to be the same, written alike. To name a checkpoint of that storage its number is enough: '${id}'.`,
    )
  return Number(id)
}

function maxStateBytes(state: RunOptions['state']): number | undefined {
  if (state === undefined || state === null) return undefined
  if (typeof state !== 'object') throw new StreamError('INVALID_OPTION', `state is ${String(state)}: it has to be { maxBytes }.`)
  checkOptionNames(state, 'state', STATE_OPTIONS)
  return state.maxBytes === undefined || state.maxBytes === null ? undefined : count(state.maxBytes, 'state.maxBytes', 1)
}

function restartStrategy(restart: RunOptions['restart'], hasCheckpoints: boolean): RunSettings['restart'] {
  if (restart === undefined || restart === null) return hasCheckpoints ? exponential({}) : { kind: 'none' }
  if (restart === 'none') return { kind: 'none' }
  if (typeof restart !== 'object')
    throw new StreamError(
      'INVALID_OPTION',
      `restart is ${shown(restart)}: it may be 'none' or { strategy: 'fixed-delay' | 'failure-rate' | 'exponential', … }.`,
    )
  // RS-1: without checkpoints there is nothing to start again from.
  if (!hasCheckpoints)
    throw new StreamError(
      'INVALID_OPTION',
      "restart needs checkpoints: without them a restart would begin again with empty state and the same output twice. Set checkpoints, or restart: 'none'.",
    )
  switch (restart.strategy) {
    case 'exponential':
      return exponential(restart)
    case 'fixed-delay':
      return fixedDelay(restart)
    case 'failure-rate':
      return failureRate(restart)
    default:
      throw new StreamError(
        'INVALID_OPTION',
        `restart.strategy is ${JSON.stringify((restart as { strategy: unknown }).strategy)}: it may be 'fixed-delay', 'failure-rate' or 'exponential'.`,
      )
  }
}

type Strategy<Name> = Extract<RunOptions['restart'], { strategy: Name }>

function fixedDelay(options: Strategy<'fixed-delay'>): RunSettings['restart'] {
  checkOptionNames(options, 'fixed-delay restart', FIXED_DELAY_OPTIONS)
  return {
    kind: 'fixed-delay',
    attempts: count(options.attempts, 'restart.attempts', 0),
    delayMs: durationMs(options.delay, 'restart.delay'),
  }
}

function failureRate(options: Strategy<'failure-rate'>): RunSettings['restart'] {
  checkOptionNames(options, 'failure-rate restart', FAILURE_RATE_OPTIONS)
  return {
    kind: 'failure-rate',
    failures: count(options.failures, 'restart.failures', 1, MAX_FAILURES),
    perMs: atLeast(durationMs(options.per, 'restart.per'), 1, 'restart.per'),
    delayMs: durationMs(options.delay, 'restart.delay'),
  }
}

/** Defaults of RS-1. */
function exponential(options: Omit<Strategy<'exponential'>, 'strategy'>): RunSettings['restart'] {
  checkOptionNames(options, 'exponential restart', EXPONENTIAL_OPTIONS)
  const multiplier = options.multiplier ?? 1.5
  const jitter = options.jitter ?? 0.1
  if (!(typeof multiplier === 'number' && multiplier >= 1 && Number.isFinite(multiplier)))
    throw new StreamError('INVALID_OPTION', `restart.multiplier is ${multiplier}: it has to be at least 1.`)
  if (!(typeof jitter === 'number' && jitter >= 0 && jitter <= 1))
    throw new StreamError('INVALID_OPTION', `restart.jitter is ${jitter}: it has to be between 0 and 1.`)
  return {
    kind: 'exponential',
    initialMs: durationMs(options.initial ?? '1s', 'restart.initial'),
    maxMs: durationMs(options.max ?? '1m', 'restart.max'),
    multiplier,
    jitter,
    resetAfterMs: durationMs(options.resetAfter ?? '1h', 'restart.resetAfter'),
  }
}

/** Strictly: a text such as 'no' must not count as yes. */
function flag(value: boolean | undefined, name: string): boolean {
  const given = value ?? false
  if (typeof given === 'boolean') return given
  throw new StreamError('INVALID_OPTION', `${name} is ${JSON.stringify(given)}: it may be true or false.`)
}

function count(value: number, name: string, least: number, most: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw new StreamError(
    'INVALID_OPTION',
    `${name} is ${shown(value)}: it has to be a whole number ${most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`}.`,
  )
}

function atLeast(ms: number, least: number, name: string): number {
  if (ms >= least) return ms
  throw new StreamError('INVALID_OPTION', `${name} is ${ms} ms: it has to be at least ${least} ms.`)
}
