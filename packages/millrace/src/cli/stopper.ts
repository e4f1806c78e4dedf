import { exitCodeOfSignal, type StopSignal } from './exit-codes.ts'

export interface StopperOptions {
  /** Ms, never going back. */
  readonly now: () => number
  /** The first signal: ends the job in order. */
  readonly stop: (signal: StopSignal) => void
  /** The second: ends the process. */
  readonly end: (signal: StopSignal, code: number) => void
}

/** A terminal and npm both deliver one Ctrl-C, so the same signal again within this time is the same wish. */
const SAME_SIGNAL_MS = 200

/** What signals mean: once to stop, twice to end at once. Returns the handler. */
export function stopper(options: StopperOptions): (signal: StopSignal) => void {
  let first: { readonly signal: StopSignal; readonly atMs: number } | undefined
  return (signal) => {
    const atMs = options.now()
    if (first === undefined) {
      first = { signal, atMs }
      return options.stop(signal)
    }
    if (signal === first.signal && atMs - first.atMs < SAME_SIGNAL_MS) return
    options.end(signal, exitCodeOfSignal(signal))
  }
}
