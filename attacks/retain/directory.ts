/** What a checkpoint directory holds, and what of it the kept checkpoints need. Looked at while no process has it open. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { chunkOriginOf } from '../../packages/millrace/src/checkpoint/chunk-name.ts'
import { decodeEntry } from '../../packages/millrace/src/checkpoint/entry.ts'
import type { Entry, Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'
import { messageOf } from '../../packages/millrace/src/core/errors.ts'
import { nodeDigest } from '../../packages/millrace/src/env/node-digest.ts'
import { verifyChunk } from '../../packages/millrace/src/state/chunk.ts'

/** Files that nothing needs, by why they may be there. */
export interface Beyond {
  /** Of the checkpoint that was being made: temporary names, and chunks newer than the newest checkpoint. */
  readonly open: readonly string[]
  /** Let go by the newest entries of the last owner, which was killed before it had deleted them. */
  readonly released: readonly string[]
  /** Nothing needed them the last time either. */
  readonly older: readonly string[]
}
export interface Directory {
  readonly files: number
  /** Paths that nothing needs. */
  readonly unneeded: ReadonlySet<string>
  /** Files that the kept checkpoints and the log need. */
  readonly referenced: number
  readonly beyond: Beyond
  /** Needed, but missing or damaged. */
  readonly missing: readonly string[]
  readonly checkpoints: number
  readonly bytes: number
}

/** Not part of any checkpoint, but needed: the heartbeat and the mark. */
const ALWAYS = ['beat', 'millrace.json']

/** `before`: what was found when the owner before the last had died. */
export async function lookAt(path: string, before: Directory | undefined): Promise<Directory> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => relative(path, join(each.parentPath, each.name)))
  const numbers = files.flatMap((file) => /^log\/(\d+)\.entry$/.exec(file)?.[1] ?? []).map(Number)
  const newest = numbers.length === 0 ? undefined : readEntry(path, Math.max(...numbers))
  const missing: string[] = []
  const needed = new Set(ALWAYS)
  const manifests: Manifest[] = []
  for (const number of newest === undefined ? [] : new Set([Math.max(...numbers), ...newest.kept])) {
    needed.add(`log/${entryName(number)}`)
    if (!numbers.includes(number)) missing.push(`log/${entryName(number)}`)
    else manifests.push(...manifestOf(readEntry(path, number)))
  }
  for (const manifest of manifests) {
    for (const { name, ...ref } of manifest.chunks) {
      const file = `chunks/${name}`
      if (!needed.has(file)) missing.push(...(await damageOf(path, file, { name, ...ref })))
      needed.add(file)
    }
  }
  const newestCheckpoint = Math.max(-1, ...manifests.map(({ checkpoint }) => checkpoint))
  const unneeded = new Set(files.filter((file) => !needed.has(file)))
  const beyond = sorted(unneeded, before?.unneeded ?? new Set(), newestCheckpoint)
  const bytes = files.reduce((sum, file) => sum + readFileSync(join(path, file)).length, 0)
  const referenced = files.filter((file) => needed.has(file)).length
  return { files: files.length, unneeded, referenced, beyond, missing, checkpoints: manifests.length, bytes }
}

function entryName(number: number): string {
  return `${String(number).padStart(12, '0')}.entry`
}

function readEntry(path: string, number: number): Entry {
  const name = join(path, 'log', entryName(number))
  return decodeEntry(readFileSync(name), { number, name }, nodeDigest)
}

function manifestOf(entry: Entry): readonly Manifest[] {
  return entry.kind === 'checkpoint' ? [entry.manifest] : []
}

async function damageOf(path: string, file: string, ref: Manifest['chunks'][number]): Promise<readonly string[]> {
  if (!existsSync(join(path, file))) return [file]
  const bytes = readFileSync(join(path, file))
  try {
    await verifyChunk({ ...ref, file }, async (start, end) => bytes.subarray(start, end), nodeDigest)
    return []
  } catch (error) {
    return [`${file}: ${messageOf(error)}`]
  }
}

function sorted(unneeded: ReadonlySet<string>, before: ReadonlySet<string>, newestCheckpoint: number): Beyond {
  const whyOf = (file: string): keyof Beyond => {
    if (before.has(file)) return 'older'
    if (file.includes('/.') || file.startsWith('.')) return 'open'
    const origin = chunkOriginOf(file.slice('chunks/'.length))
    return origin !== undefined && (origin.checkpoint > newestCheckpoint || origin.kind === 'merged') ? 'open' : 'released'
  }
  const beyond = { open: [] as string[], released: [] as string[], older: [] as string[] }
  for (const file of unneeded) beyond[whyOf(file)].push(file)
  return beyond
}
