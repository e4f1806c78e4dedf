/** Damages what the next restore needs, and puts it back. */
import { decodeEntry } from '../../packages/millrace/src/checkpoint/entry.ts'
import type { ChunkRef, Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'
import type { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { nodeDigest } from '../../packages/millrace/src/env/node-digest.ts'
import type { Disk } from '../../packages/millrace/src/simulate/disk.ts'
import { readChunkIndex } from '../../packages/millrace/src/state/chunk.ts'

export interface Rot {
  /** What has to be named. */
  readonly path: string
  readonly what: string
  mend(): void
}

const AWAY = '/away'

/** Undefined when there is no checkpoint yet, or none would be read. */
export async function rot(disk: Disk, random: SeededRandom, how: 'bit' | 'file' | 'log'): Promise<Rot | undefined> {
  const needed = await neededBy(disk)
  if (needed.length === 0) return undefined
  // A claim alone says nothing of a checkpoint: without it a job may well begin anew.
  if (how === 'log') return hasCheckpoint(disk) ? withoutLog(disk) : undefined
  // An entry that is gone may never have been: only what it names is missed for certain.
  const chunks = needed.filter((each) => each.includes('/chunks/'))
  if (how === 'file' && chunks.length > 0) return withoutFile(disk, random.pick(chunks))
  const path = random.pick(needed)
  const inode = disk.open(path)
  const before = inode.read(0, inode.size)
  const bit = random.below(before.length * 8)
  const after = before.slice()
  after[bit >> 3] = (after[bit >> 3] as number) ^ (1 << (bit & 7))
  inode.overwrite(after)
  return { path, what: `bit ${bit} of ${path} is flipped`, mend: () => inode.overwrite(before) }
}

function withoutFile(disk: Disk, path: string): Rot {
  disk.makeDirectory(AWAY)
  disk.rename(path, `${AWAY}/chunk`)
  const mend = (): void => {
    disk.rename(`${AWAY}/chunk`, path)
    // For good, whatever a loss of power takes.
    for (const folder of ['/', AWAY, '/checkpoints/chunks']) disk.syncDirectory(folder)
  }
  return { path, what: `${path} is gone`, mend }
}

function withoutLog(disk: Disk): Rot {
  const path = '/checkpoints/log'
  disk.rename(path, AWAY)
  const mend = (): void => {
    if (disk.info(path) !== undefined) disk.rename(path, `${path}-made`)
    disk.rename(AWAY, path)
    for (const folder of ['/', '/checkpoints']) disk.syncDirectory(folder)
  }
  return { path: '/checkpoints', what: `${path} is gone`, mend }
}

/** The newest entry, and the checkpoint that it names with its chunks. */
async function neededBy(disk: Disk): Promise<string[]> {
  const newest = newestName(disk)
  if (newest === undefined) return []
  const entry = read(disk, newest)
  if (entry.latest === null || entry.kind === 'finished') return [`/checkpoints/log/${newest}`]
  const latest = `${String(entry.latest).padStart(12, '0')}.entry`
  const checkpoint = read(disk, latest)
  const files = [`/checkpoints/log/${newest}`, `/checkpoints/log/${latest}`]
  if (checkpoint.kind !== 'checkpoint' || checkpoint.manifest.reason === 'end') return files
  for (const chunk of checkpoint.manifest.chunks) if (await isReadWhole(disk, checkpoint.manifest, chunk)) files.push(pathOf(chunk))
  return files
}

function newestName(disk: Disk): string | undefined {
  if (disk.info('/checkpoints/log') === undefined) return undefined
  return disk
    .list('/checkpoints/log')
    .filter(({ name }) => /^\d+\.entry$/.test(name))
    .at(-1)?.name
}

function hasCheckpoint(disk: Disk): boolean {
  const newest = newestName(disk)
  return newest !== undefined && read(disk, newest).latest !== null
}

function pathOf({ name }: ChunkRef): string {
  return `/checkpoints/chunks/${name}`
}

/** A block whose run was merged with others since is not looked at any more, though its chunk stays for the sake of the rest. */
async function isReadWhole(disk: Disk, { operators }: Manifest, chunk: ChunkRef): Promise<boolean> {
  const inode = disk.open(pathOf(chunk))
  const index = await readChunkIndex(
    { ...chunk, file: chunk.name },
    (start, end) => Promise.resolve(inode.read(start, Math.min(end, inode.size))),
    nodeDigest,
  )
  return [...index.operators].every(([operator, blocks]) => {
    const part = operators[operator]
    const runs = part?.kind === 'keyed' ? part.runs.filter((run) => run.chunk === chunk.name) : []
    return blocks.every(({ group }) => runs.some(({ first, last }) => first <= group && group <= last))
  })
}

function read(disk: Disk, name: string): ReturnType<typeof decodeEntry> {
  const inode = disk.open(`/checkpoints/log/${name}`)
  return decodeEntry(inode.read(0, inode.size), { number: Number.parseInt(name, 10), name }, nodeDigest)
}
