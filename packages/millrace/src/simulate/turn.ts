/**
 * Lets everything run that is due without any event: all promise callbacks, however long their chains are. The simulator calls
 * it between two events, as a real event loop empties its microtasks between two callbacks. The only call of the simulator
 * that reaches the real event loop; nothing of it enters a result.
 */
export function turn(): Promise<void> {
  // oxlint-disable-next-line eslint/no-restricted-globals -- see above
  return new Promise((resolve) => setImmediate(resolve))
}
