import {
  sinkDefinitionOf,
  type Committable,
  type CommitOutcome,
  type Committer,
  type Plain,
  type Sink,
  type SinkContext,
  type SinkDefinition,
  type Writer,
} from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import { check, checkSame, ContractViolation } from './contract-case.ts'

/** How the suite opens a sink, and reads what it has published. */
export interface SinkSuiteOptions<T> {
  readonly env: Env
  /** Makes a sink on a new, empty place; called once for each case. */
  create(): SinkUnderTest<T> | Promise<SinkUnderTest<T>>
  /** Value number `index`: no two are equal. */
  value(index: number): T
  /** Loses everything that is not durable, and gives the Env of a new process; without it durability is not tried. */
  losePower?(): Env | Promise<Env>
}
/** One sink with a place of its own to write to. */
export interface SinkUnderTest<T> {
  readonly sink: Sink<T>
  /** A second sink on the same place, as another job or another step would use it; one that shares nothing if not given. */
  readonly neighbour?: Sink<T>
  /** What a reader of the outside sees as committed, ordered by commit where there is an order. */
  committed(): readonly T[] | Promise<readonly T[]>
}

export type AnyWriter = Writer<unknown, Plain, Plain>
export type AnyCommittable = Committable<Plain>

/** By whom, and for what run. */
export interface Where {
  readonly log?: string
  readonly epoch?: number
  readonly isNew?: boolean
  readonly subtask?: number
  readonly subtasks?: number
  readonly job?: string
  /** The neighbour instead of the sink. */
  readonly isNeighbour?: boolean
}

/** Drives one sink as the engine does. */
export class SinkBench {
  #env: Env
  readonly #options: SinkSuiteOptions<unknown>
  readonly #under: SinkUnderTest<unknown>
  /** By value as text: which one it is. */
  readonly #indexes = new Map<string, number>()
  readonly #sink: SinkDefinition<unknown, Plain, Plain>
  readonly #neighbour: SinkDefinition<unknown, Plain, Plain> | undefined

  constructor(options: SinkSuiteOptions<unknown>, under: SinkUnderTest<unknown>) {
    const sink = sinkDefinitionOf((under as SinkUnderTest<unknown> | undefined)?.sink)
    if (sink === undefined) throw new ContractViolation('create() gives no sink that defineSink has made')
    check(typeof under.committed === 'function', 'create() gives { sink, committed }: committed is a function that gives what is published')
    this.#env = options.env
    this.#options = options
    this.#under = under
    this.#sink = sink
    this.#neighbour = under.neighbour === undefined ? undefined : sinkDefinitionOf(under.neighbour)
  }

  get definition(): SinkDefinition<unknown, Plain, Plain> {
    return this.#sink
  }

  get hasNeighbour(): boolean {
    return this.#neighbour !== undefined
  }

  writer(at: Where = {}): Promise<AnyWriter> {
    return this.#definition(at).open(this.#context(at), [])
  }

  committer(at: Where = {}): Promise<Committer<Plain, Plain>> {
    return (this.#definition(at).committer as (context: SinkContext) => Promise<Committer<Plain, Plain>>)(this.#context(at))
  }

  /** Writes values `from` to `end`, the end outside, and waits whenever the writer is full; not for a commit, as before a barrier. */
  async write(writer: AnyWriter, from: number, end: number): Promise<void> {
    for (let index = from; index < end; index++)
      if (!writer.write(this.#value(index), index) && writer.awaitsCommit !== true) await writer.ready()
  }

  async seal(writer: AnyWriter, checkpoint: number, at: Where = {}): Promise<AnyCommittable[]> {
    const { committables } = await writer.seal(checkpoint, 'checkpoint').durable
    return committables.map((data) => ({ checkpoint, epoch: at.epoch ?? 1, subtask: at.subtask ?? 0, data }))
  }

  /** Commits with a committer of its own, as after a restart. */
  async commit(committables: readonly AnyCommittable[], at: Where = {}): Promise<readonly CommitOutcome[]> {
    const committer = await this.committer(at)
    const outcomes = await committer.commit(committables)
    await committer.close()
    checkSame(outcomes.length, committables.length, 'one outcome for each committable')
    return outcomes
  }

  async mustCommit(committables: readonly AnyCommittable[], at: Where = {}): Promise<void> {
    for (const outcome of await this.commit(committables, at)) checkDone(outcome)
  }

  /** As after a restart from a checkpoint that names nothing. */
  async withdraw(at: Where): Promise<void> {
    const committer = await this.committer(at)
    try {
      await committer.withdraw([], [])
    } finally {
      await committer.close()
    }
  }

  /** Exactly these values, each once, or each at least once. */
  async sees(expected: readonly number[], rule: string, how: 'in order' | 'in any order' | 'at least' = 'in order'): Promise<void> {
    const all = (await this.#under.committed()).map((value) => JSON.stringify(value))
    const wanted = expected.map((index) => JSON.stringify(this.#options.value(index)))
    const seen = how === 'at least' ? [...new Set(all)] : all
    checkSame(how === 'in order' ? seen : seen.toSorted(), how === 'in order' ? wanted : wanted.toSorted(), rule)
  }

  async losePower(): Promise<void> {
    this.#env = (await this.#options.losePower?.()) ?? this.#env
  }

  /** One that was lost could not be told from another that is equal to it. */
  #value(index: number): unknown {
    const value = this.#options.value(index)
    const text = JSON.stringify(value)
    const other = this.#indexes.get(text) ?? index
    check(other === index, `value(index) gives values of which no two are equal: ${other} and ${index} both give ${text} as JSON`)
    this.#indexes.set(text, index)
    return value
  }

  #definition(at: Where): SinkDefinition<unknown, Plain, Plain> {
    return at.isNeighbour === true && this.#neighbour !== undefined ? this.#neighbour : this.#sink
  }

  #context(at: Where): SinkContext {
    const { log = '0000000000000001', epoch = 1, isNew = false, subtask = 0, subtasks = 2, job = 'suite', isNeighbour } = at
    return {
      env: this.#env,
      job,
      sink: isNeighbour === true ? 'neighbour' : 'out',
      subtask,
      subtasks,
      log,
      epoch,
      isNew,
      keepsCheckpoints: true,
      signal: new AbortController().signal,
    }
  }
}

export async function makeSinkBench<T>(options: SinkSuiteOptions<T>): Promise<SinkBench> {
  return new SinkBench(options as SinkSuiteOptions<unknown>, (await options.create()) as SinkUnderTest<unknown>)
}

export function checkDone(outcome: CommitOutcome): void {
  check(
    outcome.kind === 'committed' || outcome.kind === 'already-committed',
    `a commit is done, not ${outcome.kind}${'cause' in outcome ? `: ${String(outcome.cause)}` : ''}`,
  )
}

/** The end is outside. */
export function range(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_zero, index) => from + index)
}
