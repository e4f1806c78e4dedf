import type { Manifest, Run } from '../checkpoint/manifest.ts'
import { StreamError } from '../core/errors.ts'
import type { KeyGroupRange } from '../core/key-group.ts'
import type { ChunkReader } from '../runtime/chunk-reader.ts'
import type { StateBlock } from '../state/contract.ts'
import type { LogReport } from './log-reader.ts'

/** Where the state of a checkpoint is read from. */
export interface StateFiles {
  readonly manifest: Manifest
  readonly chunks: ChunkReader
  readonly log: LogReport
}
export interface GroupBlock extends StateBlock {
  isIgnored(state: string): boolean
}

/** The blocks of one run of a step, for the key groups of `range`. @throws {CHECKPOINT_CORRUPT} naming the file */
export async function blocksOfRun(
  address: string,
  run: Run,
  range: KeyGroupRange,
  { manifest, chunks, log }: StateFiles,
): Promise<readonly GroupBlock[]> {
  const first = Math.max(range.first, run.first)
  const last = Math.min(range.last, run.last)
  if (first > last) return []
  const ref = manifest.chunks.find(({ name }) => name === run.chunk)
  if (ref === undefined) {
    const file = log.storage.nameOf({ chunk: run.chunk })
    throw new StreamError('CHECKPOINT_CORRUPT', `${file} is needed by ${address}, but the checkpoint does not list it.`)
  }
  const isIgnored = (state: string): boolean => run.ignored?.includes(state) === true
  return (await chunks.blocks(address, { first, last }, ref)).map((block) => ({ ...block, isIgnored }))
}
