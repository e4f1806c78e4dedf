import { messageOf, StreamError } from '../core/errors.ts'
import { checkPlan } from '../plan/check-plan.ts'
import { checkId, shown } from '../plan/ids.ts'
import type { Plan, PlanEdge } from '../plan/nodes.ts'
import { checkFunction, checkObject } from './checks.ts'
import { cloneConfig } from './config.ts'
import { explainPlan } from './explain.ts'
import { addSource } from './from.ts'
import { Graph } from './graph.ts'
import type { Job, JobBuilder, Streams } from './job-types.ts'
import type { Nothing } from './process-types.ts'
import { validatorOf, type StandardSchema } from './standard-schema.ts'
import { outputsOf, streamOf } from './stream.ts'
import type { Stream } from './stream-types.ts'

interface Definition {
  readonly name: string
  readonly build: (job: JobBuilder, config: unknown) => unknown
  readonly checkConfig: ((config: unknown) => unknown) | undefined
}
const definitions = new WeakMap<object, Definition>()

/**
 * Defines a job: a name and a factory that builds its plan. The factory is synchronous, has no side effect, is called once per
 * thread with the same config and must build the same plan each time. The streams that it returns by name are the handles by
 * which tests feed and read the job. With a config schema the command line's `--config` is checked and typed by it.
 *
 * @throws {INVALID_ID} {INVALID_JOB} {INVALID_OPTION}
 *
 * @example
 * import { arraySource, defineJob, printSink } from 'millrace'
 * const job = defineJob('lengths', (job) => {
 *   job.from('words', arraySource(['mill', 'race'])).map((word) => word.length).to('lengths', printSink())
 * })
 * console.log(job.explain().steps.map((step) => step.address).join(' ')) // source/words map#1 sink/lengths
 */
export function defineJob<Config = void, Handles extends Streams | Nothing = Nothing>(
  name: string,
  build: (job: JobBuilder, config: Config) => Handles,
): Job<Config, Handles>
export function defineJob<Config, Handles extends Streams | Nothing = Nothing>(
  name: string,
  options: { config: StandardSchema<Config> },
  build: (job: JobBuilder, config: Config) => Handles,
): Job<Config, Handles>
// `any`: the one implementation of both overloads, which say what may be given.
export function defineJob(name: string, ...rest: readonly any[]): Job<any, any> {
  checkId('The name of a job', name)
  const build: unknown = rest.length > 1 ? rest[1] : rest[0]
  const options: unknown = rest.length > 1 ? rest[0] : {}
  checkFunction(build, `The factory of the job '${name}'`)
  checkObject(options, `The options of the job '${name}'`)
  const { config: schema } = options
  const checkConfig =
    schema === undefined
      ? undefined
      : validatorOf(schema, { owner: `the job '${name}'`, what: `The config of the job '${name}'`, code: 'INVALID_OPTION' })
  // `any`: as above.
  const job: Job<any, any> = Object.freeze({ name, explain: (config?: unknown) => explainPlan(buildPlan(job, config).plan) })
  definitions.set(job, { name, build: build as Definition['build'], checkConfig })
  return job
}

/** A stream that the factory returned, as plan edges without keys. */
export interface Handle {
  readonly stream: Stream<unknown>
  readonly outputs: readonly PlanEdge[]
}

/** What a factory built. */
export interface BuiltJob {
  readonly plan: Plan
  readonly handles: Readonly<Record<string, Handle>>
}

/** Whether a value was made by `defineJob` of this copy of Millrace. */
export function isJob(value: unknown): value is Job<unknown, unknown> {
  return typeof value === 'object' && value !== null && definitions.has(value)
}

/**
 * Checks a config that nothing has typed (the command line's, a URL job's) and returns what the job's schema makes of it; without
 * a schema the config itself. Once per run: what it returns is what every thread's factory gets.
 * @throws {INVALID_OPTION} with the issues and their paths; {ASYNC_SCHEMA}
 */
export function checkConfig(job: unknown, config: unknown): unknown {
  const { checkConfig: check } = definitionOf(job)
  return check === undefined ? config : check(config)
}

/**
 * Calls the job's factory with a copy of the config and returns the plan, checked. The config is not checked by the job's schema.
 * @throws {INVALID_OPTION} for a config that cannot be sent to another thread
 * @throws {INVALID_JOB} for what is no job, a factory that throws, is asynchronous or returns anything but streams by name; and
 *   every build error of the plan
 */
export function buildPlan(job: unknown, config: unknown): BuiltJob {
  const { name, build } = definitionOf(job)
  const graph = new Graph(name)
  const builder: JobBuilder = Object.freeze({
    from: (id: string, source: unknown, options?: unknown) => streamOf<never>(graph, addSource(graph, id, source, options)),
  })
  const copy = cloneConfig(name, config)
  const returned = call(name, () => build(builder, copy))
  const plan = graph.seal()
  checkPlan(plan)
  return { plan, handles: handlesOf(graph, returned) }
}

function call(name: string, build: () => unknown): unknown {
  let returned: unknown
  try {
    returned = build()
  } catch (error) {
    if (StreamError.is(error)) throw error
    throw new StreamError('INVALID_JOB', `The factory of the job '${name}' threw: ${messageOf(error)}`, { cause: error })
  }
  if (typeof returned === 'object' && returned !== null && 'then' in returned && typeof returned.then === 'function') {
    // Nobody waits for it, so its rejection is to be nobody's.
    Promise.resolve(returned).catch(() => undefined)
    throw new StreamError(
      'INVALID_JOB',
      `The factory of the job '${name}' returns a promise: it must build the plan synchronously. Fetch what it needs before, and pass it as config.`,
    )
  }
  return returned
}

function handlesOf(graph: Graph, returned: unknown): Readonly<Record<string, Handle>> {
  if (returned === undefined) return {}
  checkObject(returned, `What the factory of the job '${graph.job}' returns`)
  const handles = Object.entries(returned).map(([name, stream]): [string, Handle] => {
    const found = outputsOf(stream)
    if (found?.graph === graph) return [name, { stream: stream as Stream<unknown>, outputs: found.outputs }]
    throw new StreamError(
      'INVALID_JOB',
      `The factory of the job '${graph.job}' returns '${name}', which is ${shown(stream)} and no stream of this job. Return streams by name, or nothing.`,
    )
  })
  return Object.fromEntries(handles)
}

function definitionOf(job: unknown): Definition {
  const found = typeof job === 'object' && job !== null ? definitions.get(job) : undefined
  if (found !== undefined) return found
  throw new StreamError(
    'INVALID_JOB',
    `This is ${shown(job)}, not a job: use what defineJob() returned. (If it did come from defineJob, two copies of Millrace are installed.)`,
  )
}
