import { resolve } from 'node:path'
import { checkLocalPath } from '../connectors/path.ts'
import { durationMs, type Duration } from '../core/duration.ts'
import type { startJob } from '../job/start-job.ts'
import { usage, type Values } from './arguments.ts'
import type { CommandName } from './commands.ts'
import { configOf } from './config-argument.ts'
import { restartOf } from './restart-argument.ts'

export type StartOptions = Parameters<typeof startJob>[1]

/**
 * The options of `millrace run` as the engine takes them.
 * @throws {COMMAND_LINE} {INVALID_DURATION} in the words of the command line
 */
export function startOptionsOf(values: Values): StartOptions {
  const directory = textOf(values, 'checkpoints')
  if (directory === undefined) checkNeedsNone(values)
  else checkLocalPath('--checkpoints', directory)
  const config = configOf(values['config'], 'run')
  const parallelism = countOf(values, 'parallelism', 'run')
  const workers = countOf(values, 'workers', 'run')
  const restore = restoreOf(values, directory)
  const restart = textOf(values, 'restart')
  return {
    ...(config === undefined ? {} : { config }),
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(workers === undefined ? {} : { workers }),
    ...(directory === undefined ? {} : { checkpoints: checkpointsOf(values, directory) }),
    ...(restore === undefined ? {} : { restore }),
    ...(restart === undefined ? {} : { restart: restartOf(restart) }),
  }
}

export function textOf(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

export function countOf(values: Values, name: string, command: CommandName): number | undefined {
  const text = textOf(values, name)
  if (text === undefined) return undefined
  const count = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count
  throw usage(`--${name} is '${text}': it has to be a whole number.`, command)
}

/** Options that mean nothing without a directory would be ignored silently. */
function checkNeedsNone(values: Values): void {
  const lost = ['checkpoint-every', 'retain', 'lease', 'restore', 'accept-loss', 'allow-dropped'].find((name) =>
    Object.hasOwn(values, name),
  )
  if (values['restart'] !== undefined && values['restart'] !== 'none')
    throw usage('--restart needs --checkpoints DIR: without checkpoints there is nothing to start again from.', 'run')
  if (lost !== undefined) throw usage(`--${lost} needs --checkpoints DIR.`, 'run')
}

function checkpointsOf(values: Values, directory: string): NonNullable<StartOptions['checkpoints']> {
  const every = timeOf(values, 'checkpoint-every')
  const lease = timeOf(values, 'lease')
  const retain = countOf(values, 'retain', 'run')
  return {
    storage: directory,
    ...(every === undefined ? {} : { every }),
    ...(lease === undefined ? {} : { lease }),
    ...(retain === undefined ? {} : { retain }),
  }
}

function timeOf(values: Values, name: string): number | undefined {
  const text = textOf(values, name)
  return text === undefined ? undefined : durationMs(text as Duration, `--${name}`)
}

function restoreOf(values: Values, directory: string | undefined): StartOptions['restore'] {
  const which = textOf(values, 'restore') ?? 'latest'
  const acceptLoss = values['accept-loss'] === true
  const allowDropped = values['allow-dropped'] === true
  if (which === 'none') {
    const useless = acceptLoss ? 'accept-loss' : allowDropped ? 'allow-dropped' : undefined
    if (useless !== undefined) throw usage(`--${useless} says nothing with --restore none, which restores nothing.`, 'run')
    return 'none'
  }
  if (which !== 'latest') return { from: checkpointOf(which, directory), acceptLoss, allowDropped }
  if (acceptLoss) throw usage('--accept-loss needs --restore DIR/N: it says that what came after checkpoint N is to be forgotten.', 'run')
  return allowDropped ? { allowDropped } : undefined
}

/** `DIR/12` or `12`; DIR has to be that of `--checkpoints`, since the run goes on there. */
function checkpointOf(which: string, directory: string | undefined): string {
  const [, folder, id] = /^(?:(.*)\/)?(\d+)$/.exec(which) ?? []
  if (id === undefined)
    throw usage(`--restore is '${which}': it may be latest, none or DIR/N, where N is the number of a checkpoint.`, 'run')
  if (folder !== undefined && directory !== undefined && resolve(folder === '' ? '/' : folder) !== resolve(directory)) {
    throw usage(`--restore names ${folder}, but the run continues in ${directory}: both have to be the same directory.`, 'run')
  }
  return id
}
