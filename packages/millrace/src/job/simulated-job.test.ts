/** Jobs on a simulated machine, through `startJob`: what the tests of whole jobs share. Virtual time, a disk that forgets. */
import assert from 'node:assert/strict'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import type { RunOptions } from '../api/run-types.ts'
import { valueState } from '../api/state-specs.ts'
import { defineSource, type Batch, type Reader, type Sink, type Source, type SourceContext } from '../connect/contract.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { StreamError } from '../core/errors.ts'
import type { ErrorCode } from '../core/error-codes.ts'
import type { JobEvent, JobHandle, JobOutcome } from '../runtime/monitor.ts'
import { Machine, ProcessDied, type MachineOptions } from '../simulate/machine.ts'
import type { SimulatedProcess } from '../simulate/process.ts'
import { startJob, type StartContext } from './start-job.ts'

export type Process = SimulatedProcess<Machine>
export type End = JobOutcome | 'died' | StreamError
export type Options = RunOptions & { readonly config?: unknown }

export const SEED = Number(process.env['SEED'] ?? 1)
export const DIRECTORY = '/checkpoints'
const LIMIT_MS = 4 * 3_600_000

/** Checkpoints every 10 ms into the usual directory. */
export function checkpointed(more: Partial<NonNullable<RunOptions['checkpoints']>> = {}, options: Options = {}): Options {
  return { checkpoints: { storage: DIRECTORY, every: 10, lease: 1_000, ...more }, restart: 'none', ...options }
}

/** One started job of one process. */
export interface Life {
  readonly process: Process
  readonly handle: JobHandle
  readonly events: JobEvent[]
  /** Lets things happen until it has ended. */
  end(): Promise<End>
  /** Lets things happen until an event of this kind has come; fails when the job ends before. */
  until(kind: JobEvent['kind'], count?: number): Promise<void>
  /** Lets things happen until this is so; fails when the job ends before. */
  when(isSo: () => boolean): Promise<void>
}

let labs = 0

export class Lab {
  readonly machine: Machine

  constructor(options: Partial<MachineOptions> = {}) {
    // Each its own: a process remembers the tokens of all claims that its jobs have given up, and equal seeds draw equal tokens.
    this.machine = new Machine({ seed: SEED * 1_000_000 + labs++, ...options })
  }

  /** Starts the job in a process of its own, or in one that is there. */
  async start(job: unknown, options: Options, context: Partial<StartContext> & { readonly process?: Process } = {}): Promise<Life> {
    const { process = this.machine.start(), observer, ...rest } = context
    const events: JobEvent[] = []
    const handle = await startJob(job, options, {
      env: process,
      ...rest,
      observer: (event) => {
        events.push(event)
        observer?.(event)
      },
    })
    handle.finished.catch(() => undefined)
    return {
      process,
      handle,
      events,
      end: () => this.#end(process, handle),
      until: (kind, count = 1) => this.#when(handle, () => events.filter((event) => event.kind === kind).length >= count),
      when: (isSo) => this.#when(handle, isSo),
    }
  }

  /** A whole life of a job. */
  async run(job: unknown, options: Options, context: Partial<StartContext> = {}): Promise<End> {
    return (await this.start(job, options, context)).end()
  }

  /** Every promise's outcome, with all that has to happen for it. */
  wait<T>(promise: Promise<T>): Promise<T> {
    return this.machine.run(promise, { limitMs: LIMIT_MS })
  }

  /** What a file sink has committed to a directory, in the order of its files. */
  rows<T>(directory: string = '/out'): T[] {
    const names = this.paths(directory).filter((path) => !path.includes('/.'))
    const files = this.machine.disk.snapshot()
    return names.flatMap((name) => parsed<T>(new TextDecoder().decode(files.get(name))))
  }

  /** Paths of files below a directory, sorted. */
  paths(directory: string): string[] {
    return [...this.machine.disk.snapshot().keys()].filter((path) => path.startsWith(`${directory}/`)).sort()
  }

  /** Bytes of all files below a directory: to find out that nothing has changed. */
  picture(directory: string): string[] {
    return [...this.machine.disk.snapshot()]
      .filter(([path]) => path.startsWith(`${directory}/`))
      .map(([path, bytes]) => `${path} ${Buffer.from(bytes).toString('base64')}`)
      .sort()
  }

  /** Durable before the job begins. */
  write(path: string, text: string): void {
    const { disk } = this.machine
    const folder = path.slice(0, path.lastIndexOf('/'))
    disk.makeDirectory(folder)
    const inode = disk.create(path)
    inode.append(new TextEncoder().encode(text))
    inode.sync()
    for (let at = folder; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) disk.syncDirectory(at)
    disk.syncDirectory('/')
  }

  async #end(process: Process, handle: JobHandle): Promise<End> {
    try {
      return await this.machine.run(handle.finished, { process, limitMs: LIMIT_MS })
    } catch (error) {
      if (error instanceof ProcessDied) return 'died'
      if (StreamError.is(error)) return error
      throw error
    }
  }

  async #when(handle: JobHandle, isSo: () => boolean): Promise<void> {
    await this.machine.advance(0)
    while (!isSo()) {
      assert.notEqual(handle.status().phase, 'ended', 'the job has ended before')
      assert.ok(await this.machine.step(), 'nothing is left to happen')
    }
  }
}

function parsed<T>(text: string): T[] {
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as T]))
}

export function codeOf(end: End): ErrorCode | Exclude<End, StreamError> {
  return StreamError.is(end) ? end.code : end
}

