/**
 * What keyed state costs beside plain tables in the same run: five million integer keys with one number each, inserted, then
 * updated in a hot set of 10,000 that moves every 100 ms, with and without snapshots that are encoded in slices meanwhile.
 *
 * A turn is a batch of 512 updates with the slice of a snapshot after it; what the garbage collector took is taken out and shown
 * apart. All times are CPU time of the thread, also the 100 ms, so that a busy machine does not change the workload.
 */
import { spawnSync } from 'node:child_process'
import { PerformanceObserver } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import type { KeyedState, StateDeclaration } from '../packages/millrace/src/state/contract.ts'
import { createHeapState } from '../packages/millrace/src/state/heap-state.ts'
import { type Bench, type Figure, interleaved, median, ratio } from './lib/bench.ts'

const BATCH = 512
const HOT_KEYS = 10_000
const MOVE_EVERY_MS = 100
const SLICE_MS = 1

interface Options {
  readonly keys: number
  readonly updates: number
  readonly rounds: number
}

/** CPU of this thread, ms. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

class Turns {
  longestMs = 0
  longestGcMs = 0
  #gcMs = 0
  readonly #observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      this.#gcMs += duration
      this.longestGcMs = Math.max(this.longestGcMs, duration)
    }
  })

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  /** Entries of pauses arrive after a turn of the event loop. Those since the last look may be of other turns: the figure errs low. */
  async ended(ms: number): Promise<void> {
    if (ms <= this.longestMs) return
    await new Promise((resolve) => setImmediate(resolve))
    this.longestMs = Math.max(this.longestMs, ms - this.#gcMs)
    this.#gcMs = 0
  }

  stop(): void {
    this.#observer.disconnect()
  }
}

function newState(declaration: StateDeclaration): KeyedState {
  return createHeapState({ declarations: { state: declaration }, maxParallelism: 1024, freeze: 'sampled' })
}

/** Keys that look like ids: neither dense nor in order. */
function keyOf(i: number): number {
  return (Math.imul(i, 0x2545f491) ^ (i << 3)) & 0x7fffffff
}

class Random {
  #state = 0x9e3779b9
  below(end: number): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x
    return (x >>> 0) % end
  }
}

type Update = (key: number) => void
interface Table {
  readonly update: Update
  /** What all updates added up to. */
  sum(keys: number): number
  readonly state?: KeyedState
}

const tables: Readonly<Record<string, (keys: number) => Table>> = {
  openAddressing(keys) {
    let cells = 16
    while (cells < keys * 1.5) cells *= 2
    const mask = cells - 1
    const found = new Int32Array(cells).fill(-1)
    const values = new Float64Array(cells)
    const place = (key: number): number => {
      const product = Math.imul(key, 0x9e3779b1)
      let at = (product ^ (product >>> 15)) & mask
      while (found[at] !== key && found[at] !== -1) at = (at + 1) & mask
      return at
    }
    return {
      update(key) {
        const at = place(key)
        found[at] = key
        values[at] = (values[at] as number) + 1
      },
      sum: () => values.reduce((sum, value) => sum + value, 0),
    }
  },
  mapOfObjects() {
    const map = new Map<number, { n: number }>()
    return {
      update(key) {
        const found = map.get(key)
        if (found === undefined) map.set(key, { n: 1 })
        else found.n++
      },
      sum: () => [...map.values()].reduce((sum, { n }) => sum + n, 0),
    }
  },
  value() {
    const state = newState({ kind: 'value', version: 1, initial: () => 0 })
    const handle = state.value('state')
    return {
      state,
      update(key) {
        state.enter(key, state.integers.find(key))
        handle.set((handle.get() as number) + 1)
      },
      sum(keys) {
        let sum = 0
        for (let i = 0; i < keys; i++) {
          state.setKey(keyOf(i))
          sum += handle.get() as number
        }
        return sum
      },
    }
  },
  accumulator() {
    const state = newState({ kind: 'accumulator', version: 1 })
    const column = state.accumulator('state')
    return {
      state,
      update(key) {
        let slot = state.integers.find(key)
        if (slot < 0) slot = state.slotOf(key)
        const account = column.get(slot) as { n: number } | undefined
        if (account === undefined) return column.put(slot, { n: 1 })
        column.touch(slot)
        account.n++
      },
      sum(keys) {
        let sum = 0
        for (let i = 0; i < keys; i++) {
          sum += (column.get(state.slotOf(keyOf(i))) as { n: number }).n
        }
        return sum
      },
    }
  },
}

