import type { Env } from '../core/env.ts'
import { Machine } from '../simulate/machine.ts'

/** A machine with a clock and a disk of its own. Nothing happens on it but while something is `run`. */
export interface SimulatedMachine {
  /** Of a process on it: what the suites, sources, sinks and storages ask for. */
  readonly env: Env
  /** Takes from the disk all that was not synced, names included: for `losePower` of the suites. */
  losePower(): Env
  /**
   * Lets time pass on the machine until the promise settles. What it waits for has to come from the machine's `env`: real timers, files and
   * connections are not waited for.
   */
  run<T>(action: () => Promise<T>): Promise<T>
}

/**
 * For the suites of what keeps files through `context.env.files`: a disk that loses what was not synced. Another `seed` lets operations
 * end in another order.
 *
 * @example
 * import assert from 'node:assert/strict'
 * import { simulatedMachine } from 'millrace/testing'
 * const { env, losePower, run } = simulatedMachine()
 * await run(async () => {
 *   const file = await env.files.open('/never-synced', 'create-new')
 *   await file.append([new TextEncoder().encode('gone')])
 *   await file.close()
 * })
 * losePower()
 * assert.equal(await run(() => env.files.info('/never-synced')), undefined)
 */
export function simulatedMachine({ seed = 1 }: { readonly seed?: number } = {}): SimulatedMachine {
  const machine = new Machine({ seed })
  const env = machine.start()
  return {
    env,
    losePower: () => {
      // The process goes on, as the suite in it does. What it still has open is stale.
      machine.disk.losePower('none')
      return env
    },
    run: (action) => machine.run(action()),
  }
}
