/** Damage to a chunk, judged by restoring from the newest checkpoint that needs it. */
import type { ChunkRef, Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'
import { nodeDigest } from '../../packages/millrace/src/env/node-digest.ts'
import { readChunkIndex, type IndexedBlock } from '../../packages/millrace/src/state/chunk.ts'
import { manifestsOf, type Built } from './build.ts'
import { damaged, type Damage } from './damage.ts'
import { memoryEnv } from './memory-env.ts'
import { readRuns, restoredState } from './restore.ts'
import { errorVerdict, type Verdict } from './verdict.ts'

const PARALLELISMS = [1, 3]
/** Of the bits that nobody reads, one in so many is restored in full, to be sure. */
const COMPARED = 17

export class ChunkTrial {
  readonly #built: Built
  readonly #path: string
  readonly #manifest: Manifest | undefined
  readonly #operators: ReadonlySet<string>
  readonly #references = new Map<number, string>()
  /** Byte ranges of blocks that no run names any more: of another operator, whose part has been merged since. Nobody reads them. */
  #unread: readonly IndexedBlock[] | undefined
  #compared = 0

  constructor(built: Built, path: string) {
    this.#built = built
    this.#path = path
    const name = path.slice(path.lastIndexOf('/') + 1)
    this.#manifest = manifestsOf(built).findLast(({ manifest }) => manifest.chunks.some((chunk) => chunk.name === name))?.manifest
    const parts = Object.entries(this.#manifest?.operators ?? {})
    this.#operators = new Set(
      parts.flatMap(([address, part]) => (part.kind === 'keyed' && part.runs.some((run) => run.chunk === name) ? [address] : [])),
    )
  }

  /** At every parallelism it has to be found out. */
  async judge(damage: Damage): Promise<Verdict> {
    const manifest = this.#manifest
    if (manifest === undefined) return 'harmless'
    const ref = manifest.chunks.find(({ name }) => this.#path.endsWith(`/${name}`)) as ChunkRef
    this.#unread ??= await unreadBlocks(this.#path, this.#built.files.get(this.#path) as Uint8Array, ref, this.#operators)
    for (const parallelism of PARALLELISMS) {
      const verdict = await this.#judgeAt(damage, manifest, parallelism)
      if (verdict !== 'detected') return verdict
    }
    return 'detected'
  }

  async #judgeAt(damage: Damage, manifest: Manifest, parallelism: number): Promise<Verdict> {
    const files = damaged(this.#built.files, this.#path, damage)
    const env = memoryEnv(this.#built.files, files)
    const paths = [...files.keys()]
    try {
      await readRuns(env, manifest, this.#operators, { parallelism, only: paths })
      if (this.#isUnread(damage) && this.#compared++ % COMPARED !== 0) return 'harmless'
      const state = await restoredState(env, manifest, this.#operators, parallelism)
      const isSame = state === (await this.#reference(manifest, parallelism))
      return isSame && this.#isUnread(damage) ? 'harmless' : { failure: `silent: ${isSame ? 'the same' : 'another'} state` }
    } catch (error) {
      if (env.removed.length > 0) return { failure: `removed ${env.removed.join(', ')}` }
      return errorVerdict(error, paths)
    }
  }

  #isUnread(damage: Damage): boolean {
    if (damage.kind !== 'bit') return false
    const at = damage.bit >> 3
    return this.#unread?.some(({ offset, bytes }) => at >= offset && at < offset + bytes) ?? false
  }

  async #reference(manifest: Manifest, parallelism: number): Promise<string> {
    const intact = memoryEnv(this.#built.files, new Map())
    const known = this.#references.get(parallelism) ?? (await restoredState(intact, manifest, this.#operators, parallelism))
    this.#references.set(parallelism, known)
    return known
  }
}

async function unreadBlocks(path: string, bytes: Uint8Array, ref: ChunkRef, read: ReadonlySet<string>): Promise<readonly IndexedBlock[]> {
  const index = await readChunkIndex({ ...ref, file: path }, async (start, end) => bytes.slice(start, end), nodeDigest)
  return [...index.operators].flatMap(([operator, blocks]) => (read.has(operator) ? [] : blocks))
}
