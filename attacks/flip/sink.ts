/** A sink whose committables and sealed state are plain data of all kinds. What is committed is kept by whoever made the sink. */
import { defineSink, type Sink } from '../../packages/millrace/src/connect.ts'

export interface SealedRows {
  readonly rows: readonly string[]
  readonly bytes: Uint8Array
  readonly [more: string]: readonly string[] | Uint8Array | bigint
}
export interface WriterState {
  readonly written: number
  readonly note: string
  readonly [more: string]: number | string
}

/** By checkpoint, epoch and subtask: a committable may be offered twice. */
export type CommittedRows = Map<string, readonly string[]>

export function rowSink(committed: CommittedRows): Sink<string> {
  return defineSink<string, SealedRows, WriterState>({
    kind: 'rows',
    delivery: 'exactly-once',
    open: (_context, restored) => {
      let rows: string[] = []
      let written = restored.reduce((sum, state) => sum + state.written, 0)
      return Promise.resolve({
        write: (row) => {
          rows.push(row)
          written++
          return true
        },
        ready: async () => undefined,
        seal: () => {
          const sealed = rows.length === 0 ? [] : [{ rows, bytes: new Uint8Array(3).fill(rows.length), big: 2n ** 64n }]
          rows = []
          return { durable: Promise.resolve({ committables: sealed, state: { written, note: 'über' } }) }
        },
        close: async () => undefined,
      })
    },
    committer: () =>
      Promise.resolve({
        commit: async (committables) =>
          committables.map(({ checkpoint, epoch, subtask, data }) => {
            committed.set(`${checkpoint} ${epoch} ${subtask}`, data.rows)
            return { kind: 'committed' as const }
          }),
        withdraw: async () => undefined,
        close: async () => undefined,
      }),
  })
}
