/** One file of one directory and all that is done to it: what a process of the pool does at a time. */
import { decodeEntry } from '../../packages/millrace/src/checkpoint/entry.ts'
import { nodeDigest } from '../../packages/millrace/src/env/node-digest.ts'
import { entryNumberOf, manifestsOf, type Built } from './build.ts'
import { damagesOf, damageText, type Damage } from './damage.ts'
import { ChunkTrial } from './try-chunk.ts'
import { LogTrial } from './try-entry.ts'

export interface Unit {
  readonly built: Built
  readonly path: string
  readonly kind: string
}
export interface UnitResult {
  readonly kind: string
  readonly bytes: number
  readonly tries: Readonly<Record<Damage['kind'], number>>
  readonly detected: number
  readonly harmless: number
  /** The first few, and how many there were. */
  readonly failures: readonly string[]
  readonly failed: number
}

const MOST_SHOWN = 5

/** Chunks that an earlier directory has too, with the same bytes and all, are done there only. */
export function unitsOf(directories: readonly Built[]): readonly Unit[] {
  const chunks = new Set<string>()
  return directories.flatMap((built) =>
    [...built.files.keys()].sort().flatMap((path) => {
      if (path.includes('/.') || chunks.has(path)) return []
      const kind = kindOf(built, path)
      if (kind.startsWith('chunk')) chunks.add(path)
      return [{ built, path, kind }]
    }),
  )
}

function kindOf(built: Built, path: string): string {
  const number = entryNumberOf(path)
  if (number !== undefined) return `entry: ${decodeEntry(built.files.get(path) as Uint8Array, { number, name: path }, nodeDigest).kind}`
  if (!path.includes('/chunks/')) return path.endsWith('/beat') ? 'heartbeat' : 'mark'
  const name = path.slice(path.lastIndexOf('/') + 1)
  for (const { manifest } of manifestsOf(built).toReversed())
    for (const part of Object.values(manifest.operators)) {
      const run = part.kind === 'keyed' ? part.runs.find(({ chunk }) => chunk === name) : undefined
      if (run !== undefined) return run.level === 'base' ? 'chunk: base' : run.level > 0 ? 'chunk: merged' : 'chunk: delta'
    }
  return 'chunk: of no checkpoint'
}

/** The next of the same kind, and for entries the one before too: the newest has none after it. */
export function neighboursOf({ built, path }: Unit): readonly string[] {
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  if (folder === '/checkpoints/') return []
  const all = [...built.files.keys()].filter((each) => each.startsWith(folder) && !each.includes('/.')).sort()
  const at = all.indexOf(path)
  return [all[at - 1], all[at + 1]].filter((each) => each !== undefined)
}

export async function runUnit(unit: Unit): Promise<UnitResult> {
  const { built, path, kind } = unit
  const size = (built.files.get(path) as Uint8Array).length
  const trial = kind.startsWith('chunk') ? new ChunkTrial(built, path) : new LogTrial(built, path)
  const tries = { bit: 0, truncated: 0, grown: 0, missing: 0, swapped: 0 }
  const counts = { detected: 0, harmless: 0 }
  const failures: string[] = []
  for (const damage of damagesOf(size, neighboursOf(unit))) {
    tries[damage.kind]++
    const verdict = await trial.judge(damage)
    if (typeof verdict === 'string') counts[verdict]++
    else failures.push(`${built.name} ${path}: ${damageText(damage)}: ${verdict.failure}`)
  }
  return { kind, bytes: size, tries, ...counts, failures: failures.slice(0, MOST_SHOWN), failed: failures.length }
}
