import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { StreamError } from '../core/errors.ts'
import { suggestionFor } from '../core/suggest.ts'
import { loadModule } from '../env/load-module.ts'
import { loadJob } from '../job/load-job.ts'
import { usage } from './arguments.ts'
import type { CommandName } from './commands.ts'
import { valueText } from './value-text.ts'
import { loadError } from './load-error.ts'

/** A job as a module exports it. */
export interface LoadedJob {
  readonly job: unknown
  readonly name: string
}

/**
 * Loads the job that a file default-exports.
 * @throws {COMMAND_LINE} when there is no such file
 * @throws {INVALID_JOB} when it cannot be loaded, or exports no job
 */
export async function loadJobFile(path: string, command: CommandName): Promise<LoadedJob> {
  const file = resolve(path)
  checkFile(file, path, command)
  const url = pathToFileURL(file)
  let module: Readonly<Record<string, unknown>>
  try {
    module = await loadModule(url)
  } catch (error) {
    // Built at the top of the file, a job says best itself what is wrong with it.
    throw StreamError.is(error) ? error : loadError(path, file, error)
  }
  try {
    const job = await loadJob(url)
    return { job, name: (job as { readonly name: string }).name }
  } catch (error) {
    throw noJobError(path, module, error)
  }
}

function checkFile(file: string, path: string, command: CommandName): void {
  const stat = existsSync(file) ? statSync(file) : undefined
  if (stat?.isDirectory() === true) throw usage(`${path} is a directory: name the file that default-exports the job.`, command)
  if (stat !== undefined) return
  const other = similarFile(path)
  throw usage(`There is no file ${path}.${other === undefined ? '' : ` Did you mean ${other}?`}`, command)
}

/** The same name with another extension, or a name beside it that is nearly the same. */
function similarFile(path: string): string | undefined {
  const stem = stemOf(path)
  const renamed = ['.ts', '.js', '.mts', '.mjs'].map((extension) => `${stem}${extension}`).find((each) => existsSync(resolve(each)))
  const folder = dirname(path)
  if (renamed !== undefined || !existsSync(resolve(folder))) return renamed
  const jobs = readdirSync(resolve(folder)).filter((name) => /\.[cm]?[jt]s$/.test(name))
  const near = suggestionFor(basename(stem), jobs.map(stemOf))
  const found = jobs.find((name) => stemOf(name) === near)
  return found === undefined ? undefined : join(folder, found)
}

function stemOf(path: string): string {
  return path.replace(/\.\w+$/, '')
}

/** What the module has instead of a job. */
function noJobError(path: string, module: Readonly<Record<string, unknown>>, cause: unknown): unknown {
  if (!StreamError.is(cause) || cause.code !== 'INVALID_JOB') return cause
  const how = "Write: export default defineJob('name', (job) => { ... })."
  const names = Object.keys(module).filter((name) => name !== 'default' && name !== 'module.exports')
  if (module['default'] === undefined || (isEmpty(module['default']) && names.length > 0)) {
    const job = names.find((name) => looksLikeJob(module[name])) ?? suggestionFor('job', names)
    const hint = job === undefined ? '' : ` It exports '${job}': is that the job?`
    return new StreamError('INVALID_JOB', `${path} has no default export.${hint} ${how}`)
  }
  const found = unwrapped(module['default'])
  if (looksLikeJob(found)) {
    return new StreamError(
      'INVALID_JOB',
      `${path} exports a job of another copy of Millrace than this command belongs to. Run the command of the job's own project: npx millrace.`,
    )
  }
  return new StreamError('INVALID_JOB', `The default export of ${path} is ${kindOf(found)}, not a job. ${how}`)
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function unwrapped(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'default' in value ? value.default : value
}

function looksLikeJob(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'explain' in value &&
    typeof value.explain === 'function'
  )
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'function') return value.name === '' || value.name === 'default' ? 'a function' : `the function ${value.name}`
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${valueText(value)}`
}
