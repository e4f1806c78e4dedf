/**
 * What checkpoints every 100 ms cost with five million integer keys: stall, CPU, bytes written, bytes read by a restore.
 *
 * Keys are inserted first; then records hit a hot set of 10,000 keys that moves every 100 ms, at full speed. Turns are timed in all of
 * it, without the pauses of the garbage collector, which are shown apart. CPU is counted after `settle` records of the second kind: until
 * then what the inserts have written is being merged.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PerformanceObserver } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { decodeEntry } from '../packages/millrace/src/checkpoint/entry.ts'
import { directoryStorage } from '../packages/millrace/src/connectors/directory-storage.ts'
import {
  defineSource,
  defineStorage,
  type Batch,
  type CheckpointStorage,
  type OpenStorage,
  type Source,
} from '../packages/millrace/src/connect.ts'
import { storageDefinitionOf } from '../packages/millrace/src/connect/contract.ts'
import type { Env } from '../packages/millrace/src/core/env.ts'
import { nodeEnv } from '../packages/millrace/src/env/node-env.ts'
import { defineJob, valueState, type Job, type RunOptions } from '../packages/millrace/src/index.ts'
import { startJob } from '../packages/millrace/src/job/start-job.ts'
import { cpuMs, interleaved, median, type Bench, type Figure } from './lib/bench.ts'

interface Update {
  readonly key: number
  readonly value: number
}

const HOT_KEYS = 10_000
const MOVE_EVERY_MS = 100
const BATCH = 512
/** One integer key and one number. */
const BYTES_PER_CHANGE = 16

interface Phases {
  readonly keys: number
  readonly settle: number
  readonly updates: number
}
interface Marks {
  insertedAt: number
  endedAt: number
  cpuSettled: number
  cpuEnded: number
}

/** Inserts all keys, then updates a moving hot set; notes when each phase ended. */
function updates(phases: Phases, marks: Marks): Source<Update> {
  return defineSource<Update, number>({
    kind: 'updates',
    bounded: true,
    replayable: true,
    timestamps: false,
    async open({ restored }) {
      let next = restored.get('0') ?? 0
      let hotStart = 0
      let hotSince = 0
      let seed = 12_345
      const settled = phases.keys + phases.settle
      const end = settled + phases.updates
      return {
        splits: new Map([['0', next]]),
        poll(): Batch<Update, number> | 'end' {
          const now = performance.now()
          if (next >= phases.keys && marks.insertedAt === 0) marks.insertedAt = now
          if (next >= settled && marks.cpuSettled === 0) marks.cpuSettled = cpuMs()
          if (next >= end) {
            Object.assign(marks, { endedAt: now, cpuEnded: cpuMs() })
            return 'end'
          }
          if (now - hotSince > MOVE_EVERY_MS) {
            hotSince = now
            hotStart = (hotStart * 31 + 1_000_003) % Math.max(1, phases.keys - HOT_KEYS)
          }
          const values: Update[] = []
          for (let i = 0; i < BATCH; i++) {
            seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0
            const position = next + i
            values.push({ key: position < phases.keys ? position : hotStart + ((seed >>> 8) % HOT_KEYS), value: position })
          }
          next += BATCH
          return { split: '0', values, next }
        },
        ready: async () => undefined,
        close: async () => undefined,
      }
    },
  })
}

function updateJob(phases: Phases, marks: Marks): Job<void> {
  return defineJob('updates', (job) => {
    job
      .from('updates', updates(phases, marks))
      .keyBy((update) => update.key)
      .process('last', {
        state: { last: valueState<number>() },
        onRecord({ value }, { state }) {
          state.last.set(value)
        },
      })
  })
}

// ---------------------------------------------------------------- watching

interface Turns {
  readonly longest: (from: number, to: number) => number
  readonly longestPause: (from: number, to: number) => number
}

