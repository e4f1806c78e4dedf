/** One undisturbed life, with each operation of its disk and each state that the disk was in. */
import type { Operation } from '../../packages/millrace/src/simulate/faults.ts'
import { chunkOriginOf } from '../../packages/millrace/src/checkpoint/chunk-name.ts'
import { decodeEntry } from '../../packages/millrace/src/checkpoint/entry.ts'
import { nodeDigest } from '../../packages/millrace/src/env/node-digest.ts'
import type { Disk } from '../../packages/millrace/src/simulate/disk.ts'
import { CHECKPOINTS, Life, SHAPE, type Phase } from './script.ts'
import { committedFiles } from '../sim/outside.ts'
import { missingOf } from './variety.ts'
import { Outside } from './source.ts'

export interface Recorded {
  readonly operation: Operation
  readonly phase: Phase
}
/** The disk after an operation that has changed it, and the world around it. */
export interface DiskState {
  readonly after: Recorded
  readonly disk: Disk
  readonly outside: Outside
  readonly wallMs: number
}
export interface Recording {
  readonly operations: readonly Recorded[]
  readonly states: readonly DiskState[]
}

/** Kinds of operations that change what a disk has, or what of it is durable. */
export const CHANGES: ReadonlySet<string> = new Set([
  'create',
  'append',
  'sync',
  'link',
  'rename',
  'unlink',
  'makeDirectory',
  'removeDirectory',
  'syncDirectory',
])

/** The life of this seed lacks something that has to be in it. */
export class NoVariety extends Error {}

/** The first seed from this one on whose life has all that is to be disturbed. */
export async function fittingSeed(from: number): Promise<number> {
  let last = ''
  for (let seed = from; seed < from + 50; seed++) {
    try {
      await record(seed)
      return seed
    } catch (error) {
      if (!(error instanceof NoVariety)) throw error
      last = error.message
    }
  }
  throw new Error(`no fitting life from seed ${from} on: ${last}`)
}

/** `writeBack`: before which of the operations that change the disk, counted from 0, everything so far becomes durable. */
export async function record(seed: number, writeBack: (change: number) => boolean = () => false): Promise<Recording> {
  const life = new Life(seed)
  const { machine } = life
  const operations: Recorded[] = []
  const states: DiskState[] = []
  const levels = new Set<string>()
  const merged = new MergedChunks()
  machine.crashPoint = (name) => {
    if (name === 'upkeep.mergeChunk') merged.begin()
    return undefined
  }
  machine.faults = (operation) => {
    const isRewrite = (life.phase === 'checkpoint' || life.phase === 'release') && merged.has(operation)
    operations.push({ operation, phase: isRewrite ? 'rewrite' : life.phase })
    return undefined
  }
  const operate = machine.operate.bind(machine)
  machine.operate = (process, kind, path, effect) => {
    const index = operations.length
    const run = (): ReturnType<typeof effect.run> => {
      if (CHANGES.has(kind) && writeBack(states.length)) machine.disk.writeBack()
      const value = effect.run()
      if (CHANGES.has(kind)) {
        if (kind === 'link' && path.endsWith('.entry')) noteLevels(machine.disk, path, levels)
        const outside = new Outside({ ...SHAPE, seed }, life.outside.acknowledged)
        states.push({ after: operations[index] as Recorded, disk: machine.disk.copy(), outside, wallMs: machine.wallMs })
      }
      return value
    }
    return operate(process, kind, path, { ...effect, run })
  }
  await life.run()
  const before = committedFiles(machine.disk)
  const end = await life.finish()
  if (end !== 'finished' || life.ends.join() !== 'killed,stopped,finished') throw new Error(`the recorded life went ${life.ends.join()}`)
  const missing = missingOf({ operations, levels, before, after: committedFiles(machine.disk) })
  if (missing !== undefined) throw new NoVariety(`${missing} in the recorded life`)
  return { operations, states }
}

/** Tells what upkeep reads and writes from the chunks of checkpoints. */
class MergedChunks {
  readonly #paths = new Set<string>()
  #isNext = false

  /** The next chunk that is begun is one. */
  begin(): void {
    this.#isNext = true
  }

  has({ kind, path }: Operation): boolean {
    if (!path.startsWith(`${CHECKPOINTS}/chunks/`)) return false
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (this.#isNext && kind === 'create') {
      this.#isNext = false
      this.#paths.add(path)
    }
    // While a job runs nobody else reads chunks.
    return this.#paths.has(path) || chunkOriginOf(name)?.kind === 'merged' || kind === 'read' || kind === 'open'
  }
}

function noteLevels(disk: Disk, path: string, levels: Set<string>): void {
  const inode = disk.open(path)
  const name = path.slice(path.lastIndexOf('/') + 1)
  const entry = decodeEntry(inode.read(0, inode.size), { number: Number.parseInt(name, 10), name }, nodeDigest)
  if (entry.kind !== 'checkpoint') return
  for (const part of Object.values(entry.manifest.operators))
    if (part.kind === 'keyed') for (const run of part.runs) levels.add(String(run.level))
}
