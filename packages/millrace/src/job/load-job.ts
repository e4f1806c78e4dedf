import { isJob } from '../api/job.ts'
import { StreamError, messageOf } from '../core/errors.ts'
import { loadModule } from '../env/load-module.ts'

/**
 * The job that a module default-exports.
 * @throws {INVALID_JOB} when the module cannot be loaded or exports no job
 */
export async function loadJob(url: URL): Promise<unknown> {
  let module: Readonly<Record<string, unknown>>
  try {
    module = await loadModule(url)
  } catch (error) {
    throw new StreamError('INVALID_JOB', `The job module ${url.href} cannot be loaded: ${messageOf(error)}`, { cause: error })
  }
  // CommonJS output wraps the default export once more (rules 1.6).
  const first = module['default']
  const second = typeof first === 'object' && first !== null ? (first as { readonly default?: unknown }).default : undefined
  for (const candidate of [first, second]) if (isJob(candidate)) return candidate
  throw new StreamError(
    'INVALID_JOB',
    `The module ${url.href} has no job as its default export. Write: export default defineJob('name', (job) => { … }).`,
  )
}
