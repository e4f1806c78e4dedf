// Not the global one: a test runner that fakes timers must not stop what is tested, whichever is loaded first.
import { setImmediate } from 'node:timers'

/**
 * Lets everything run that is due without any event: all promise callbacks, however long their chains are. The simulator calls
 * it between two events, as a real event loop empties its microtasks between two callbacks. The only call of the simulator
 * that reaches the real event loop; nothing of it enters a result.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
