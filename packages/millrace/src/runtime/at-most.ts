import type { Env } from '../core/env.ts'

/** After the deadline of a stop: how long closing may take. */
export const HURRIED_CLOSE_MS = 500

/** Resolves with the work, or after so long without it; the work goes on, and its error is nobody's then. */
export async function atMost(env: Env, ms: number, work: Promise<void>): Promise<void> {
  let cancel: (() => void) | undefined
  const over = new Promise<void>((resolve) => {
    cancel = env.timers.after(ms, resolve)
  })
  await Promise.race([work, over]).finally(() => cancel?.())
}
