/**
 * Performs what the log machine (checkpoint/log.ts) decides: the only place that creates and reads entries. One machine per
 * process and job; an attempt that follows a failed one claims anew through the same machine.
 */
import { decodeEntry, encodeEntry } from '../checkpoint/entry.ts'
import {
  decideLog,
  startLog,
  type AppendBody,
  type LogAction,
  type LogDecision,
  type LogEvent,
  type LogOptions,
  type LogState,
  type Ownership,
  type ReadEntry,
} from '../checkpoint/log.ts'
import type { ClaimEntry, Entry } from '../checkpoint/manifest.ts'
import type { Beat, OpenStorage } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import { StreamError, messageOf } from '../core/errors.ts'

export type Started = { readonly kind: 'owner'; readonly ownership: Ownership } | { readonly kind: 'finished'; readonly checkpoint: number }
export interface Appended {
  readonly number: number
  readonly entry: Entry
  readonly sizeBytes: number
  readonly numbers: readonly number[]
}
export interface LogActorOptions {
  readonly storage: OpenStorage
  readonly env: Env
  readonly log: LogOptions
  /** Ownership is lost: nothing may be committed or deleted any more. Called once. */
  readonly lost: (error: StreamError) => void
  /** Another process may have the job; called at each look while waiting. */
  readonly waiting: (owner: ClaimEntry['owner'], silentMs: number) => void
}

interface Asked {
  readonly resolve: (outcome: Started | Appended) => void
  readonly reject: (error: unknown) => void
}

interface Encoded extends LogDecision {
  /** Of the entries to be created, by action. */
  readonly bytes: readonly (Uint8Array | undefined)[]
}

/** Beats per lease: a few may be late without anybody taking over. */
const BEATS_PER_LEASE = 5

export class LogActor {
  readonly #options: LogActorOptions
  #state: LogState | undefined
  /** Oldest first: a claim of the next attempt may be asked for while an entry of the failed one is on its way. */
  #asked: Asked[] = []
  #cancelTimer: (() => void) | undefined
  #cancelBeat: (() => void) | undefined
  /** Why nothing is answered any more. */
  #closed: StreamError | undefined
  /** Not wanted any more if it has not claimed yet. */
  #isCancelled = false
  /** A claim may be in the log. */
  #hasClaimed = false
  /** Of the entry that was created last. */
  #entryBytes = 0
  /** Of the chain of heartbeats: each claim begins a new one, and the chain before ends. */
  #beatChain = 0
  /** Why the log is no longer ours: nothing that is asked for afterwards is ever answered by the machine. */
  #lost: StreamError | undefined
  /** Heartbeats under way: one comes with each entry, whether the one before has been written or not. */
  readonly #beating = new Set<Promise<void>>()

  constructor(options: LogActorOptions) {
    this.#options = options
  }

  /** Waits for the job to be free and claims it. */
  start(): Promise<Started> {
    return this.#ask(() => startLog(this.#options.log)) as Promise<Started>
  }

