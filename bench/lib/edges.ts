/** A source and a sink that cost next to nothing, made by the public contract. */
import { defineSink, defineSource, type Batch, type Sink, type Source } from '../../packages/millrace/src/connect.ts'

/** Gives the same prepared batches again and again until `total` records have been read. */
export function replaySource<T>(batches: readonly (readonly T[])[], total: number): Source<T> {
  return defineSource<T, number>({
    kind: 'replay',
    bounded: true,
    replayable: true,
    timestamps: false,
    async open() {
      let read = 0
      let next = 0
      return {
        splits: new Map([['0', 0]]),
        poll(): Batch<T, number> | 'end' {
          if (read >= total) return 'end'
          const values = batches[next] as readonly T[]
          next = next + 1 === batches.length ? 0 : next + 1
          read += values.length
          return { split: '0', values, next: read, splitEnded: read >= total }
        },
        ready: async () => undefined,
        close: async () => undefined,
      }
    },
  })
}

/** Calls back for each record, at once. */
export function tapSink<T>(onValue: (value: T) => void): Sink<T> {
  return defineSink<T, null>({
    kind: 'tap',
    delivery: 'at-least-once',
    async open() {
      return {
        write(value) {
          onValue(value)
          return true
        },
        ready: async () => undefined,
        seal: () => ({ durable: Promise.resolve({ committables: [] }) }),
        close: async () => undefined,
      }
    },
  })
}
