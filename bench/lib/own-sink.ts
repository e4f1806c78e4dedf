import { defineSink, type Sink } from '../../packages/millrace/src/connect.ts'

/**
 * As `tapSink`, but not the one that the ten other jobs write to: the sinks of a real job have code of their own, and the loop by
 * hand calls nothing that others call.
 */
export function ownSink<T>(onValue: (value: T) => void): Sink<T> {
  return defineSink<T, null>({
    kind: 'own',
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