  /** Makes the next entry; resolves once it counts (LG3). One at a time. */
  async append(body: Exclude<AppendBody, { kind: 'claim' }>): Promise<Appended> {
    return (await this.#ask(() => this.#appending(body))) as Appended
  }

  /** A new epoch for a new attempt of the same process; or the job has finished with the entry that was on its way. */
  async claimAgain(token: string, usedTo: number): Promise<Started> {
    return (await this.#ask(() => this.#appending({ kind: 'claim', token, usedTo }))) as Started
  }

  /** Looks whether another process has taken the job over. @throws {FENCED} {STORAGE} when it cannot look */
  async checkOwned(): Promise<void> {
    const { storage } = this.#options
    const numbers = await storage.entries().catch((error: unknown) => {
      throw storageError(storage.name, error)
    })
    this.#feed({ kind: 'noticed', numbers })
    if (this.#lost !== undefined) throw this.#lost
  }

  /** Nothing more comes of it: fenced, or given up. */
  get isLost(): boolean {
    return this.#lost !== undefined
  }

  /** True when an entry of this process may say that it has the job. */
  get hasClaimed(): boolean {
    return this.#hasClaimed
  }

  /** Ends waiting for the claim. One that is being made is finished, so that it can be released. */
  cancel(): void {
    this.#isCancelled = true
    this.#closeIfCancelled()
  }

  /** Ends waiting and the heartbeat; what is under way is left to itself. Who waits for an answer is told why. */
  close(why: StreamError = stopped()): void {
    this.#closed ??= why
    this.#cancelTimer?.()
    this.#cancelBeat?.()
    this.#rejectAll(this.#closed)
  }

  /** After `close`: no heartbeat is being written any more, so none is left half written. */
  async settle(): Promise<void> {
    await Promise.all(this.#beating)
  }

  #appending(body: AppendBody): LogDecision {
    return decideLog(this.#state as LogState, { kind: 'append', body })
  }

  #ask(decide: () => LogDecision): Promise<Started | Appended> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    return new Promise((resolve, reject) => {
      const decision = this.#encoded(decide())
      this.#asked.push({ resolve, reject })
      this.#follow(decision)
    })
  }

  /** Before anything of the decision counts: one whose entry cannot be written is as if it had never been made. */
  #encoded({ state, actions }: LogDecision): Encoded {
    const { digest } = this.#options.env
    const bytes = actions.map((action) => (action.kind === 'create' ? encodeEntry(action.number, action.entry, digest) : undefined))
    return { state, actions, bytes }
  }

  #follow({ state, actions, bytes }: Encoded): void {
    this.#state = state
    if (this.#closeIfCancelled()) return
    for (const [index, action] of actions.entries()) this.#perform(action, bytes[index])
  }

  #closeIfCancelled(): boolean {
    const kind = this.#state?.kind
    const isClaimed = kind === 'claiming' || kind === 'owner' || kind === 'ended'
    if (!this.#isCancelled || isClaimed) return false
    this.close()
    return true
  }

  #feed(event: LogEvent): void {
    if (this.#closed !== undefined) return
    let decision: Encoded
    try {
      decision = this.#encoded(decideLog(this.#state as LogState, event))
    } catch (error) {
      // Nobody asked for just this, and it would not go on by itself.
      this.#state = { kind: 'ended', how: 'stopped' }
      return this.#lose(StreamError.is(error) ? error : storageError(this.#options.storage.name, error))
    }
    this.#follow(decision)
  }

