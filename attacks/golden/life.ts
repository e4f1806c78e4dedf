/** The golden job on a simulated machine: made up to a checkpoint, or restored from one and finished. */
import { startJob } from '../../packages/millrace/src/job/start-job.ts'
import type { JobHandle } from '../../packages/millrace/src/runtime/monitor.ts'
import { Machine } from '../../packages/millrace/src/simulate/machine.ts'
import type { SimulatedProcess } from '../../packages/millrace/src/simulate/process.ts'
import { goldenJob } from './job.ts'

/** Files by path: what a directory of checkpoints and output holds. */
export type Files = ReadonlyMap<string, Uint8Array>

const SEED = 20
export const START_MS: number = Date.UTC(2001, 0, 1)
const OUTPUT = '/out'
export const CHECKPOINTS = '/checkpoints'
/** So that there are bases, merged runs and deltas. */
const COMPACTION = { fanIn: 2, minRewriteBytes: 1_500 }
const CHECKPOINT_COUNT = 6
const KEY_GROUPS = 3

export async function makeGolden(): Promise<{ readonly killed: Files; readonly released: Files }> {
  const machine = new Machine({ seed: SEED, startMs: START_MS })
  const gate = { allowed: 2 }
  let count = 0
  const { process, handle } = await begin(machine, gate, 1, () => {
    count++
    gate.allowed += 4
  })
  while (count < CHECKPOINT_COUNT) if (!(await machine.step())) throw new Error('it stands still')
  await machine.advance(2)
  const killed = kept(machine)
  gate.allowed += 3
  await machine.advance(20)
  await machine.run(handle.stop(), { process })
  return { killed, released: kept(machine) }
}

/** What was being written under another name is no part of it. */
function kept({ disk }: Machine): Files {
  return new Map([...disk.snapshot()].filter(([path]) => !path.endsWith('.tmp')))
}

/** @returns the lines of its sinks, sorted */
export async function finishFrom(files: Files, parallelism: number): Promise<Readonly<Record<'each' | 'open', readonly string[]>>> {
  return finishOn(machineOf(files), parallelism)
}

export function machineOf(files: Files): Machine {
  const machine = new Machine({ seed: SEED + 1, startMs: START_MS + 60_000 })
  fill(machine, files)
  return machine
}

export async function finishOn(machine: Machine, parallelism: number): Promise<Readonly<Record<'each' | 'open', readonly string[]>>> {
  const { process, handle } = await begin(machine, { allowed: Number.POSITIVE_INFINITY }, parallelism)
  await machine.run(handle.finished, { process })
  const lines = (sink: string): readonly string[] =>
    [...machine.disk.snapshot()]
      .filter(([path]) => path.startsWith(`${OUTPUT}/${sink}/`) && !path.includes('/.'))
      .flatMap(([, bytes]) => new TextDecoder().decode(bytes).split('\n'))
      .filter((line) => line !== '')
      .sort()
  return { each: lines('each'), open: lines('open') }
}

async function begin(
  machine: Machine,
  gate: { allowed: number },
  parallelism: number,
  onCheckpoint: () => void = () => undefined,
): Promise<{ readonly process: SimulatedProcess<Machine>; readonly handle: JobHandle }> {
  const process = machine.start()
  const checkpoints = { storage: CHECKPOINTS, every: 10, retain: 2, lease: 1_000 }
  const handle = await startJob(
    goldenJob({ output: OUTPUT, gate }),
    { parallelism, ...(parallelism === 1 ? { keyGroups: KEY_GROUPS } : {}), checkpoints, restart: 'none' },
    {
      env: process,
      tuning: { compaction: COMPACTION },
      observer: ({ kind }) => {
        if (kind === 'checkpoint') onCheckpoint()
      },
    },
  )
  handle.finished.catch(() => undefined)
  await machine.advance(0)
  return { process, handle }
}

/** Durable, as another machine has left it. */
export function fill({ disk }: Machine, files: Files): void {
  for (const [path, bytes] of files) {
    disk.makeDirectory(path.slice(0, path.lastIndexOf('/')))
    disk.create(path).append(bytes)
  }
  disk.writeBack()
}
