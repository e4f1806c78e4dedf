/** A few subtasks with tables, their checkpoints as chains of blocks, and the model; one random step at a time. */
import { keyGroupRangeOf, subtaskOf } from '../../packages/millrace/src/core/key-group.ts'
import { nodeDigest } from '../../packages/millrace/src/env/node-digest.ts'
import { keyGroupOfKey } from '../../packages/millrace/src/serde/key.ts'
import { buildChunk, readChunkBlocks, readChunkIndex } from '../../packages/millrace/src/state/chunk.ts'
import type { KeyedState, StateBlock } from '../../packages/millrace/src/state/contract.ts'
import { mergeBlocks } from '../../packages/millrace/src/state/merge.ts'
import { id, Model, type ModelKey } from './model.ts'
import { Draw, keyPool } from './random.ts'
import {
  compareRead,
  declarations,
  Difference,
  expectEqual,
  KEY_GROUPS,
  names,
  newState,
  singleCells,
  timersOf,
  upgraded,
  write,
} from './tables.ts'

const oneStep = { hasLeft: () => false }
const endless = { hasLeft: () => true }
const PARALLELISMS = [1, 3, 2]

interface Snapshot {
  readonly checkpoint: number
  readonly mode: 'delta' | 'full'
  /** Ends with `abort` although it succeeds (rules 1.24). */
  readonly isSavepoint: boolean
  readonly model: Model
  readonly isEncoded: boolean[]
}

export class World {
  passed = 0
  where = 'the beginning'
  readonly #draw: Draw
  /** Blocks of single cells alone are merged in a way of their own: for a while nothing else is written. */
  #written: readonly string[] = names
  readonly #keys: readonly ModelKey[]
  #model = new Model(declarations)
  #states: KeyedState[] = []
  #round = 0
  #snapshot: Snapshot | undefined
  #checkpoints = 0
  /** What the newest complete checkpoint holds: blocks by group, oldest first, and the model at its seal. */
  #chains = new Map<number, Uint8Array[]>()
  #durable = new Model(declarations)
  /** Of the job as it runs, and as it took the newest complete checkpoint. */
  #version = 1
  #durableVersion = 1
  readonly #counts: Record<string, number> = { completed: 0, aborted: 0, savepoints: 0, merged: 0, restored: 0, upgraded: 0, fired: 0 }

  constructor(seed: number) {
    this.#draw = new Draw(seed)
    this.#keys = keyPool(this.#draw, 160)
    this.#states = Array.from({ length: PARALLELISMS[0] as number }, () => newState(this.#version))
  }

  get summary(): string {
    return Object.entries(this.#counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')
  }

  async step(): Promise<void> {
    const choice = this.#draw.next()
    if (choice < 0.55) this.#write()
    else if (choice < 0.7) this.#read()
    else if (choice < 0.73) this.#fire()
    else if (choice < 0.76) this.#advance()
    else if (choice < 0.765) this.#sweep()
    else if (choice < 0.767) this.#merge()
    else if (choice < 0.7685) await this.#crash()
    else if (choice < 0.769) this.#forget()
    else await this.#snapshotStep()
    this.passed++
  }

  #pick(): { state: KeyedState; key: ModelKey } {
    // A few keys are hot, most are not.
    const key = this.#keys[this.#draw.chance(0.5) ? this.#draw.below(12) : this.#draw.below(this.#keys.length)] as ModelKey
    return { key, state: this.#stateOf(key) }
  }

  #stateOf(key: ModelKey): KeyedState {
    const state = this.#states[subtaskOf(keyGroupOfKey(key, KEY_GROUPS), this.#states.length, KEY_GROUPS)] as KeyedState
    state.setKey(key)
    return state
  }

