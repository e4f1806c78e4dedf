/**
 * A file source at the pace of checkpoints: after so many rows it waits for the next one that is durable. So a job makes as many
 * checkpoints as an attack needs, however fast the machine is.
 */
import { defineSource, sourceDefinitionOf, type Reader, type Source } from '../../packages/millrace/src/connect/contract.ts'
import type { Env } from '../../packages/millrace/src/core/env.ts'
import type { InputRow } from './sequence-input.ts'

/** An acknowledgement may be skipped: then it goes on without. */
const LONGEST_WAIT_MS = 500

type FilesReader<T> = Reader<T, never>

/** Batches of files are not cut: one that goes beyond the rows is paid for by the checkpoints after it. `took`: for each. */
export function slowFiles<T = InputRow>(
  source: Source<T>,
  rowsPerCheckpoint: number,
  took: (env: Env, values: readonly T[]) => void = () => undefined,
): Source<T> {
  const files = sourceDefinitionOf(source)
  if (files === undefined) throw new Error('no file source')
  return defineSource<T, never>({
    kind: files.kind,
    bounded: files.bounded,
    replayable: files.replayable,
    timestamps: files.timestamps,
    open: async (context) => {
      const { env, signal } = context
      return slowed((await files.open(context)) as FilesReader<T>, rowsPerCheckpoint, { signal, took: (values) => took(env, values), env })
    },
  })
}

function slowed<T>(
  files: FilesReader<T>,
  rowsPerCheckpoint: number,
  { env, signal, took }: { readonly env: Env; readonly signal: AbortSignal; readonly took: (values: readonly T[]) => void },
): FilesReader<T> {
  let rows = rowsPerCheckpoint
  let wake: () => void = () => undefined
  const more = (): void => {
    rows = Math.min(rows + rowsPerCheckpoint, rowsPerCheckpoint)
    wake()
  }
  const nextCheckpoint = (): Promise<void> =>
    new Promise((resolve) => {
      const cancel = env.timers.after(LONGEST_WAIT_MS, more)
      wake = () => {
        cancel()
        resolve()
      }
    })
  signal.addEventListener('abort', () => wake(), { once: true })
  return {
    splits: files.splits,
    poll: (first) => {
      if (rows <= 0) return 'wait'
      const batch = files.poll(first)
      if (typeof batch === 'object') {
        rows -= batch.values.length
        took(batch.values)
      }
      return batch
    },
    ready: () => (rows > 0 ? files.ready() : nextCheckpoint()),
    acknowledge: (positions) => {
      more()
      return files.acknowledge?.(positions) ?? Promise.resolve()
    },
    close: () => {
      wake()
      return files.close()
    },
  }
}
