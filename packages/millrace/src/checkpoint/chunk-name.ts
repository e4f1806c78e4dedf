/**
 * Names of chunks. A name says who wrote the chunk, so that what a dead attempt left can be told from what a live one writes:
 *
 *     e7-c123-<task>-<subtask>-<16 hex digits>.chunk      what one task wrote for checkpoint 123 in epoch 7
 *     e7-m123-<task>-<subtask>-<16 hex digits>.chunk      runs merged after checkpoint 123
 *
 * The random part makes a name unique for ever (D10); task and subtask are for people.
 */
export const CHUNK_NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9.-]{0,199}$/

export interface ChunkOrigin {
  readonly epoch: number
  /** `merged`: then `checkpoint` is the newest one complete when the merge began. */
  readonly kind: 'checkpoint' | 'merged'
  readonly checkpoint: number
}

export function chunkName(of: ChunkOrigin & { readonly task: string; readonly subtask: number; readonly random: string }): string {
  const task = of.task.replace(/[^A-Za-z0-9]+/g, '.').slice(0, 80)
  return `e${of.epoch}-${of.kind === 'merged' ? 'm' : 'c'}${of.checkpoint}-${task}-${of.subtask}-${of.random}.chunk`
}

/** Who wrote a chunk; undefined for a name that this version does not make: such a file is never touched. */
export function chunkOriginOf(name: string): ChunkOrigin | undefined {
  const match = /^e(\d{1,15})-([cm])(\d{1,15})-[A-Za-z0-9.]*-\d+-[0-9a-f]{16}\.chunk$/.exec(name)
  if (match === null) return undefined
  return { epoch: Number(match[1]), kind: match[2] === 'm' ? 'merged' : 'checkpoint', checkpoint: Number(match[3]) }
}