  #write(): void {
    const { state, key } = this.#pick()
    if (this.#draw.chance(0.002)) this.#written = this.#draw.of([names, singleCells])
    const name = this.#draw.of(this.#written)
    this.where = `a write to ${name} of ${id(key)}`
    write(this.#draw, state, this.#model, name, key)
  }

  #read(): void {
    const { state, key } = this.#pick()
    const name = this.#draw.of(names)
    this.where = `a read of ${name} of ${id(key)}`
    compareRead(state, this.#model, name, key)
  }

  #advance(): void {
    this.#model.now += this.#draw.below(20)
    for (const state of this.#states) state.now = this.#model.now
  }

  /** TM-2, TM-4: everything that is due fires, in order of time, and nothing else. */
  #fire(): void {
    this.where = 'due timers'
    const domain = this.#draw.of(['event', 'processing'] as const)
    const timers = timersOf(domain)
    const upTo = this.#model.now + this.#draw.below(60)
    expectEqual(Math.min(...this.#states.map((state) => state.nextTimer(domain))), this.#model.earliest(timers), 'the next timer')
    for (const state of this.#states) {
      let last = Number.NEGATIVE_INFINITY
      for (let fired = state.takeDue(domain, upTo); fired !== undefined; fired = state.takeDue(domain, upTo)) {
        const name = state.timerNames[fired.timer] as string
        const key = state.key as ModelKey
        const pending = this.#model.read(name, key).map(({ v }) => v)
        if (!pending.includes(fired.at) || fired.at < last)
          throw new Difference(`${name} of ${id(key)} fires at ${fired.at} after ${last}; the model has ${String(pending)}`)
        this.#model.remove(name, key, declarations[name]?.kind === 'timer' ? 0 : fired.at)
        last = fired.at
        this.#counts['fired'] = (this.#counts['fired'] as number) + 1
        // Set while firing: fires in the same pass if due.
        if (this.#draw.chance(0.1)) {
          write(this.#draw, state, this.#model, name, key)
          last = Number.NEGATIVE_INFINITY
        }
        if (this.#draw.chance(0.1)) break
      }
      last = Number.NEGATIVE_INFINITY
      if (state.nextTimer(domain) === Number.POSITIVE_INFINITY) this.passed++
    }
    this.#expectCounts()
  }

  #expectCounts(): void {
    const pending = this.#states.reduce((sum, { statistics }) => sum + statistics.pendingTimers, 0)
    expectEqual(pending, this.#model.count([...timersOf('event'), ...timersOf('processing')]), 'pending timers')
  }

  /** TT-4: what has expired goes, read or not. */
  #sweep(): void {
    this.where = 'a sweep'
    for (const state of this.#states) state.sweep(endless)
    for (const byKey of Object.values(this.#model.content)) {
      for (const kept of byKey.values()) for (const [name, { x }] of kept) if (x <= this.#model.now) kept.delete(name)
    }
  }

  /** All states of a key at once: its slot may then go to another key. */
  #forget(): void {
    this.where = 'keys that lose everything'
    for (let i = 0; i < 20; i++) {
      const { state, key } = this.#pick()
      for (const name of names) {
        this.#model.clear(name, key)
        clearAny(state, name)
      }
    }
  }

  async #snapshotStep(): Promise<void> {
    const snapshot = this.#snapshot
    if (snapshot === undefined) return this.#draw.chance(0.1) ? this.#seal() : undefined
    this.where = `checkpoint ${snapshot.checkpoint}`
    const open = snapshot.isEncoded.indexOf(false)
    if (this.#draw.chance(0.004)) return this.#abort(snapshot)
    if (open < 0) return this.#draw.chance(0.2) ? this.#finish(snapshot) : undefined
    const subtask = this.#draw.chance(0.5) ? open : this.#draw.below(this.#states.length)
    if (snapshot.isEncoded[subtask] !== true) snapshot.isEncoded[subtask] = this.#states[subtask]?.snapshots.encode(oneStep) === true
  }

  #seal(): void {
    const checkpoint = ++this.#checkpoints
    this.where = `the seal of checkpoint ${checkpoint}`
    const mode = this.#draw.chance(0.25) ? 'full' : 'delta'
    for (const state of this.#states) state.snapshots.seal(checkpoint, mode)
    const isSavepoint = mode === 'full' && this.#draw.chance(0.5)
    this.#snapshot = { checkpoint, mode, isSavepoint, model: this.#model.clone(), isEncoded: this.#states.map(() => false) }
    if (this.#draw.chance(0.03)) this.#abort(this.#snapshot)
  }

  #abort(snapshot: Snapshot): void {
    for (const state of this.#states) state.snapshots.abort(snapshot.checkpoint)
    this.#snapshot = undefined
    this.#count('aborted')
  }

  #count(what: string): void {
    this.#counts[what] = (this.#counts[what] as number) + 1
  }

  async #finish(snapshot: Snapshot): Promise<void> {
    const blocks = this.#states.flatMap((state) => state.snapshots.takeBlocks())
    const stored = this.#draw.chance(0.2) ? await throughChunk(blocks, snapshot.checkpoint) : blocks
    if (this.#draw.chance(0.1)) return this.#abort(snapshot)
    const chains =
      snapshot.mode === 'full' ? new Map<number, Uint8Array[]>() : new Map([...this.#chains].map(([group, chain]) => [group, [...chain]]))
    for (const { group, bytes } of stored) chains.set(group, [...(chains.get(group) ?? []), bytes])
    this.where = `${snapshot.mode} checkpoint ${snapshot.checkpoint}, restored`
    this.#compareRestored(chains, snapshot.model, 1)
    if (snapshot.isSavepoint) {
      this.#count('savepoints')
      return this.#abort(snapshot)
    }
    for (const state of this.#states) state.snapshots.complete(snapshot.checkpoint)
    this.#snapshot = undefined
    this.#chains = chains
    this.#durable = snapshot.model
    this.#durableVersion = this.#version
    this.#count('completed')
  }

  /** Some of each chain becomes one block, as when bases are rewritten. */
  #merge(): void {
    this.where = 'a merge'
    for (const [group, chain] of this.#chains) {
      const first = this.#draw.chance(0.6) ? 0 : this.#draw.below(chain.length)
      const end = first + 1 + this.#draw.below(chain.length - first)
      const merged = mergeBlocks(chain.slice(first, end), { base: first === 0 && this.#draw.chance(0.7) })
      this.#chains.set(group, [...chain.slice(0, first), merged.bytes, ...chain.slice(end)])
    }
    this.#count('merged')
    this.#compareRestored(this.#chains, upgraded(this.#durable, this.#durableVersion, this.#version), 1)
  }

  #restored(chains: ReadonlyMap<number, readonly Uint8Array[]>, parallelism: number): KeyedState[] {
    return Array.from({ length: parallelism }, (_none, subtask) => {
      const state = newState(this.#version)
      const range = keyGroupRangeOf({ subtask, parallelism, maxParallelism: KEY_GROUPS })
      for (let group = range.first; group <= range.last; group++)
        for (const block of chains.get(group) ?? []) state.snapshots.restore(block, () => true)
      return state
    })
  }

  #compareRestored(chains: ReadonlyMap<number, readonly Uint8Array[]>, expected: Model, parallelism: number): void {
    const [live, model] = [this.#states, this.#model]
    this.#states = this.#restored(chains, parallelism)
    this.#model = expected.clone()
    for (const state of this.#states) state.now = expected.now
    this.#compareAll()
    this.#states = live
    this.#model = model
  }

  #compareAll(): void {
    this.#expectCounts()
    for (const domain of ['event', 'processing'] as const) {
      expectEqual(
        Math.min(...this.#states.map((state) => state.nextTimer(domain))),
        this.#model.earliest(timersOf(domain)),
        `the next ${domain} timer`,
      )
    }
    for (const key of this.#model.keys.values()) {
      const state = this.#stateOf(key)
      for (const name of names) compareRead(state, this.#model, name, key)
      this.passed++
    }
  }

  /** The process is gone; what the newest complete checkpoint holds comes back at another parallelism, perhaps much later, perhaps into a new version of the job. */
  async #crash(): Promise<void> {
    this.where = 'a restore'
    const { now } = this.#model
    this.#snapshot = undefined
    const parallelism = PARALLELISMS[++this.#round % PARALLELISMS.length] as number
    if (this.#draw.chance(0.3)) {
      this.#version++
      this.#count('upgraded')
    }
    this.#states = this.#restored(this.#chains, parallelism)
    this.#model = upgraded(this.#durable, this.#durableVersion, this.#version)
    // TT-6: time spent while the job is down counts.
    this.#model.now = now + (this.#draw.chance(0.5) ? 100 : 0)
    for (const state of this.#states) state.now = this.#model.now
    this.#count('restored')
    if (this.#draw.chance(0.5)) this.#compareAll()
  }

  /** Everything is compared; then everything is cleared, and no slot may be left. */
  async finish(): Promise<void> {
    this.where = 'the end'
    this.#compareAll()
    if (this.#snapshot !== undefined) this.#abort(this.#snapshot)
    for (const key of this.#model.keys.values()) {
      const state = this.#stateOf(key)
      for (const name of names) clearAny(state, name)
    }
    for (const state of this.#states) {
      const checkpoint = ++this.#checkpoints
      state.snapshots.seal(checkpoint, 'delta')
      while (!state.snapshots.encode(oneStep));
      state.snapshots.takeBlocks()
      state.snapshots.complete(checkpoint)
      state.sweep(endless)
      expectEqual(state.statistics, { keys: 0, slots: 0, pendingTimers: 0, deleted: 0 }, 'what is left when all is cleared')
    }
  }
}

function clearAny(state: KeyedState, name: string): void {
  switch (declarations[name]?.kind) {
    case 'accumulator':
      return state.accumulator(name).clear(state.slotOf(state.key as never))
    case 'value':
      return state.value(name).clear()
    case 'list':
      return state.list(name).clear()
    case 'map':
      return state.map(name).clear()
    case 'timer':
      return state.timer(name).clear()
    default:
      return state.timers(name).clear()
  }
}

async function throughChunk(blocks: readonly StateBlock[], checkpoint: number): Promise<StateBlock[]> {
  const name = `chunk-${checkpoint}`
  const built = buildChunk({ name, epoch: 1, checkpoint, parts: blocks.map((block) => ({ operator: 'step/a', ...block })) }, nodeDigest)
  const file = Buffer.concat(built.bytes)
  const read = async (start: number, end: number): Promise<Uint8Array> => file.subarray(start, end)
  const index = await readChunkIndex({ file: name, name, sizeBytes: built.sizeBytes, sha256: built.sha256 }, read, nodeDigest)
  const found: StateBlock[] = []
  for (const [first, last] of [
    [0, 9],
    [10, 10],
    [11, KEY_GROUPS - 1],
  ] as const)
    found.push(...(await readChunkBlocks(index, { operator: 'step/a', first, last }, read, nodeDigest)))
  return found
}
