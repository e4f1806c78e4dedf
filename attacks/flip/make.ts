/** Makes the checkpoint directories that are damaged afterwards: by the job itself, on a simulated machine that is killed. */
import { decodeEntry } from '../../packages/millrace/src/checkpoint/entry.ts'
import type { Entry, Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'
import { startJob } from '../../packages/millrace/src/job/start-job.ts'
import type { JobEvent } from '../../packages/millrace/src/runtime/monitor.ts'
import { plainDigest } from '../../packages/millrace/src/simulate/digest.ts'
import { Machine, ProcessDied } from '../../packages/millrace/src/simulate/machine.ts'
import { pacedSource, Upstream } from '../lib/paced-source.ts'
import { START_MS, type InputShape } from '../lib/sequence-input.ts'
import { sequenceJob } from '../lib/sequence-job.ts'

/** Path below the checkpoint directory → bytes. */
export type Directory = ReadonlyMap<string, Uint8Array>

export const STORAGE = '/checkpoints'
const LIMIT_MS = 3_000_000

export interface Made {
  /** What a killed job left: base, merged and plain deltas, what is not committed. */
  readonly killed: Directory
  /** The same, continued and stopped: a `release`. */
  readonly released: Directory
  /** Continued to its end: a `finished`. */
  readonly finished: Directory
  readonly upstream: Upstream
  readonly shape: InputShape
}

export async function make(seed: number): Promise<Made> {
  const shape = { seed, files: 2, rowsPerFile: 400, keysPerFile: 3, spanMs: 600_000 }
  const upstream = new Upstream(shape)
  const machine = new Machine({ seed, startMs: START_MS })
  for (const folder of ['/out', STORAGE]) machine.disk.makeDirectory(folder)
  // Commits take long, so that a checkpoint holds what is not committed yet.
  machine.faults = ({ kind, path }) => (kind === 'link' && path.startsWith('/out/') ? { kind: 'slow', byMs: 10 } : undefined)
  await run(machine, upstream, seed, (event, kill) => {
    if (event.kind === 'checkpoint' && hasEverything(directoryOf(machine))) kill()
  })
  const killed = directoryOf(machine)
  let checkpoints = 0
  await run(machine, upstream, seed, (event, _kill, stop) => {
    if (event.kind === 'checkpoint' && ++checkpoints === 3) stop()
  })
  const released = directoryOf(machine)
  upstream.finishSoon()
  await run(machine, upstream, seed, () => undefined)
  return { killed, released, finished: directoryOf(machine), upstream, shape }
}

async function run(
  machine: Machine,
  upstream: Upstream,
  seed: number,
  watch: (event: JobEvent, kill: () => void, stop: () => void) => void,
): Promise<void> {
  const process = machine.start()
  const handle = await startJob(
    sequenceJob({ input: '', output: '/out', wide: true, source: pacedSource(upstream, seed) }),
    { keyGroups: 8, checkpoints: { storage: STORAGE, every: 10, retain: 2, lease: 1_000 } },
    {
      tuning: { compaction: { fanIn: 3, minRewriteBytes: 2_000 } },
      env: process,
      observer: (event) =>
        watch(
          event,
          () => machine.kill(process),
          () => void handle.stop().catch(() => undefined),
        ),
    },
  )
  try {
    await machine.run(handle.finished, { process, limitMs: LIMIT_MS })
  } catch (error) {
    if (!(error instanceof ProcessDied)) throw error
  }
}

function directoryOf(machine: Machine): Directory {
  const files = [...machine.disk.snapshot()].filter(([path]) => path.startsWith(`${STORAGE}/`))
  return new Map(files.map(([path, bytes]) => [path.slice(STORAGE.length + 1), bytes]))
}

/** Entries of a directory by number, ascending. */
export function entriesOf(directory: Directory): [number, Entry][] {
  return [...directory.keys()]
    .filter((path) => /^log\/\d+\.entry$/.test(path))
    .sort()
    .map((name) => {
      const number = Number.parseInt(name.slice('log/'.length), 10)
      return [number, decodeEntry(directory.get(name) as Uint8Array, { number, name }, plainDigest)]
    })
}

export function manifestsOf(directory: Directory): Manifest[] {
  return entriesOf(directory).flatMap(([, entry]) => (entry.kind === 'checkpoint' ? [entry.manifest] : []))
}

/** At least one base, merged deltas, plain deltas, and output that is not committed. */
function hasEverything(directory: Directory): boolean {
  const parts = Object.values(manifestsOf(directory).at(-1)?.operators ?? {})
  const levels = new Set(parts.flatMap((part) => (part.kind === 'keyed' ? part.runs.map(({ level }) => level) : [])))
  const isPending = parts.some((part) => part.kind === 'sink' && part.committables.length > 0)
  return levels.has('base') && levels.has(1) && levels.has(0) && isPending
}
