import { performance } from 'node:perf_hooks'
import type { Clock, Timers } from '../core/env.ts'
import { invariant } from '../core/errors.ts'

export const nodeClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}

/** The longest that `setTimeout` knows: anything above fires after 1 ms (J13). */
const LONGEST_MS = 2 ** 31 - 1

export const nodeTimers: Timers = {
  after(delayMs, callback, options) {
    invariant(Number.isFinite(delayMs), `E1: a timer of ${String(delayMs)} ms`)
    const dueMs = performance.now() + delayMs
    let timer: NodeJS.Timeout | undefined
    const arm = (): void => {
      const leftMs = Math.min(LONGEST_MS, Math.max(0, Math.ceil(dueMs - performance.now())))
      timer = setTimeout(fire, leftMs)
      if (options?.idle === true) timer.unref()
    }
    const fire = (): void => {
      // Node rounds the loop's time down, so that a timer may come up to 1 ms early.
      if (performance.now() < dueMs) arm()
      else callback()
    }
    arm()
    return () => clearTimeout(timer)
  },
  soon: (callback) => void setImmediate(callback),
}
