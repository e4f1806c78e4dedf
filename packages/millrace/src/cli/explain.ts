import { explainJob, explanationText } from '../job/explain-job.ts'
import type { Values } from './arguments.ts'
import { configOf, withConfigHint } from './config-argument.ts'
import { exitCodes } from './exit-codes.ts'
import { loadJobFile } from './job-file.ts'
import { countOf } from './run-options.ts'
import type { World } from './world.ts'

/** Where stdout is no terminal. */
const DEFAULT_WIDTH = 100
const NARROWEST = 40

/** `millrace explain`: what a job does and guarantees, as text or data. */
export async function explainCommand(operand: string, values: Values, world: World): Promise<number> {
  const config = configOf(values['config'], 'explain')
  const parallelism = countOf(values, 'parallelism', 'explain')
  const { job, name } = await loadJobFile(operand, 'explain')
  const explanation = explained(job, { config, ...(parallelism === undefined ? {} : { parallelism }) })
  const { stdout, paintOutput: paint } = world
  const width = Math.max(NARROWEST, stdout.columns ?? DEFAULT_WIDTH)
  stdout.write(
    values['json'] === true
      ? `${JSON.stringify({ job: name, ...explanation }, undefined, 2)}\n`
      : `${explanationText(name, explanation, { width, paint })}\n`,
  )
  return exitCodes.ok.code
}

function explained(job: unknown, options: NonNullable<Parameters<typeof explainJob>[1]>): ReturnType<typeof explainJob> {
  try {
    return explainJob(job, options)
  } catch (error) {
    throw withConfigHint(error, options.config)
  }
}
