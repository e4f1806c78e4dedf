/** The store of a job without checkpoints: nothing is kept, and what sinks have sealed is committed at the end. */
import type { Ownership } from '../checkpoint/log-types.ts'
import type { JobStore } from './checkpoint-store.ts'

/** @param log nothing of it outlives the run, so each has one of its own */
export function noStore(log: string): JobStore {
  const ownership: Ownership = {
    log,
    epoch: 1,
    claim: 0,
    restored: undefined,
    checkpointFloor: -1,
    retained: [],
    damaged: [],
    mayDelete: false,
    numbers: [],
  }
  return {
    usedTo: -1,
    keepsState: false,
    ownership,
    append: async () => undefined,
    write: async ({ task, subtask }, { isFinal, operators }) => ({ task, subtask, isFinal, operators }),
    read: async () => [],
    restored: () => undefined,
    upkeep: () => undefined,
    rest: () => undefined,
    discard: () => undefined,
    checkOwned: async () => undefined,
    describe: ({ checkpoint, createdAtMs }) => ({ checkpoint, createdAtMs, sizeBytes: 0, newBytes: 0 }),
    settle: async () => undefined,
    claim: async () => ({ kind: 'owner' }),
    claimAgain: async () => ({ kind: 'owner' }),
    release: async () => undefined,
    cancel: () => undefined,
    abandon: () => undefined,
    close: async () => undefined,
  }
}