/** Snapshots one after the other, sealed every 100 ms, in slices of at most 1 ms. */
class Snapshotting {
  bytes = 0
  count = 0
  #state: KeyedState
  #open = false
  #sealedAt = threadMs()
  #deadline = 0
  readonly #budget = { hasLeft: () => performance.now() < this.#deadline }

  constructor(state: KeyedState) {
    this.#state = state
  }

  slice(): void {
    const { snapshots } = this.#state
    if (!this.#open) {
      const now = threadMs()
      if (now - this.#sealedAt < MOVE_EVERY_MS) return
      snapshots.seal(++this.count, 'delta')
      this.#sealedAt = now
      this.#open = true
    }
    this.#deadline = performance.now() + SLICE_MS
    if (!snapshots.encode(this.#budget)) return
    for (const { bytes } of snapshots.takeBlocks()) this.bytes += bytes.length
    snapshots.complete(this.count)
    this.#open = false
  }
}

interface Run {
  readonly insertNs: number
  readonly insertTurnMs: number
  readonly insertGcMs: number
  updateNs(): Promise<number>
  readonly turns: { longestMs: number; longestGcMs: number }
  readonly snapshotting: Snapshotting | undefined
  verify(): void
}

interface Measured {
  readonly insertNs: number
  readonly insertTurnMs: number
  readonly insertGcMs: number
  readonly updateNs: number
  readonly turnMs: number
  readonly gcMs: number
  readonly snapshotBytes: number
}

async function prepare(name: string, options: Options, withSnapshots: boolean): Promise<Run> {
  const table = (tables[name] as (keys: number) => Table)(options.keys)
  const { update } = table
  const inserting = new Turns()
  const began = threadMs()
  for (let first = 0; first < options.keys; first += BATCH) {
    const before = threadMs()
    for (let i = first; i < Math.min(options.keys, first + BATCH); i++) update(keyOf(i))
    await inserting.ended(threadMs() - before)
  }
  const insertNs = ((threadMs() - began) * 1e6) / options.keys
  inserting.stop()
  const random = new Random()
  const snapshotting = withSnapshots && table.state !== undefined ? new Snapshotting(table.state) : undefined
  if (table.state !== undefined) table.state.snapshots.forget()
  const turns = new Turns()
  let updates = options.keys
  let hotAt = 0
  let hotSince = 0
  const updateNs = async (): Promise<number> => {
    const start = threadMs()
    for (let done = 0; done < options.updates; done += BATCH) {
      const before = threadMs()
      if (before - hotSince > MOVE_EVERY_MS) {
        hotAt = random.below(options.keys)
        hotSince = before
      }
      for (let i = 0; i < BATCH; i++) update(keyOf((hotAt + random.below(HOT_KEYS)) % options.keys))
      snapshotting?.slice()
      await turns.ended(threadMs() - before)
    }
    updates += Math.ceil(options.updates / BATCH) * BATCH
    return ((threadMs() - start) * 1e6) / options.updates
  }
  const verify = (): void => {
    const sum = table.sum(options.keys)
    if (sum !== updates) throw new Error(`${name} counted ${sum} of ${updates} updates`)
  }
  return { insertNs, insertTurnMs: inserting.longestMs, insertGcMs: inserting.longestGcMs, updateNs, turns, snapshotting, verify }
}

/** One variant in a process of its own, so that none pays for the garbage of another. */
async function measure(variant: string, options: Options): Promise<Measured> {
  const run = await prepare(variant.replace('Snapshots', ''), options, variant.endsWith('Snapshots'))
  const updateNs = await run.updateNs()
  run.verify()
  const { bytes = 0, count = 1 } = run.snapshotting ?? {}
  return {
    insertNs: run.insertNs,
    insertTurnMs: run.insertTurnMs,
    insertGcMs: run.insertGcMs,
    updateNs,
    turnMs: run.turns.longestMs,
    gcMs: run.turns.longestGcMs,
    snapshotBytes: bytes / Math.max(1, count),
  }
}

function measureApart(variant: string, options: Options): Measured {
  const args = [import.meta.filename, '--variant', variant, '--keys', String(options.keys), '--updates', String(options.updates)]
  const child = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 20 })
  if (child.status !== 0) throw new Error(`the process of ${variant} ended with ${String(child.status)}`)
  return JSON.parse(child.stdout) as Measured
}

function optionsOf(args: readonly string[]): Options & { readonly variant: string | undefined } {
  const { values } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    options: {
      keys: { type: 'string', default: '5000000' },
      updates: { type: 'string', default: '8000000' },
      rounds: { type: 'string', default: '5' },
      variant: { type: 'string' },
    },
  })
  const { variant } = values
  return {
    keys: Number(values['keys']),
    updates: Number(values['updates']),
    rounds: Number(values['rounds']),
    variant: typeof variant === 'string' ? variant : undefined,
  }
}

