/** Flips one bit of a file that the next restore needs, and puts it back. */
import { decodeEntry } from '../../packages/millrace/src/checkpoint/entry.ts'
import type { ChunkRef, Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'
import type { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { plainDigest } from '../../packages/millrace/src/simulate/digest.ts'
import type { Disk } from '../../packages/millrace/src/simulate/disk.ts'
import { readChunkIndex } from '../../packages/millrace/src/state/chunk.ts'

export interface Rot {
  readonly path: string
  readonly bit: number
  mend(): void
}

/** Undefined when there is no checkpoint yet, or none would be read. */
export async function rot(disk: Disk, random: SeededRandom): Promise<Rot | undefined> {
  const needed = await neededBy(disk)
  if (needed.length === 0) return undefined
  const path = random.pick(needed)
  const inode = disk.open(path)
  const before = inode.read(0, inode.size)
  const bit = random.below(before.length * 8)
  const after = before.slice()
  after[bit >> 3] = (after[bit >> 3] as number) ^ (1 << (bit & 7))
  inode.overwrite(after)
  return { path, bit, mend: () => inode.overwrite(before) }
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
