/** What outlives the processes of a job under test: the clock, the storage, what was fed and what came out. */
import type { BuiltJob } from '../api/job.ts'
import type { CheckpointStorage } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import type { Plan, SourceNode } from '../plan/nodes.ts'
import { memoryStorage } from './memory-storage.ts'
import { TestClock, type TestProcess } from './test-env.ts'
import { DEFAULT_SPLIT, isRecord, TestInput, type Entry } from './test-input.ts'
import { TestOutput } from './test-output.ts'
import { rewritten } from './test-plan.ts'

/** Where something that was fed stands in its input. */
interface Fed {
  readonly input: TestInput
  readonly entry: Entry
  readonly place: number
}

/** Lets everything happen that follows, because of a record if there is one. */
type Settle = (fed: (() => string) | undefined) => Promise<void>

export class TestWorld {
  readonly clock: TestClock
  readonly storage: CheckpointStorage
  readonly inputs: Map<string, TestInput> = new Map()
  /** By address of a sink, and by name of a stream that the factory returned. */
  readonly sinks: Map<string, TestOutput> = new Map()
  readonly taps: Map<string, TestOutput> = new Map()
  readonly #splits: Readonly<Record<string, readonly string[]>>
  /** The splits of each source, by its address. */
  readonly #names = new Map<string, readonly string[]>()
  readonly #history: Fed[]
  #coveredCount = 0
  #hasStart = true

  private constructor(shared: Pick<TestWorld, 'clock' | 'storage'>, splits: Readonly<Record<string, readonly string[]>>, history: Fed[]) {
    this.clock = shared.clock
    this.storage = shared.storage
    this.#splits = splits
    this.#history = history
  }

  static begin(startMs: number | undefined, splits: Readonly<Record<string, readonly string[]>>): TestWorld {
    const storage = memoryStorage((env, action) => (env as TestProcess).answer(action))
    const world = new TestWorld({ clock: new TestClock(startMs ?? 0), storage }, splits, [])
    world.#hasStart = startMs !== undefined
    return world
  }

  /** For another version of the job: what was fed goes on, what comes out begins anew. */
  next(splits: Readonly<Record<string, readonly string[]>>): TestWorld {
    const world = new TestWorld(this, splits, this.#history)
    for (const [address, input] of this.inputs) world.inputs.set(address, input)
    for (const [address, names] of this.#names) world.#names.set(address, names)
    world.#hasStart = this.#hasStart
    world.cover()
    return world
  }

  /** The plan with its sources and sinks replaced. Called for each process: the replacements are the same. */
  plan({ plan, handles }: BuiltJob): Plan {
    for (const id of Object.keys(this.#splits)) this.#checkSplits(plan, id)
    return rewritten(plan, handles, {
      hasMarkers: true,
      source: (node) => this.#input(node).source(node.source),
      sink: ({ address, sink }) => entryOf(this.sinks, address).sink(sink.kind, sink.delivery),
      tap: (name) => entryOf(this.taps, name).sink('test', 'exactly-once'),
    })
  }

  /** Unless the test has said when it begins, it begins with the first moment that it speaks of. True when that has set the clock. */
  beginAt(nowMs: number): boolean {
    const isFirst = !this.#hasStart && this.#history.length === 0
    if (isFirst) this.clock.set(nowMs)
    this.#hasStart = true
    return isFirst
  }

  async feed(input: TestInput, entry: Entry, settle: Settle): Promise<void> {
    await release(this.#add(input, entry), settle)
  }

  /** Nothing is under way, and a checkpoint has been taken. */
  cover(): void {
    this.#coveredCount = this.#history.length
    for (const output of this.#outputs()) output.cover()
  }

  /** A process has crashed. What a source cannot give again is lost, if no checkpoint covers it. */
  rewind(): void {
    for (const input of this.inputs.values()) input.rewind()
    for (const output of this.#outputs()) output.rewind()
    const open = this.#history.splice(this.#coveredCount)
    for (const { input, entry } of open) input.remove(entry)
    for (const { input, entry } of open) if (input.givesAgain(entry)) this.#add(input, entry)
    for (const { input, entry, place } of this.#history.slice(0, this.#coveredCount)) input.release(entry.split, place)
  }

  /** What no checkpoint covers is read again in the order in which it was fed. */
  async replay(settle: Settle): Promise<void> {
    for (const fed of this.#history.slice(this.#coveredCount)) await release(fed, settle)
  }

  #add(input: TestInput, entry: Entry): Fed {
    const fed = { input, entry, place: input.add(entry) }
    this.#history.push(fed)
    return fed
  }

  *#outputs(): Iterable<TestOutput> {
    yield* this.sinks.values()
    yield* this.taps.values()
  }

  /** A version that was refused may have given it other splits: each process takes those of its world. */
  #input({ address }: SourceNode): TestInput {
    const names = this.#splits[address.slice('source/'.length)] ?? this.#names.get(address) ?? [DEFAULT_SPLIT]
    const input = this.inputs.get(address) ?? new TestInput(address)
    input.split(names)
    this.inputs.set(address, input)
    this.#names.set(address, names)
    return input
  }

  #checkSplits({ nodes, job }: Plan, id: string): void {
    const sources = nodes.flatMap(({ kind, address }) => (kind === 'source' ? [address.slice('source/'.length)] : []))
    if (!sources.includes(id))
      throw new StreamError('INVALID_OPTION', `splits names '${id}', but the sources of the job '${job}' are ${sources.join(', ')}.`)
    const splits: unknown = this.#splits[id]
    if (Array.isArray(splits) && splits.length > 0 && splits.every((split) => typeof split === 'string')) {
      const twice = splits.find((split, index) => splits.indexOf(split) < index)
      if (twice === undefined) return
      throw new StreamError('INVALID_OPTION', `splits.${id} has '${twice}' twice: each split has a name of its own.`)
    }
    throw new StreamError('INVALID_OPTION', `splits.${id} has to be names of splits, at least one: ['a', 'b'].`)
  }
}

async function release({ input, entry, place }: Fed, settle: Settle): Promise<void> {
  input.release(entry.split, place)
  await settle(isRecord(entry) ? () => input.positionOf(entry.split, place) : undefined)
}

function entryOf(outputs: Map<string, TestOutput>, name: string): TestOutput {
  const output = outputs.get(name) ?? new TestOutput()
  outputs.set(name, output)
  return output
}