export function errorsOf(events: readonly JobEvent[]): (ErrorCode | 'other')[] {
  return events.flatMap((event) => (event.kind === 'attempt-failed' ? [StreamError.is(event.error) ? event.error.code : 'other'] : []))
}

export function epochsOf(events: readonly JobEvent[]): number[] {
  return events.flatMap((event) => (event.kind === 'claimed' ? [event.epoch] : []))
}

export function checkpointsOf(events: readonly JobEvent[]): number[] {
  return events.flatMap((event) => (event.kind === 'checkpoint' ? [event.info.checkpoint] : []))
}

// ---------------------------------------------------------------- sources with several splits, in virtual time

export interface Row {
  readonly key: string
  readonly at: number
  readonly n: number
}

export interface PacedOptions {
  /** Records of one batch; 1 if not given. */
  readonly batch?: number
  /** Between two batches of a reader; 2 ms if not given. */
  readonly everyMs?: number
  /** It waits for more when all is read, as an unbounded source does. */
  readonly endless?: boolean
  /** What was acknowledged: the position of each split. */
  readonly acknowledged?: Map<string, number>
}

/** Rows by split, a batch at a time. Position: the index of the next row of the split. */
export function pacedSource<T>(splits: Readonly<Record<string, readonly T[]>>, options: PacedOptions = {}): Source<T> {
  return defineSource<T, number>({
    kind: 'paced',
    bounded: options.endless !== true,
    replayable: true,
    timestamps: false,
    open: (context) => Promise.resolve(pacedReader(splits, options, context)),
  })
}

function pacedReader<T>(
  rows: Readonly<Record<string, readonly T[]>>,
  { batch = 1, everyMs = 2, endless = false, acknowledged }: PacedOptions,
  { env, owns, restored, ended, signal }: SourceContext<number>,
): Reader<T, number> {
  const splits = new Map<string, number>()
  for (const split of Object.keys(rows)) if (owns(split) && !ended.has(split)) splits.set(split, restored.get(split) ?? 0)
  let dueAt = env.clock.monotonic()
  let last = ''
  const hasMore = (split: string): boolean => (splits.get(split) as number) < (rows[split] as readonly T[]).length
  const choose = (first: string | undefined): string | undefined => {
    const names = [...splits.keys()].filter((split) => !endless || hasMore(split))
    if (first !== undefined && names.includes(first)) return first
    return names.find((name) => name > last) ?? names[0]
  }
  return {
    splits,
    poll: (first): Batch<T, number> | 'wait' | 'end' => {
      if (splits.size === 0) return endless ? 'wait' : 'end'
      const split = choose(first)
      if (split === undefined || env.clock.monotonic() < dueAt) return 'wait'
      last = split
      dueAt = env.clock.monotonic() + everyMs
      const from = splits.get(split) as number
      const values = (rows[split] as readonly T[]).slice(from, from + batch)
      const next = from + values.length
      splits.set(split, next)
      const splitEnded = !endless && next >= (rows[split] as readonly T[]).length
      if (splitEnded) splits.delete(split)
      return { split, values, next, splitEnded }
    },
    ready: () =>
      new Promise((resolve) => {
        const isDry = ![...splits.keys()].some(hasMore)
        const cancel = isDry && endless ? () => undefined : env.timers.after(Math.max(0.1, dueAt - env.clock.monotonic()), resolve)
        signal.addEventListener('abort', () => {
          cancel()
          resolve()
        })
      }),
    acknowledge: async (positions) => {
      for (const [split, position] of positions) acknowledged?.set(split, position)
    },
    close: async () => undefined,
  }
}

export function rowsOf(split: string, count: number, keys: number = 3): Row[] {
  return Array.from({ length: count }, (_zero, n) => ({ key: `k${n % keys}`, at: 1_000 + n * 10, n, split }))
}

// ---------------------------------------------------------------- the usual job

export interface Counted {
  readonly key: string
  readonly seq: number
  readonly n: number
}

/** Numbers the records of each key. `inspect` is called for each record, before its state changes. */
export function countingJob(options: {
  readonly source: Source<Row>
  readonly sink?: Sink<Counted>
  readonly inspect?: (row: Row) => void
  readonly name?: string
}): Job<void, unknown> {
  const { source, sink = fileSink<Counted>('/out', jsonLines()), inspect, name = 'counting' } = options
  return defineJob(name, (job) => {
    job
      .from('rows', source)
      .keyBy((row) => row.key)
      .process('count', {
        state: { seq: valueState({ initial: () => 0 }) },
        onRecord(row, { key, state }, out: Out<Counted>) {
          inspect?.(row)
          state.seq.set(state.seq.get() + 1)
          out.emit({ key, seq: state.seq.get(), n: row.n })
        },
      })
      .to('out', sink)
  })
}

/** What `countingJob` has to give for rows that each key gets in order: per key 1, 2, 3, …. */
export function assertCounted(actual: readonly Counted[], rows: readonly Row[]): void {
  const seqs = new Map<string, number>()
  const expected = rows.map(({ key, n }) => {
    const seq = (seqs.get(key) ?? 0) + 1
    seqs.set(key, seq)
    return { key, seq, n }
  })
  const order = (a: Counted, b: Counted): number => (a.key === b.key ? a.seq - b.seq : a.key < b.key ? -1 : 1)
  assert.deepEqual([...actual].sort(order), expected.sort(order))
}
