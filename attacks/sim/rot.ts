/** Damages what the next restore needs, and puts it back. */
import { decodeEntry } from '../../packages/millrace/src/checkpoint/entry.ts'
import type { ChunkRef, Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'
import type { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { plainDigest } from '../../packages/millrace/src/simulate/digest.ts'
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
  if (how === 'log') return withoutLog(disk)
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
  return { path, what: `${path} is gone`, mend: () => disk.rename(`${AWAY}/chunk`, path) }
}

function withoutLog(disk: Disk): Rot {
  const path = '/checkpoints/log'
  disk.rename(path, AWAY)
  const mend = (): void => {
    if (disk.info(path) !== undefined) disk.rename(path, `${path}-made`)
    disk.rename(AWAY, path)
  }
  return { path: '/checkpoints', what: `${path} is gone`, mend }
}

/** The newest entry, and the checkpoint that it names with its chunks. */
async function neededBy(disk: Disk): Promise<string[]> {
  const names =
    disk.info('/checkpoints/log') === undefined ? [] : disk.list('/checkpoints/log').filter(({ name }) => /^\d+\.entry$/.test(name))
  const newest = names.at(-1)?.name
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

function pathOf({ name }: ChunkRef): string {
  return `/checkpoints/chunks/${name}`
}

/** A block whose run was merged with others since is not looked at any more, though its chunk stays for the sake of the rest. */
async function isReadWhole(disk: Disk, { operators }: Manifest, chunk: ChunkRef): Promise<boolean> {
  const inode = disk.open(pathOf(chunk))
  const index = await readChunkIndex(
    { ...chunk, file: chunk.name },
    (start, end) => Promise.resolve(inode.read(start, Math.min(end, inode.size))),
    plainDigest,
  )
  return [...index.operators].every(([operator, blocks]) => {
    const part = operators[operator]
    const runs = part?.kind === 'keyed' ? part.runs.filter((run) => run.chunk === chunk.name) : []
    return blocks.every(({ group }) => runs.some(({ first, last }) => first <= group && group <= last))
  })
}

function read(disk: Disk, name: string): ReturnType<typeof decodeEntry> {
  const inode = disk.open(`/checkpoints/log/${name}`)
  return decodeEntry(inode.read(0, inode.size), { number: Number.parseInt(name, 10), name }, plainDigest)
}
