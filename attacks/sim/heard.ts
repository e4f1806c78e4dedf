/**
 * Whether upstream hears of what is durable. An acknowledgement may be skipped, but an upstream that never hears keeps everything for ever:
 * when an attempt has completed two more checkpoints, what was in the one before them has been acknowledged.
 */
import type { Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'

/** So many checkpoints of an attempt may be complete before upstream hears of the first. */
const BEHIND = 2

export class Heard {
  readonly #acknowledged: (split: string) => number
  /** By process: what its attempt has completed, the oldest first. */
  readonly #complete = new Map<object, readonly Manifest[]>()

  /** @param acknowledged up to where upstream has heard of a split */
  constructor(acknowledged: (split: string) => number) {
    this.#acknowledged = acknowledged
  }

  /** The process begins with another attempt. */
  begins(process: object): void {
    this.#complete.delete(process)
  }

  /** @param manifest the newest durable one; another process's says nothing about this one @returns what is wrong */
  completed(process: object, checkpoint: number, manifest: Manifest | undefined): string[] {
    if (manifest?.checkpoint !== checkpoint) return []
    const complete = [...(this.#complete.get(process) ?? []), manifest].slice(-1 - BEHIND)
    this.#complete.set(process, complete)
    const [first] = complete
    if (first === undefined || complete.length <= BEHIND) return []
    return [...positionsIn(first)].flatMap(([split, position]) => {
      const heard = this.#acknowledged(split)
      return heard >= position
        ? []
        : [`${split} is at ${position} in checkpoint ${first.checkpoint}, and at ${checkpoint} acknowledged up to ${heard} only`]
    })
  }
}

/** Of the strict source, by split. */
export function positionsIn(manifest: Manifest | undefined): ReadonlyMap<string, number> {
  const part = manifest?.operators['source/rows']
  const splits = part?.kind === 'source' ? Object.entries(part.splits) : []
  return new Map(splits.map(([split, { position }]) => [split, typeof position === 'number' ? position : 0]))
}
