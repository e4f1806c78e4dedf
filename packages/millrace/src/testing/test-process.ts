import type { BuiltJob } from '../api/job.ts'
import { StreamError } from '../core/errors.ts'
import { suggestionFor } from '../core/suggest.ts'
import { nodeClock } from '../env/node-time.ts'
import { startJob } from '../job/start-job.ts'
import type { Plan, SourceNode } from '../plan/nodes.ts'
import type { StateComparison } from '../plan/summary.ts'
import type { Key } from '../state/contract.ts'
import type { JobEvent, JobHandle } from '../runtime/monitor.ts'
import { TestProcess } from './test-env.ts'
import { isTap } from './test-plan.ts'
import type { RestoreIntoOptions } from './test-types.ts'
import type { TestWorld } from './test-world.ts'

/** Of checkpoints, heartbeats and leases: only what is asked for happens. Later than any moment there is. */
const NEVER_MS = Number.MAX_SAFE_INTEGER
/** So long a job is waited for that waits for something outside, such as the `open` of a step. In real time, which is theirs. */
const PATIENCE_MS = 30_000

/** One life of a job under test, from its start to its end or to a crash. */
export class TestLife {
  readonly env: TestProcess
  #handle!: JobHandle
  #built!: BuiltJob
  #failure: unknown
  #checkpoints = 0

  private constructor(world: TestWorld) {
    this.env = new TestProcess(world.clock)
  }

  /** @throws what the job cannot be built or started with */
  static async start(job: unknown, world: TestWorld, options: RestoreIntoOptions & { readonly config?: unknown }): Promise<TestLife> {
    const life = new TestLife(world)
    try {
      await life.#begin(job, world, options)
      return life
    } catch (error) {
      // It may not hold what the next process needs.
      life.env.die()
      throw error
    }
  }

