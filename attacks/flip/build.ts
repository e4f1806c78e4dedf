/** Directories as a real run leaves them, made on a simulated machine: the same ones for the same seed. */
import { decodeEntry } from '../../packages/millrace/src/checkpoint/entry.ts'
import type { Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'
import { nodeDigest } from '../../packages/millrace/src/env/node-digest.ts'
import { startJob } from '../../packages/millrace/src/job/start-job.ts'
import type { RunOptions } from '../../packages/millrace/src/index.ts'
import type { JobHandle } from '../../packages/millrace/src/runtime/monitor.ts'
import { Machine } from '../../packages/millrace/src/simulate/machine.ts'
import type { SimulatedProcess } from '../../packages/millrace/src/simulate/process.ts'
import { flipJob } from './job.ts'
import { BUILD_ROWS, flipRows, gatedSource, type Gate } from './rows.ts'
import { rowSink, type CommittedRows } from './sink.ts'

export const DIRECTORY = '/checkpoints'
export const KEY_GROUPS = 8
export const WALL_MS: number = Date.UTC(2001, 0, 1)
/** So that a few small deltas are merged, and now and then all becomes a base. */
const COMPACTION = { fanIn: 4, minRewriteBytes: 6_000 }

/** Files by path. `killed`: its newest entry is a checkpoint; `released`: a release; `finished`: a finished entry. */
export interface Built {
  readonly name: 'killed' | 'released' | 'finished'
  readonly files: ReadonlyMap<string, Uint8Array>
}

export function optionsFor(parallelism: number): RunOptions {
  const checkpoints = { storage: DIRECTORY, every: 10, retain: 3, lease: 1_000 }
  return { parallelism, ...(parallelism === 1 ? { keyGroups: KEY_GROUPS } : {}), checkpoints, restart: 'none' }
}

export async function buildDirectories(seed: number): Promise<readonly Built[]> {
  const machine = new Machine({ seed, startMs: WALL_MS })
  const gate: Gate = { allowed: 1 }
  let checkpoints = 0
  const committed: CommittedRows = new Map()
  const begin = async (): Promise<{ readonly process: SimulatedProcess<Machine>; readonly handle: JobHandle }> => {
    const process = machine.start()
    const observer = ({ kind }: { readonly kind: string }): void => {
      // Every second time, so that each row has a checkpoint of its own.
      if (kind === 'checkpoint' && checkpoints++ % 2 === 1 && gate.allowed < BUILD_ROWS) gate.allowed++
    }
    const handle = await startJob(flipJob(gatedSource(flipRows(seed), gate), rowSink(committed)), optionsFor(1), {
      env: process,
      observer,
      tuning: { compaction: COMPACTION },
    })
    handle.finished.catch(() => undefined)
    await machine.advance(0)
    return { process, handle }
  }
  const files = (): ReadonlyMap<string, Uint8Array> =>
    new Map([...machine.disk.snapshot()].filter(([path]) => path.startsWith(`${DIRECTORY}/`)))
  const first = await begin()
  let killed: Built = { name: 'killed', files: files() }
  while (!hasVariety(killed)) {
    if (gate.allowed === BUILD_ROWS)
      throw new Error(`after ${checkpoints} checkpoints the directory has not all that it should: ${levelsOf(killed).join(' ')}`)
    for (const before = checkpoints; checkpoints === before;) if (!(await machine.step())) throw new Error('the build stands still')
    // The heartbeat that names the newest entry follows it at once: until then nobody could tell that the entry is missing.
    await machine.advance(2)
    killed = { name: 'killed', files: files() }
  }
  machine.kill(first.process)
  const second = await begin()
  await machine.advance(40)
  await machine.run(second.handle.stop())
  const released: Built = { name: 'released', files: files() }
  gate.allowed = Number.POSITIVE_INFINITY
  const third = await begin()
  await machine.run(third.handle.finished)
  checkState([...committed.values()].flat())
  return [killed, released, { name: 'finished', files: files() }]
}

export function entryNumberOf(path: string): number | undefined {
  const match = /\/log\/(\d+)\.entry$/.exec(path)
  return match === null ? undefined : Number(match[1])
}

/** By number of their entries, ascending. */
export function manifestsOf({ files }: Built): readonly { readonly number: number; readonly path: string; readonly manifest: Manifest }[] {
  const found = [...files].flatMap(([path, bytes]) => {
    const number = entryNumberOf(path)
    const entry = number === undefined ? undefined : decodeEntry(bytes, { number, name: path }, nodeDigest)
    return number === undefined || entry?.kind !== 'checkpoint' ? [] : [{ number, path, manifest: entry.manifest }]
  })
  return found.sort((a, b) => a.number - b.number)
}

/** What the attack is about has to be there: else it would pass without having tried anything. */
function hasVariety(built: Built): boolean {
  const manifests = manifestsOf(built)
  const levels = levelsOf(built)
  const sink = manifests.at(-1)?.manifest.operators['sink/out']
  const hasSealed = sink?.kind === 'sink' && sink.committables.length > 0 && sink.writerStates.length > 0
  return manifests.length >= 3 && levels.includes('base') && levels.includes(1) && levels.includes(0) && hasSealed
}

function levelsOf(built: Built): readonly ('base' | number)[] {
  const part = manifestsOf(built).at(-1)?.manifest.operators['step/everything']
  return part?.kind === 'keyed' ? part.runs.map(({ level }) => level) : []
}

/** Every kind of state was filled in the directory: the last record of each key, which came after a restore, has seen it. */
function checkState(output: readonly string[]): void {
  const seen = output.map((text) => JSON.parse(text) as unknown[]).filter(([what, , n]) => what === 'record' && (n as number) >= BUILD_ROWS)
  const isFull = ([, , , held]: unknown[]): boolean =>
    (held as unknown[]).every((value) => value !== null && JSON.stringify(value) !== '[]')
  if (seen.length < 2 || !seen.every(isFull)) throw new Error(`the state is not as it should be: ${JSON.stringify(seen)}`)
}