/** Times each turn of the engine, and takes the pauses of the garbage collector out of it. */
function watchedEnv(): { readonly env: Env; readonly turns: Turns; readonly close: () => void } {
  const base = nodeEnv()
  const long: { at: number; ms: number }[] = []
  const pauses: { at: number; ms: number }[] = []
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) pauses.push({ at: startTime, ms: duration })
  })
  observer.observe({ entryTypes: ['gc'] })
  const timed = (callback: () => void) => () => {
    const at = performance.now()
    callback()
    const ms = performance.now() - at
    if (ms > 4) long.push({ at, ms })
  }
  const env: Env = {
    ...base,
    timers: {
      after: (ms, callback, options) => base.timers.after(ms, timed(callback), options),
      soon: (callback) => base.timers.soon(timed(callback)),
    },
  }
  const within = (at: number, from: number, to: number): boolean => at >= from && at <= to
  return {
    env,
    turns: {
      longest: (from, to) =>
        long
          .filter(({ at }) => within(at, from, to))
          .reduce(
            (most, { at, ms }) =>
              Math.max(most, ms - pauses.reduce((sum, pause) => (within(pause.at, at, at + ms) ? sum + pause.ms : sum), 0)),
            0,
          ),
      longestPause: (from, to) => pauses.reduce((most, { at, ms }) => (within(at, from, to) ? Math.max(most, ms) : most), 0),
    },
    close: () => observer.disconnect(),
  }
}

interface Traffic {
  written: number
  read: number
  changed: number
  /** Bytes of one live entry, from the newest base. */
  liveBytes: number
}

/** A directory whose bytes are counted. */
function counted(directory: string, traffic: Traffic): CheckpointStorage {
  const definition = storageDefinitionOf(directoryStorage(directory))
  if (definition === undefined) throw new Error('no storage')
  return defineStorage({
    kind: definition.kind,
    async open(env) {
      const storage = await definition.open(env)
      const seen = new Set<string>()
      const wrapped: Pick<OpenStorage, 'createEntry' | 'writeChunk' | 'readChunk'> = {
        createEntry(n, bytes) {
          traffic.written += bytes.length
          const entry = decodeEntry(bytes, { number: n, name: String(n) }, env.digest)
          if (entry.kind === 'checkpoint') note(entry.manifest.operators, seen, traffic)
          return storage.createEntry(n, bytes)
        },
        writeChunk(name, parts) {
          traffic.written += parts.reduce((sum, part) => sum + part.length, 0)
          return storage.writeChunk(name, parts)
        },
        async readChunk(name, range) {
          const bytes = await storage.readChunk(name, range)
          traffic.read += bytes.length
          return bytes
        },
      }
      return new Proxy(storage, { get: (target, name) => (name in wrapped ? wrapped[name as keyof typeof wrapped] : bound(target, name)) })
    },
  })
}

function bound(target: OpenStorage, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name)
  return typeof value === 'function' ? (value.bind(target) as unknown) : value
}

function note(operators: Parameters<typeof Object.values>[0], seen: Set<string>, traffic: Traffic): void {
  for (const part of Object.values(operators) as {
    kind: string
    runs?: readonly { chunk: string; level: number | 'base'; entries: number; bytes: number }[]
  }[]) {
    for (const run of part.runs ?? []) {
      if (run.level === 'base') traffic.liveBytes = run.bytes
      if (seen.has(run.chunk)) continue
      seen.add(run.chunk)
      if (run.level === 0) traffic.changed += run.entries * BYTES_PER_CHANGE
    }
  }
}

// ---------------------------------------------------------------- runs

interface Measured {
  readonly cpuMs: number
  readonly insertTurnMs: number
  readonly turnMs: number
  readonly insertPauseMs: number
  readonly pauseMs: number
}

async function runOnce(phases: Phases, options: RunOptions): Promise<Measured> {
  const marks: Marks = { insertedAt: 0, endedAt: 0, cpuSettled: 0, cpuEnded: 0 }
  const began = performance.now()
  const { env, turns, close } = watchedEnv()
  const handle = await startJob(updateJob(phases, marks), options, { env })
  await handle.finished
  close()
  return {
    cpuMs: marks.cpuEnded - marks.cpuSettled,
    insertTurnMs: turns.longest(began, marks.insertedAt),
    turnMs: turns.longest(marks.insertedAt, marks.endedAt),
    insertPauseMs: turns.longestPause(began, marks.insertedAt),
    pauseMs: turns.longestPause(marks.insertedAt, marks.endedAt),
  }
}

