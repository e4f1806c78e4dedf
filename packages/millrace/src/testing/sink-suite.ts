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
import { check, checkSame, ContractViolation, type ContractCase } from './contract-case.ts'

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

/**
 * The contract of sinks with a committer: nothing is seen before its commit, everything once after it, however often commits are
 * offered and whichever process offers them; what no checkpoint names is withdrawn, what belongs to others stays.
 */
export function sinkSuite<T>(options: SinkSuiteOptions<T>): readonly ContractCase[] {
  const names = Object.keys(cases).filter((name) => options.losePower !== undefined || !needsPowerLoss.has(name))
  return names.map((name) => ({ name, run: async () => (cases[name] as SinkCase)(await makeBench(options)) }))
}

type SinkCase = (bench: Bench) => Promise<void>
type AnyWriter = Writer<unknown, Plain, Plain>
type AnyCommittable = Committable<Plain>

interface Where {
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
class Bench {
  #env: Env
  readonly #options: SinkSuiteOptions<unknown>
  readonly #under: SinkUnderTest<unknown>
  readonly #sink: SinkDefinition<unknown, Plain, Plain>
  readonly #neighbour: SinkDefinition<unknown, Plain, Plain> | undefined

  constructor(options: SinkSuiteOptions<unknown>, under: SinkUnderTest<unknown>) {
    const sink = sinkDefinitionOf(under.sink)
    if (sink?.committer === undefined) throw new ContractViolation('create() gives no sink with a committer that defineSink has made')
    this.#env = options.env
    this.#options = options
    this.#under = under
    this.#sink = sink
    this.#neighbour = under.neighbour === undefined ? undefined : sinkDefinitionOf(under.neighbour)
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
      if (!writer.write(this.#options.value(index), index) && writer.awaitsCommit !== true) await writer.ready()
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

  /** Exactly these values, each once; in this order if `isOrdered`. */
  async sees(expected: readonly number[], rule: string, isOrdered: boolean = true): Promise<void> {
    const seen = (await this.#under.committed()).map((value) => JSON.stringify(value))
    const wanted = expected.map((index) => JSON.stringify(this.#options.value(index)))
    if (!isOrdered) {
      seen.sort()
      wanted.sort()
    }
    checkSame(seen, wanted, rule)
  }

  async losePower(): Promise<void> {
    this.#env = (await this.#options.losePower?.()) ?? this.#env
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

async function makeBench<T>(options: SinkSuiteOptions<T>): Promise<Bench> {
  return new Bench(options as SinkSuiteOptions<unknown>, (await options.create()) as SinkUnderTest<unknown>)
}

function checkDone(outcome: CommitOutcome): void {
  check(
    outcome.kind === 'committed' || outcome.kind === 'already-committed',
    `a commit is done, not ${outcome.kind}${'cause' in outcome ? `: ${String(outcome.cause)}` : ''}`,
  )
}

const DURABLE = 'what is durable can be committed after a loss of power, what is committed stays'
const needsPowerLoss: ReadonlySet<string> = new Set([DURABLE])
const ANOTHER_LOG = '0000000000000002'
const codeOf = (error: unknown): string => String((error as { readonly code?: unknown } | null)?.code ?? error)
const range = (from: number, end: number): number[] => Array.from({ length: end - from }, (_zero, index) => from + index)

const cases: Readonly<Record<string, SinkCase>> = {
  async 'nothing is seen before its commit, everything after'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 10)
    await bench.sees([], 'written')
    const committables = await bench.seal(writer, 1)
    check(committables.length > 0, 'what was written makes at least one committable')
    await bench.sees([], 'sealed and durable')
    await bench.mustCommit(committables)
    await bench.sees(range(0, 10), 'committed')
    await writer.close()
    await bench.sees(range(0, 10), 'closed')
  },

  async 'what is written after seal belongs to the next checkpoint'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 5)
    const first = writer.seal(1, 'checkpoint').durable
    await bench.write(writer, 5, 8)
    const second = writer.seal(2, 'checkpoint').durable
    await bench.write(writer, 8, 9)
    const [one, two] = [(await first).committables, (await second).committables]
    await bench.mustCommit(one.map((data) => ({ checkpoint: 1, epoch: 1, subtask: 0, data })))
    await bench.sees(range(0, 5), 'the first')
    await bench.mustCommit(two.map((data) => ({ checkpoint: 2, epoch: 1, subtask: 0, data })))
    await bench.sees(range(0, 8), 'the second')
    await writer.close()
  },

  async 'a checkpoint without records changes nothing'(bench) {
    const writer = await bench.writer()
    await bench.mustCommit(await bench.seal(writer, 1))
    await bench.write(writer, 0, 3)
    await bench.mustCommit(await bench.seal(writer, 2))
    await bench.mustCommit(await bench.seal(writer, 3))
    await bench.sees(range(0, 3), 'the records of the one that has some')
    await writer.close()
  },

  async 'a commit that is offered again does nothing'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 4)
    const committables = await bench.seal(writer, 1)
    const committer = await bench.committer()
    for (let round = 0; round < 3; round++) for (const outcome of await committer.commit(committables)) checkDone(outcome)
    await bench.sees(range(0, 4), 'by the same committer')
    await writer.close()
    for (let epoch = 2; epoch < 5; epoch++) await bench.mustCommit(committables, { epoch })
    await bench.sees(range(0, 4), 'by committers of later epochs')
  },

  async 'half of the commits, then a restart that offers all'(bench) {
    const writer = await bench.writer()
    const all: AnyCommittable[] = []
    for (let checkpoint = 1; checkpoint <= 6; checkpoint++) {
      await bench.write(writer, checkpoint * 10, checkpoint * 10 + 3)
      all.push(...(await bench.seal(writer, checkpoint)))
    }
    await bench.mustCommit(all.slice(0, 3))
    await bench.mustCommit(all, { epoch: 2 })
    await bench.sees(
      [1, 2, 3, 4, 5, 6].flatMap((checkpoint) => range(checkpoint * 10, checkpoint * 10 + 3)),
      'all once, in the order of the checkpoints',
    )
    await writer.close()
  },

  async 'an aborted checkpoint is committed with the next one'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 3)
    const aborted = await bench.seal(writer, 1)
    await bench.write(writer, 3, 6)
    await bench.mustCommit([...aborted, ...(await bench.seal(writer, 2))])
    await bench.sees(range(0, 6), 'both')
    await writer.close()
  },

