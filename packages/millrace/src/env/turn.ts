// A test runner may fake timers of every kind, also before this is loaded; nobody fakes messages. Node delivers up to a thousand of
// them before it looks at files and sockets again: who waits for these waits a few milliseconds.
import { MessageChannel } from 'node:worker_threads'

const { port1: here, port2: there } = new MessageChannel()
const waiting: (() => void)[] = []
here.on('message', () => {
  const next = waiting.shift()
  // A port that nobody waits at must not keep a process alive.
  if (waiting.length === 0) here.unref()
  next?.()
})
here.unref()

/**
 * Lets everything run that is due without any event: all promise callbacks, however long their chains are. The simulator calls
 * it between two events, as a real event loop empties its microtasks between two callbacks. The only call of the simulator
 * that reaches the real event loop; nothing of it enters a result.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve)
    here.ref()
    there.postMessage(undefined)
  })
}
