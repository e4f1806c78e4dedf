/** What a process may end with because its disk failed: one of a few codes, and what it says names what the disk has said. */
const LOUD: ReadonlySet<string> = new Set(['STORAGE', 'CHECKPOINT_FAILED', 'COMMIT_FAILED', 'SINK', 'SOURCE'])

export type DiskCode = 'EIO' | 'ENOSPC' | 'EPERM'

/** `said`: its message and those of its causes. `code`: what the disk failed with; undefined when it has not. */
export function isLoud({ code, said }: { readonly code: string; readonly said: string }, disk: DiskCode | undefined): boolean {
  return disk !== undefined && LOUD.has(code) && new RegExp(`\\b${disk}\\b`).test(said)
}

/** How a process on the real kernel ended. */
export interface ProcessEnd {
  /** An outcome, a code, a signal, or what else there is to say. */
  readonly how: string
  /** Of one that failed: its message and those of its causes. */
  readonly said: string
}