  #perform(action: LogAction, bytes: Uint8Array | undefined): void {
    switch (action.kind) {
      case 'look':
        return this.#answer(this.#look(action.probe))
      case 'read':
        return this.#answer(this.#read(action.numbers))
      case 'look-for-chunks':
        return this.#answer(this.#lookForChunks())
      case 'wait':
        return this.#wait(action.ms)
      case 'create':
        return this.#create(action.number, action.entry, bytes as Uint8Array)
      case 'beat':
        return this.#writeBeat(action.beat)
      case 'owner':
        this.#armBeat()
        return this.#resolve({ kind: 'owner', ownership: action.ownership })
      case 'appended':
        return this.#resolve({ number: action.number, entry: action.entry, sizeBytes: this.#entryBytes, numbers: action.numbers })
      case 'finished':
        return this.#resolve({ kind: 'finished', checkpoint: action.checkpoint })
      case 'fenced':
      case 'stop':
        return this.#lose(action.error)
    }
  }

  #answer(answer: Promise<LogEvent>): void {
    answer.then(
      (event) => this.#feed(event),
      (error: unknown) => this.#feed({ kind: 'ioFailed', error: storageError(this.#options.storage.name, error) }),
    )
  }

  async #look(probe: ClaimEntry['owner'] | undefined): Promise<LogEvent> {
    const { storage, env } = this.#options
    // LG6: the beat first.
    const beat = await storage.lastBeat()
    const numbers = await storage.entries()
    return { kind: 'looked', look: { numbers, beat, ownerAlive: probe === undefined ? undefined : env.processes.isAlive(probe) } }
  }

  async #read(numbers: readonly number[]): Promise<LogEvent> {
    const results: ReadEntry[] = []
    for (const number of numbers) results.push(await this.#readOne(number))
    return { kind: 'read', results }
  }

  async #readOne(number: number): Promise<ReadEntry> {
    const { storage, env } = this.#options
    const bytes = await storage.readEntry(number)
    if (bytes === undefined) return { number, missing: true }
    try {
      return { number, entry: decodeEntry(bytes, { number, name: storage.nameOf({ entry: number }) }, env.digest) }
    } catch (error) {
      if (StreamError.is(error)) return { number, error }
      throw error
    }
  }

  async #lookForChunks(): Promise<LogEvent> {
    for await (const _name of this.#options.storage.listChunks()) return { kind: 'chunksSeen', found: true }
    return { kind: 'chunksSeen', found: false }
  }

  #wait(ms: number): void {
    const { env, waiting } = this.#options
    const state = this.#state
    if (state?.kind === 'waiting' && state.search.probe !== undefined) waiting(state.search.probe, state.search.waitedMs)
    const began = env.clock.monotonic()
    this.#cancelTimer = env.timers.after(ms, () => this.#feed({ kind: 'waited', elapsedMs: env.clock.monotonic() - began }))
  }

  #create(number: number, entry: Entry, bytes: Uint8Array): void {
    const { storage, env } = this.#options
    if (entry.kind === 'claim') this.#hasClaimed = true
    this.#entryBytes = bytes.length
    env.crashPoint('entry.beforeCreate')
    settled(() => storage.createEntry(number, bytes)).then(
      (result) => {
        env.crashPoint('entry.afterCreate')
        this.#feed({ kind: 'created', number, result })
      },
      (error: unknown) => this.#feed({ kind: 'createFailed', number, error: storageError(storage.name, error) }),
    )
  }

  #armBeat(): void {
    const { env, log } = this.#options
    const chain = ++this.#beatChain
    const arm = (): void => {
      this.#cancelBeat?.()
      this.#cancelBeat = env.timers.after(
        log.leaseMs / BEATS_PER_LEASE,
        () => void this.#beat(chain).then(() => this.#isBeating(chain) && arm()),
      )
    }
    arm()
  }

  #writeBeat(beat: Beat): void {
    const { env, storage } = this.#options
    const written: Promise<void> = settled(() => storage.beat(beat))
      .catch((error: unknown) => env.log('warn', 'heartbeat failed', { cause: messageOf(error) }))
      .finally(() => this.#beating.delete(written))
    this.#beating.add(written)
  }

  async #beat(chain: number): Promise<void> {
    const { env, storage } = this.#options
    try {
      const seen = await storage.lastBeat()
      if (this.#isBeating(chain)) this.#feed({ kind: 'beatDue', seen })
    } catch (error) {
      env.log('warn', 'heartbeat failed', { cause: messageOf(error) })
    }
  }

  #isBeating(chain: number): boolean {
    return chain === this.#beatChain && this.#closed === undefined && this.#state?.kind === 'owner'
  }

  #resolve(outcome: Started | Appended): void {
    this.#asked.shift()?.resolve(outcome)
  }

  #rejectAll(error: StreamError): void {
    const asked = this.#asked
    this.#asked = []
    for (const { reject } of asked) reject(error)
  }

  #lose(error: StreamError): void {
    this.#cancelBeat?.()
    this.#rejectAll(error)
    if (this.#state?.kind !== 'ended') return
    this.#lost = error
    this.#options.lost(error)
  }
}

/** Of a storage that throws rather than rejects. */
async function settled<T>(work: () => Promise<T>): Promise<T> {
  return work()
}

function stopped(): StreamError {
  return new StreamError('STOPPED', 'The job was stopped before it had begun.')
}

function storageError(name: string, error: unknown): StreamError {
  if (StreamError.is(error)) return error
  return new StreamError(
    'STORAGE',
    `The checkpoint storage ${name} failed: ${messageOf(error)}. Check that it exists, is writable and has room.`,
    { cause: error },
  )
}
