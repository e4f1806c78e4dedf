/** Taken once: a test that fakes timers must not stop what it tests. */
// oxlint-disable-next-line eslint/no-restricted-globals -- see below
const nextTurn = setImmediate

/**
 * Lets everything run that is due without any event: all promise callbacks, however long their chains are. The simulator calls
 * it between two events, as a real event loop empties its microtasks between two callbacks. The only call of the simulator
 * that reaches the real event loop; nothing of it enters a result.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => nextTurn(resolve))
}
