/** The task of a schedule, the same in every process: one subtask of a random job, on an Env in which time is what the host says. */
import { createHash } from 'node:crypto'
import { defineSink, defineSource } from 'millrace/connect'
import { buildPlan } from '../../packages/millrace/src/api/job.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { physicalPlan } from '../../packages/millrace/src/plan/physical.ts'
import { wire, type WiredSubtask } from '../../packages/millrace/src/runtime/wiring.ts'
import { virtualEnv } from '../../packages/millrace/src/simulate/virtual-env.ts'
import type { TaskHost } from '../../packages/millrace/src/task/messages.ts'
import { createSpecializer } from '../../packages/millrace/src/task/specialize.ts'
import { TaskCore } from '../../packages/millrace/src/task/task-core.ts'
import { canonical } from '../../reference/canonical.ts'
import { randomProgram } from '../../reference/generate.ts'
import type { Program, Row, SourceSpec } from '../../reference/program.ts'
import { compile } from '../oracle/compile.ts'
import { Underway } from '../../packages/millrace/src/task/underway.ts'

/** Everything that both ends have to agree on. */
export interface TaskChoice {
  readonly seed: number
  readonly parallelism: number
  readonly chainKeyed: boolean
  /** Index into the subtasks of the job. */
  readonly subtask: number
  readonly batchRecords: number
  readonly credits: number
  readonly check: boolean
}

export const KEY_GROUPS = 16

export function programOf(seed: number): Program {
  const random = new SeededRandom(seed, 'host program')
  return randomProgram(seed, 1 + random.below(4))
}

export function subtasksOf({
  seed,
  parallelism,
  chainKeyed,
}: Pick<TaskChoice, 'seed' | 'parallelism' | 'chainKeyed'>): readonly WiredSubtask[] {
  const program = programOf(seed)
  const job = compile(program, {
    source: wholeSource,
    hasOwnTimestamps: () => false,
    sink: () => hashingSink,
    listener: { open: () => undefined, record() {}, processingTime() {}, reduced() {} },
    parallelism: () => undefined,
    isLazy: (step) => step.id.length % 2 === 0,
  })
  const { plan } = buildPlan(job, undefined)
  return wire(plan, physicalPlan(plan, { parallelism, chainKeyed }), KEY_GROUPS).subtasks
}

export function openTaskCore(choice: TaskChoice, host: TaskHost): TaskCore {
  const { seed, batchRecords, credits, check } = choice
  const { spec } = subtasksOf(choice)[choice.subtask] as WiredSubtask
  // Nobody runs its machine: what a long restore puts off is done by this process itself.
  const env = virtualEnv({ seed })
  const specializer = createSpecializer({ generate: seed % 2 === 0 })
  return new TaskCore({
    spec,
    host,
    env: { ...env, timers: { ...env.timers, soon: (callback) => void setImmediate(callback) } },
    log: 'log',
    underway: new Underway(),
    epoch: 1,
    specializer,
    keepsState: true,
    check,
    batchRecords,
    credits,
    signal: new AbortController().signal,
  })
}

/** All splits in turn, without ever waiting; now and then it says 'wait' and is ready at once. */
function wholeSource(spec: SourceSpec): ReturnType<typeof defineSource<Row, number>> {
  return defineSource<Row, number>({
    kind: 'host',
    bounded: true,
    replayable: true,
    timestamps: false,
    open({ owns, restored, ended }) {
      const owned = spec.splits.filter(({ id }) => owns(id) && !ended.has(id))
      const splits = new Map(owned.map(({ id }) => [id, restored.get(id) ?? 0]))
      const at = new Map(splits)
      let polls = 0
      return Promise.resolve({
        splits,
        poll(first) {
          if (splits.size === 0) return 'end'
          if (++polls % 5 === 0) return 'wait'
          const id = first !== undefined && splits.has(first) ? first : ([...splits.keys()][0] as string)
          const { records, batch } = owned.find((split) => split.id === id) as (typeof owned)[number]
          const from = at.get(id) as number
          const values = records.slice(from, from + batch)
          at.set(id, from + values.length)
          const splitEnded = from + values.length === records.length
          if (splitEnded) splits.delete(id)
          return { split: id, values: values as readonly Row[], next: from + values.length, splitEnded }
        },
        ready: () => Promise.resolve(),
        close: () => Promise.resolve(),
      })
    },
  })
}

/** What it was given shows in what it seals. */
const hashingSink = defineSink<Row, string, number>({
  kind: 'host',
  delivery: 'exactly-once',
  open(_context, restored) {
    let hash = createHash('sha256')
    let count = restored.reduce((sum, each) => sum + each, 0)
    return Promise.resolve({
      write(value, timestamp) {
        hash.update(`${canonical(value)}@${timestamp}\n`)
        return ++count % 7 !== 0
      },
      ready: () => Promise.resolve(),
      seal(checkpoint) {
        const sealed = { committables: [`${checkpoint}:${hash.digest('hex').slice(0, 16)}`], state: count }
        hash = createHash('sha256')
        return { durable: Promise.resolve(sealed) }
      },
      close: () => Promise.resolve(),
    })
  },
  committer: () =>
    Promise.resolve({
      commit: (all) => Promise.resolve(all.map(() => ({ kind: 'committed' as const }))),
      withdraw: () => Promise.resolve(),
      close: () => Promise.resolve(),
    }),
})