  async #begin(job: unknown, world: TestWorld, options: RestoreIntoOptions & { readonly config?: unknown }): Promise<void> {
    const { config, parallelism, keyGroups, check, allowDropped } = options
    this.#handle = await startJob(
      job,
      {
        config,
        check: check ?? true,
        ...(parallelism === undefined ? {} : { parallelism }),
        ...(keyGroups === undefined ? {} : { keyGroups }),
        checkpoints: { storage: world.storage, every: NEVER_MS, timeout: NEVER_MS, lease: NEVER_MS, retain: 1 },
        restart: 'none',
        restore: { allowDropped: allowDropped ?? false },
      },
      { env: this.env, observer: (event) => this.#onEvent(event), rewrite: (built) => world.plan((this.#built = built)) },
    )
    this.#handle.finished.catch((error: unknown) => (this.#failure ??= error))
    await this.#until(() => this.phase === 'running')
  }

  get phase(): string {
    return this.#failure === undefined ? this.#handle.status().phase : 'ended'
  }

  /** It has come to its end, with all its input. */
  get hasFinished(): boolean {
    return this.#failure === undefined && this.phase === 'ended'
  }

  /** Why nothing more can be asked of it. */
  get ending(): unknown {
    return this.#failure ?? ended(this.job)
  }

  get handles(): BuiltJob['handles'] {
    return this.#built.handles
  }

  get job(): string {
    return this.#built.plan.job
  }

  get sources(): readonly SourceNode[] {
    return this.#built.plan.nodes.filter((node) => node.kind === 'source')
  }

  get addresses(): readonly string[] {
    return this.#built.plan.nodes.map(({ address }) => address)
  }

  get status(): ReturnType<JobHandle['status']> {
    return this.#handle.status()
  }

  /** @throws {TEST_STREAM} {TEST_ENDED} */
  look(step: string, key: Key): Readonly<Record<string, unknown>> {
    if (this.phase === 'ended') throw this.ending
    const steps = this.#built.plan.nodes.flatMap(({ kind, address }) => (kind === 'keyed-process' ? [address.slice('step/'.length)] : []))
    const id = steps.find((each) => each === step || `step/${each}` === step)
    const held = id === undefined ? undefined : this.#handle.look(`step/${id}`, key)
    if (held !== undefined) return held
    const near = suggestionFor(step, steps)
    const hint = near === undefined ? `Those of the job '${this.job}' are: ${steps.join(', ') || 'none'}.` : `Did you mean '${near}'?`
    throw new StreamError('TEST_STREAM', `'${step}' is no process step with a key, whose state could be looked at. ${hint}`)
  }

  /** Without what the kit itself has put into the job. */
  get restored(): StateComparison | undefined {
    const { restored } = this.status
    if (restored === undefined) return undefined
    const own = (places: readonly string[]): string[] => places.filter((place) => !isTap(place))
    return { kept: own(restored.kept), migrated: restored.migrated, added: own(restored.added), dropped: own(restored.dropped) }
  }

  /** Everything that is due now, because of what was fed if that is said. @throws what the job has failed with */
  async settle(fed?: () => string): Promise<void> {
    const isOld = this.#failure !== undefined
    await this.env.settle()
    this.#check(isOld ? undefined : fed)
  }

  /** The clock goes on, never back. */
  async passTo(atMs: number): Promise<void> {
    await this.env.passTo(atMs)
    this.#check()
  }

  #check(fed?: () => string): void {
    if (this.env.isRestless) this.#failure ??= restless(this.#built.plan)
    if (this.#failure === undefined) return
    if (fed !== undefined) this.#failure = withFed(this.#failure, fed())
    throw this.#failure
  }

  /** The process is gone, and no other one has come. */
  lose(error: unknown): void {
    this.#failure ??= error
    this.env.die()
  }

  async checkpoint(): Promise<void> {
    await this.settle()
    const before = this.#checkpoints
    this.#handle.checkpoint()
    await this.#until(() => this.#checkpoints > before)
  }

  /** @throws {USER_CODE} what the `close` of a step threw, which a run only logs */
  async end(): Promise<void> {
    await this.#until(() => this.phase === 'ended')
    const failures = this.env.closingFailures.splice(0)
    if (failures.length > 0) throw new StreamError('USER_CODE', failures.join('\n'))
  }

  async stop(): Promise<void> {
    if (this.phase === 'ended') return
    this.#handle.stop().catch(() => undefined)
    await this.end()
  }

  #onEvent(event: JobEvent): void {
    if (event.kind === 'checkpoint') this.#checkpoints++
  }

  /** What a step opens may wait for the world outside, which the kit does not rule. */
  async #until(isSo: () => boolean): Promise<void> {
    for (const endMs = nodeClock.monotonic() + PATIENCE_MS; ;) {
      await this.settle()
      if (isSo()) return
      if (this.phase === 'ended') throw this.ending
      if (nodeClock.monotonic() > endMs) throw stuck(this.job)
    }
  }
}

/** A function that throws says which record it was. */
function withFed(error: unknown, fed: string): unknown {
  if (!StreamError.is(error) || !(error.code === 'USER_CODE' || error.code === 'FROZEN_RECORD')) return error
  const { code, message, cause, details, retry } = error
  return new StreamError(code, `${message}\nThat was because of ${fed}.`, { cause, retry, details: { ...details, fed } })
}

function restless({ job, nodes }: Plan): StreamError {
  const timed = nodes.flatMap((node) =>
    node.kind === 'keyed-process'
      ? Object.entries(node.states).flatMap(([name, { kind }]) =>
          kind === 'timer' || kind === 'timers' ? [`${node.address}.${name}`] : [],
        )
      : [],
  )
  const timers = timed.length === 0 ? '' : ` The timers of the job are ${timed.join(', ')}.`
  return new StreamError(
    'USER_CODE',
    `The job '${job}' never comes to rest, though the clock stands still: a timer is set again and again for a moment that has passed, or a function emits without end.${timers}`,
  )
}

function stuck(job: string): StreamError {
  return new StreamError(
    'USER_CODE',
    `The job '${job}' neither starts nor ends: the open or close of a step has waited ${PATIENCE_MS / 1_000} seconds for something that does not come. Give the step something to wait for that a test has.`,
  )
}

export function ended(job: string): StreamError {
  return new StreamError(
    'TEST_ENDED',
    `The job '${job}' has ended: nothing more can be fed or asked of it. Begin another test with testJob().`,
  )
}