  async 'subtasks do not get into each other'(bench) {
    const writers = await Promise.all([0, 1].map((subtask) => bench.writer({ subtask })))
    const committables: AnyCommittable[] = []
    for (const [subtask, writer] of writers.entries()) {
      await bench.write(writer, subtask * 10, subtask * 10 + 5)
      committables.push(...(await bench.seal(writer, 1, { subtask })))
    }
    await bench.mustCommit(committables)
    await bench.sees([...range(0, 5), ...range(10, 15)], 'the records of both', false)
    for (const writer of writers) await writer.close()
  },

  async 'close without seal leaves nothing'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 1_000)
    await writer.close()
    await bench.mustCommit([])
    await bench.sees([], 'never sealed')
  },

  async 'a seal that is under way outlives close'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 1_000)
    const { durable } = writer.seal(1, 'checkpoint')
    await bench.write(writer, 1_000, 1_010)
    await writer.close()
    const { committables } = await durable
    await bench.mustCommit(committables.map((data) => ({ checkpoint: 1, epoch: 1, subtask: 0, data })))
    await bench.sees(range(0, 1_000), 'all that was sealed')
  },

  async 'what no checkpoint names is withdrawn'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 3)
    await bench.seal(writer, 1)
    await bench.write(writer, 3, 6)
    const committer = await bench.committer({ epoch: 2 })
    await committer.withdraw([], [])
    await committer.close()
    await bench.sees([], 'withdrawn')
    const next = await bench.writer({ epoch: 2 })
    await bench.write(next, 6, 9)
    await bench.mustCommit(await bench.seal(next, 2, { epoch: 2 }), { epoch: 2 })
    await bench.sees(range(6, 9), 'what the next epoch wrote')
    await next.close()
  },

  async 'what a checkpoint names is kept'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 3)
    const first = await bench.seal(writer, 1)
    await bench.write(writer, 3, 6)
    const second = await bench.seal(writer, 2)
    await bench.mustCommit(first)
    await writer.close()
    const committer = await bench.committer({ epoch: 2 })
    await committer.withdraw([...first, ...second], [])
    for (const outcome of await committer.commit([...first, ...second])) checkDone(outcome)
    await bench.sees(range(0, 6), 'both')
  },

  async 'what was staged under another log of checkpoints stays'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 3)
    const committables = await bench.seal(writer, 1)
    await bench.write(writer, 3, 6)
    for (const [epoch, isNew] of [
      [1, true],
      [9, true],
      [9, false],
    ] as const) {
      const other = await bench.committer({ log: ANOTHER_LOG, epoch, isNew })
      await other.withdraw([], [])
      await other.close()
    }
    await bench.mustCommit([...committables, ...(await bench.seal(writer, 2))], { epoch: 2 })
    await bench.sees(range(0, 6), 'all of the log whose epochs are lower')
    await writer.close()
  },

  async 'a sink that may not begin beside the output of another log may not at the next start either'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 3)
    await bench.mustCommit(await bench.seal(writer, 1))
    await writer.close()
    const answers: string[] = []
    for (let epoch = 1; epoch <= 3; epoch++) {
      const committer = await bench.committer({ log: ANOTHER_LOG, epoch, isNew: true })
      answers.push(await committer.withdraw([], []).then(() => 'begins', codeOf))
      await committer.close()
      await bench.sees(range(0, 3), 'what was committed stays as it is')
    }
    const answer = answers[0] === 'begins' ? 'begins' : 'OUTPUT_EXISTS'
    checkSame(answers, [answer, answer, answer], 'the same answer at every start')
    // The log that has written it goes on.
    const committer = await bench.committer({ epoch: 2 })
    await committer.withdraw([], [])
    await committer.close()
  },

  async 'a woken process of an older epoch withdraws nothing of a newer one'(bench) {
    const writer = await bench.writer({ epoch: 5 })
    await bench.write(writer, 0, 3)
    const committables = await bench.seal(writer, 1, { epoch: 5 })
    await bench.write(writer, 3, 6)
    for (const epoch of [4, 5]) {
      const zombie = await bench.committer({ epoch })
      await zombie.withdraw([], [])
      await zombie.close()
    }
    await bench.mustCommit([...committables, ...(await bench.seal(writer, 2, { epoch: 5 }))], { epoch: 5 })
    await bench.sees(range(0, 6), 'all of the newer epoch')
    await writer.close()
  },

  async 'a woken writer of an older epoch changes nothing'(bench) {
    const zombie = await bench.writer({ epoch: 1 })
    await bench.write(zombie, 0, 3)
    const owner = await bench.writer({ epoch: 2 })
    await bench.write(owner, 3, 6)
    const committables = await bench.seal(owner, 1, { epoch: 2 })
    await bench.write(zombie, 6, 9)
    await bench.seal(zombie, 1, { epoch: 1 })
    await bench.mustCommit(committables, { epoch: 2 })
    await bench.write(zombie, 9, 12)
    await bench.seal(zombie, 2, { epoch: 1 })
    await zombie.close()
    await bench.sees(range(3, 6), 'the records of the owner only')
    await owner.close()
  },

  async 'the work of others stays'(bench) {
    const others: Where[] = [{ job: 'suite-2' }, { job: 'sui' }, ...(bench.hasNeighbour ? [{ isNeighbour: true }] : [])]
    const left: { readonly at: Where; readonly committables: AnyCommittable[] }[] = []
    for (const [index, at] of others.entries()) {
      const writer = await bench.writer(at)
      await bench.write(writer, index * 10, index * 10 + 3)
      left.push({ at, committables: await bench.seal(writer, index + 1, at) })
      await writer.close()
    }
    const committer = await bench.committer({ epoch: 9 })
    await committer.withdraw([], [])
    await committer.close()
    for (const { at, committables } of left) await bench.mustCommit(committables, at)
    await bench.sees(
      others.flatMap((_at, index) => range(index * 10, index * 10 + 3)),
      'the records of other jobs and sinks',
      false,
    )
  },

  async 'a writer that is full takes more after ready'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 30_000)
    await bench.mustCommit(await bench.seal(writer, 1))
    await bench.write(writer, 30_000, 30_010)
    await bench.mustCommit(await bench.seal(writer, 2))
    await bench.sees(range(0, 30_010), 'every record once')
    await writer.close()
  },

  async 'a writer that awaits a commit is ready after it'(bench) {
    const writer = await bench.writer()
    let end = 0
    while (writer.awaitsCommit !== true && end < 30_000) await bench.write(writer, end, ++end)
    if (writer.awaitsCommit !== true) return writer.close()
    await bench.write(writer, end, end + 10)
    check(writer.awaitsCommit, 'what was taken although it is full is not sealed yet')
    let isReady = false
    const ready = writer.ready().then(() => (isReady = true))
    const committables = await bench.seal(writer, 1)
    check(!isReady, 'sealed is not committed')
    check(!writer.awaitsCommit, 'all is sealed: another checkpoint would not help')
    await bench.mustCommit(committables)
    await ready
    await bench.write(writer, end + 10, end + 11)
    check(!writer.awaitsCommit, 'there is room again')
    await bench.mustCommit(await bench.seal(writer, 2))
    await bench.sees(range(0, end + 11), 'every record once')
    await writer.close()
  },

  async [DURABLE](bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 3)
    const first = await bench.seal(writer, 1)
    await bench.mustCommit(first)
    await bench.write(writer, 3, 6)
    const second = await bench.seal(writer, 2)
    await bench.write(writer, 6, 9)
    await bench.losePower()
    await bench.sees(range(0, 3), 'what was committed')
    await bench.mustCommit([...first, ...second], { epoch: 2 })
    const committer = await bench.committer({ epoch: 2 })
    await committer.withdraw([...first, ...second], [])
    await bench.sees(range(0, 6), 'and what was durable')
    await bench.losePower()
    await bench.sees(range(0, 6), 'also after the next loss')
  },
}