const variants = ['openAddressing', 'mapOfObjects', 'value', 'accumulator', 'valueSnapshots', 'accumulatorSnapshots'] as const

async function run(args: readonly string[]): Promise<readonly Figure[]> {
  const options = optionsOf(args)
  const measured = Object.fromEntries(variants.map((variant) => [variant, [] as Measured[]]))
  await interleaved(
    options.rounds,
    Object.fromEntries(variants.map((variant) => [variant, () => measured[variant]?.push(measureApart(variant, options)) ?? 0])),
  )
  const all = (variant: string, field: keyof Measured): number[] => (measured[variant] as Measured[]).map((each) => each[field])
  const mid = (variant: string, field: keyof Measured): number => median(all(variant, field))
  const over = (a: string, b: string): number => ratio(all(a, 'updateNs'), all(b, 'updateNs'))
  return [
    ...variants.map((variant): Figure => ({ name: `insert, ${variant}`, value: mid(variant, 'insertNs'), unit: 'ns', digits: 0 })),
    ...variants.map((variant): Figure => ({ name: `update, ${variant}`, value: mid(variant, 'updateNs'), unit: 'ns', digits: 1 })),
    { name: 'longest turn while inserting', value: mid('value', 'insertTurnMs'), unit: 'ms', digits: 1, goal: 30, atMost: true },
    { name: 'longest turn while inserting into a Map of objects', value: mid('mapOfObjects', 'insertTurnMs'), unit: 'ms', digits: 1 },
    { name: 'longest pause of the collector while inserting', value: mid('value', 'insertGcMs'), unit: 'ms', digits: 1 },
    { name: 'value over open addressing', value: over('value', 'openAddressing'), unit: 'x', goal: 1.3, atMost: true },
    { name: 'value over a Map of objects', value: over('value', 'mapOfObjects'), unit: 'x', goal: 0.8, atMost: true },
    { name: 'value, snapshots every 100 ms over none', value: over('valueSnapshots', 'value'), unit: 'x', goal: 1.08, atMost: true },
    { name: 'accumulator, snapshots every 100 ms over none', value: over('accumulatorSnapshots', 'accumulator'), unit: 'x' },
    { name: 'longest turn with snapshots, numbers', value: mid('valueSnapshots', 'turnMs'), unit: 'ms', digits: 1, goal: 10, atMost: true },
    {
      name: 'longest turn with snapshots, accumulators',
      value: mid('accumulatorSnapshots', 'turnMs'),
      unit: 'ms',
      digits: 1,
      goal: 10,
      atMost: true,
    },
    { name: 'longest pause of the collector with snapshots', value: mid('valueSnapshots', 'gcMs'), unit: 'ms', digits: 1 },
    { name: 'bytes of a snapshot', value: mid('valueSnapshots', 'snapshotBytes'), unit: 'bytes', digits: 0 },
  ]
}

if (import.meta.main) {
  const options = optionsOf(process.argv.slice(2))
  process.stdout.write(JSON.stringify(await measure(options.variant ?? 'value', options)))
}

export const bench: Bench = { question: 'What do 5 M keys of state cost beside plain tables, with snapshots and without?', run }
