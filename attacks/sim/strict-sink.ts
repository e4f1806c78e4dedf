/**
 * A transactional sink that believes nothing. A commit of what was not prepared, of another epoch or subtask than prepared it, of what
 * was withdrawn, before its checkpoint is durable or before what an earlier one holds is an error; so is preparing twice, and what is open
 * twice in a process. It outlives the processes.
 */
import {
  defineSink,
  type Committable,
  type CommitOutcome,
  type Env,
  type Sink,
  type SinkContext,
  type Writer,
} from '../../packages/millrace/src/connect.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { Openings } from '../lib/openings.ts'
import type { CommittedEntries, Entry } from './ledger.ts'

interface Part {
  readonly id: string
  readonly checkpoint: number
  readonly epoch: number
  readonly subtask: number
  readonly entries: readonly Entry[]
  state: 'prepared' | 'committed' | 'withdrawn'
}

/** Its causes, for whoever looks whether an error names them. */
export const REFUSED = 'the strict sink refuses'
export const OUTAGE = 'the strict sink is not there'

export interface DurableCheckpoint {
  readonly checkpoint: number
  /** What it lists of the sink: of all checkpoints up to it, if it was not known to be committed. */
  readonly committables: readonly string[]
}

export interface StrictSinkOptions {
  readonly seed: number
  /** The newest checkpoint that no loss of power can take, or one from `atLeast` on; undefined: there is none. */
  readonly durable: (atLeast: number) => DurableCheckpoint | undefined
  /** What goes wrong with this commit: asked once for each that is in order. */
  readonly trouble: (env: Env) => CommitTrouble | undefined
  /** As long as it usually takes to commit one, at most. */
  readonly commitMs: number
}

/** Made, and its committer is told that it was not; refused for good; not made, and to be tried again. */
export type CommitTrouble = 'lost' | 'refused' | 'outage'

export class StrictSink {
  readonly violations: string[]
  readonly sink: Sink<Entry>
  readonly #options: StrictSinkOptions
  readonly #parts = new Map<string, Part>()
  /** By process: what it does. */
  readonly #busy = new Map<Env, string>()
  readonly #openings: Openings

