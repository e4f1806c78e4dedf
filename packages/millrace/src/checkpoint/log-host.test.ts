/** A log in memory with processes that want it: what its tests share. */
import assert from 'node:assert/strict'
import { StreamError } from '../core/errors.ts'
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
} from './log.ts'
import type { Entry, Manifest } from './manifest.ts'

/** A storage in memory, and whatever the tests do to it. */
export class Storage {
  readonly entries = new Map<number, Entry | StreamError>()
  beat: { epoch: number; count: number; newestEntry: number } | undefined
  hasChunks = false
  readonly dead = new Set<number>()

  numbers(): readonly number[] {
    return [...this.entries.keys()].sort((a, b) => a - b)
  }
}

/** A host that performs one action at a time, so that a test can stop it anywhere. */
export class Host {
  readonly storage: Storage
  state: LogState
  readonly outcomes: LogAction[] = []
  readonly waits: number[] = []
  #queue: LogAction[] = []

  constructor(storage: Storage, options: Partial<LogOptions> & { readonly pid: number }) {
    const { pid, ...given } = options
    this.storage = storage
    const started = startLog({
      job: 'fraud',
      self: { boot: 'b', namespace: 'n', pid, startedAt: 's' },
      token: `t${pid}`,
      leaseMs: 1000,
      pollMs: 100,
      retain: 2,
      restore: 'latest',
      abandoned: [],
      maxTries: 2,
      nameOf: (entry) => `log/${entry}.entry`,
      ...given,
    })
    this.state = started.state
    this.#follow(started)
  }

  #follow({ state, actions }: LogDecision): void {
    this.state = state
    for (const action of actions) {
      if (action.kind === 'beat') this.storage.beat = { ...action.beat }
      else if (
        action.kind === 'owner' ||
        action.kind === 'appended' ||
        action.kind === 'fenced' ||
        action.kind === 'stop' ||
        action.kind === 'finished'
      )
        this.outcomes.push(action)
      else this.#queue.push(action)
    }
  }

  feed(event: LogEvent): void {
    this.#follow(decideLog(this.state, event))
  }

  append(body: AppendBody): void {
    this.feed({ kind: 'append', body })
  }

  get next(): LogAction | undefined {
    return this.#queue[0]
  }

  /** Takes the next creation off the list, without having made it, and says that it has failed. */
  failCreation(): LogAction & { readonly kind: 'create' } {
    this.until('create')
    const create = this.#queue.shift()
    assert.ok(create?.kind === 'create')
    this.feed({ kind: 'createFailed', number: create.number, error: new StreamError('STORAGE', 'EIO') })
    return create
  }

  /** Performs the next action; false when there is none. */
  step(): boolean {
    const action = this.#queue.shift()
    if (action === undefined) return false
    const { entries, beat, hasChunks, dead } = this.storage
    switch (action.kind) {
      case 'look':
        this.feed({
          kind: 'looked',
          look: { numbers: this.storage.numbers(), beat, ownerAlive: action.probe === undefined ? undefined : !dead.has(action.probe.pid) },
        })
        return true
      case 'read':
        this.feed({ kind: 'read', results: action.numbers.map((number) => this.#read(number)) })
        return true
      case 'look-for-chunks':
        this.feed({ kind: 'chunksSeen', found: hasChunks })
        return true
      case 'wait':
        this.waits.push(action.ms)
        this.feed({ kind: 'waited', elapsedMs: action.ms })
        return true
      case 'create': {
        const exists = entries.has(action.number)
        if (!exists) entries.set(action.number, action.entry)
        this.feed({ kind: 'created', number: action.number, result: exists ? 'exists' : 'created' })
        return true
      }
      default:
        return assert.fail(action.kind)
    }
  }

  #read(number: number): ReadEntry {
    const entry = this.storage.entries.get(number)
    if (entry === undefined) return { number, missing: true }
    return StreamError.is(entry) ? { number, error: entry } : { number, entry }
  }

  /** Until nothing is left to do, or so many steps are done. */
  run(steps: number = 1000): this {
    for (let i = 0; i < steps && this.step(); i++);
    return this
  }

  until(kind: LogAction['kind']): this {
    while (this.next?.kind !== kind) assert.ok(this.step(), `it never comes to ${kind}`)
    return this
  }

  get ownership(): Ownership {
    const owner = this.outcomes.findLast((outcome) => outcome.kind === 'owner')
    assert.ok(owner?.kind === 'owner', `no owner: ${JSON.stringify(this.outcomes)}`)
    return owner.ownership
  }

  get error(): StreamError {
    const last = this.outcomes.at(-1)
    assert.ok(last?.kind === 'stop' || last?.kind === 'fenced', `no error: ${JSON.stringify(last)}`)
    return last.error
  }

  checkpoint(id: number): this {
    this.append({ kind: 'checkpoint', manifest: manifestOf(id, this.ownership.epoch) })
    return this.run()
  }
}

export function manifestOf(checkpoint: number, epoch: number): Manifest {
  return {
    format: 1,
    job: 'fraud',
    checkpoint,
    epoch,
    createdAtMs: 0,
    reason: 'periodic',
    keyGroups: 1,
    planHash: '',
    chunks: [],
    operators: {},
  }
}
export function damage(number: number): StreamError {
  return new StreamError('CHECKPOINT_CORRUPT', `log/${number}.entry is damaged.`, { details: { file: `log/${number}.entry` } })
}
/** An owner with checkpoints 0, 1, …, count - 1. */
export function owned(storage: Storage, count: number, options: Partial<LogOptions> = {}): Host {
  const host = new Host(storage, { pid: 1, ...options }).run()
  for (let id = 0; id < count; id++) host.checkpoint(id)
  return host
}