async function inDirectory<T>(run: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    return await run(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const every = { every: 100, retain: 1, lease: '10s' } as const

async function costs(phases: Phases, rounds: number): Promise<readonly Figure[]> {
  const kept: Measured[] = []
  const cpu = await interleaved(rounds, {
    without: async () => (await runOnce(phases, {})).cpuMs,
    with: () =>
      inDirectory(async (directory) => {
        const measured = await runOnce(phases, { checkpoints: { storage: directory, ...every } })
        kept.push(measured)
        return measured.cpuMs
      }),
  })
  const loss = median(cpu.with.map((ms, round) => (100 * (ms - (cpu.without[round] as number))) / (cpu.without[round] as number)))
  const of = (pick: (measured: Measured) => number): number => median(kept.map(pick))
  return [
    {
      name: `longest turn while ${phases.keys / 1e6} M keys are inserted`,
      value: of((m) => m.insertTurnMs),
      unit: 'ms',
      digits: 1,
      goal: 30,
      atMost: true,
    },
    {
      name: 'longest turn afterwards, checkpoints every 100 ms',
      value: of((m) => m.turnMs),
      unit: 'ms',
      digits: 1,
      goal: 10,
      atMost: true,
    },
    { name: 'longest pause of the garbage collector while inserting', value: of((m) => m.insertPauseMs), unit: 'ms', digits: 1 },
    { name: 'longest pause of the garbage collector afterwards', value: of((m) => m.pauseMs), unit: 'ms', digits: 1 },
    { name: 'CPU-seconds without checkpoints', value: median(cpu.without) / 1000, unit: 's' },
    { name: 'CPU-seconds with checkpoints', value: median(cpu.with) / 1000, unit: 's' },
    { name: 'loss of CPU-seconds', value: loss, unit: '%', digits: 1, goal: 8, atMost: true },
  ]
}

/** Bytes over minutes, then what a restore reads. */
async function traffic(keys: number, minutes: number): Promise<readonly Figure[]> {
  return inDirectory(async (directory) => {
    const total: Traffic = { written: 0, read: 0, changed: 0, liveBytes: 0 }
    const marks: Marks = { insertedAt: 0, endedAt: 0, cpuSettled: 0, cpuEnded: 0 }
    const phases: Phases = { keys, settle: 0, updates: Number.MAX_SAFE_INTEGER / 4 }
    const storage = counted(directory, total)
    const handle = await startJob(updateJob(phases, marks), { checkpoints: { storage, ...every } }, { env: nodeEnv() })
    await new Promise((resolve) => setTimeout(resolve, minutes * 60_000))
    await handle.stop()
    const { written, changed } = total
    total.read = 0
    const again = await startJob(
      updateJob({ keys, settle: 0, updates: 0 }, marks),
      { checkpoints: { storage, ...every } },
      { env: nodeEnv() },
    )
    await again.finished
    return [
      { name: `bytes written over ${minutes} min`, value: written / 1e6, unit: 'MB', digits: 1 },
      { name: `bytes changed over ${minutes} min (16 for each changed key)`, value: changed / 1e6, unit: 'MB', digits: 1 },
      { name: 'bytes written ÷ bytes changed', value: written / changed, unit: '', goal: 4, atMost: true },
      { name: 'bytes a restore reads ÷ live state', value: total.read / Math.max(1, total.liveBytes), unit: '', goal: 2, atMost: true },
    ]
  })
}

export const bench: Bench = {
  question: 'what checkpoints every 100 ms cost with five million keys: stall, CPU, bytes',
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      strict: false,
      options: {
        keys: { type: 'string' },
        settle: { type: 'string' },
        updates: { type: 'string' },
        rounds: { type: 'string' },
        minutes: { type: 'string' },
      },
    })
    const number = (text: unknown, byDefault: number): number => (typeof text === 'string' ? Number(text) : byDefault)
    const keys = number(values['keys'], 5_000_000)
    const phases: Phases = { keys, settle: number(values['settle'], 40_000_000), updates: number(values['updates'], 100_000_000) }
    const cost = await costs(phases, number(values['rounds'], 5))
    return [...cost, ...(await traffic(keys, number(values['minutes'], 1)))]
  },
}