  constructor(options: StrictSinkOptions) {
    this.#options = options
    this.#openings = new Openings(options.seed)
    this.violations = this.#openings.violations
    this.sink = defineSink<Entry, string, null>({
      kind: 'strict',
      delivery: 'exactly-once',
      open: (context) => Promise.resolve(this.#writer(context)),
      committer: (context) => Promise.resolve(this.#committer(context)),
    })
  }

  /** In the order of checkpoints, as a reader of committed transactions sees them. */
  committed(): CommittedEntries[] {
    const parts = this.#in('committed').sort((a, b) => a.checkpoint - b.checkpoint || a.subtask - b.subtask)
    const byCheckpoint = Map.groupBy(parts, ({ checkpoint }) => checkpoint)
    return [...byCheckpoint].map(([checkpoint, all]) => ({ checkpoint, entries: all.flatMap(({ entries }) => entries) }))
  }

  /** Transactions that nobody has ended. */
  open(): readonly string[] {
    return this.#in('prepared').map(({ id }) => id)
  }

  #in(state: Part['state']): Part[] {
    return [...this.#parts.values()].filter((part) => part.state === state)
  }

  #writer({ env, subtask, epoch, log }: SinkContext): Writer<Entry, string, null> {
    const soon = this.#soon(env)
    let entries: Entry[] = []
    let isClosed = false
    const opening = this.#openings.open(env, [`strict sink: the writer of subtask ${subtask}`])
    return {
      write(entry) {
        opening.used('a write')
        entries.push(entry)
        return true
      },
      ready: () => Promise.resolve(),
      seal: (checkpoint) => {
        opening.used('a seal')
        const part: Part = { id: `${log} ${epoch} ${checkpoint} ${subtask}`, checkpoint, epoch, subtask, entries, state: 'prepared' }
        entries = []
        return { durable: soon(() => (isClosed || part.entries.length === 0 ? { committables: [] } : this.#prepare(part))) }
      },
      close() {
        isClosed = true
        return opening.close()
      },
    }
  }

  #prepare(part: Part): { readonly committables: readonly string[] } {
    if (this.#parts.has(part.id)) this.violations.push(`strict sink: ${part.id} was prepared twice`)
    for (const other of this.#parts.values())
      if (other.checkpoint === part.checkpoint && other.epoch !== part.epoch)
        this.violations.push(`strict sink: checkpoint ${part.checkpoint} is of the epochs ${other.epoch} and ${part.epoch}`)
    this.#parts.set(part.id, part)
    return { committables: [part.id] }
  }

  #committer({ env, epoch }: SinkContext) {
    const soon = this.#soon(env, this.#options.commitMs)
    const quick = this.#soon(env)
    const opening = this.#openings.open(env, ['strict sink: the committer'])
    return {
      commit: (committables: readonly Committable<string>[]): Promise<readonly CommitOutcome[]> => {
        opening.used('a commit')
        return this.#alone(env, `a commit of epoch ${epoch}`, async () => {
          const outcomes: CommitOutcome[] = []
          for (const each of committables) outcomes.push(await soon(() => this.#commit(each, epoch, env)))
          return outcomes
        })
      },
      withdraw: (kept: readonly Committable<string>[]) => {
        opening.used('a withdrawal')
        return this.#alone(env, `a withdrawal of epoch ${epoch}`, () =>
          quick(() => this.#withdraw(new Set(kept.map(({ data }) => data)), epoch)),
        )
      },
      close: () => opening.close(),
    }
  }

  /** A process commits or withdraws one thing at a time, whichever attempt of it. */
  async #alone<T>(env: Env, what: string, work: () => Promise<T>): Promise<T> {
    const other = this.#busy.get(env)
    if (other !== undefined) this.violations.push(`strict sink: ${what} while ${other} is under way`)
    this.#busy.set(env, what)
    try {
      return await work()
    } finally {
      this.#busy.delete(env)
    }
  }

  #commit(offered: Committable<string>, epoch: number, env: Env): CommitOutcome {
    const part = this.#parts.get(offered.data)
    const refuse = (why: string): CommitOutcome => {
      this.violations.push(`strict sink: ${offered.data} was to be committed, but ${why}`)
      return { kind: 'failed', cause: new Error(why) }
    }
    if (part === undefined) return refuse('was never prepared')
    if (part.state === 'withdrawn') return refuse('was withdrawn before')
    if (part.checkpoint !== offered.checkpoint || part.epoch !== offered.epoch || part.subtask !== offered.subtask)
      return refuse(`as of epoch ${offered.epoch}, checkpoint ${offered.checkpoint}, subtask ${offered.subtask}`)
    if (part.epoch > epoch) return refuse(`by epoch ${epoch}, which is older`)
    const durable = this.#options.durable(part.checkpoint)
    if (durable === undefined || part.checkpoint > durable.checkpoint) return refuse(`its checkpoint is not durable`)
    const earlier = this.#in('prepared').find(({ id, checkpoint }) => checkpoint < part.checkpoint && durable.committables.includes(id))
    if (earlier !== undefined) return refuse(`${earlier.id} of an earlier checkpoint is not committed yet`)
    if (part.state === 'committed') return { kind: 'already-committed' }
    const trouble = this.#options.trouble(env)
    if (trouble === 'refused') return { kind: 'failed', cause: new Error(REFUSED) }
    if (trouble === 'outage') return { kind: 'retry', cause: new Error(OUTAGE) }
    part.state = 'committed'
    return trouble === 'lost' ? { kind: 'retry', cause: new Error('the reply is lost') } : { kind: 'committed' }
  }

  #withdraw(kept: ReadonlySet<string>, epoch: number): void {
    for (const part of this.#in('prepared')) if (part.epoch < epoch && !kept.has(part.id)) part.state = 'withdrawn'
    for (const id of kept)
      if (this.#parts.get(id)?.state !== 'prepared' && this.#parts.get(id)?.state !== 'committed')
        this.violations.push(`strict sink: ${id} is in the checkpoint, but was not prepared`)
  }

  /** What a dead process still wants has no effect: its timers never come. */
  #soon(env: Env, usualMs: number = 2): <T>(act: () => T) => Promise<T> {
    const random = new SeededRandom(this.#options.seed, `strict sink ${env.clock.monotonic()}`)
    return (act) =>
      new Promise((resolve) => void env.timers.after(random.next() * (random.chance(0.1) ? 30 : usualMs), () => resolve(act())))
  }
}
