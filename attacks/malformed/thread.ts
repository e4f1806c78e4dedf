/** The thread: takes one case after the other, and writes down which one it is at, for when it does not come back. */
import { parentPort, workerData } from 'node:worker_threads'
import { feed, LIMIT_BYTES } from './feed.ts'
import { stateParsers } from './parsers-state.ts'
import { textParsers } from './parsers-text.ts'
import type { Parser } from './parser.ts'

export const parsers: readonly Parser[] = [...stateParsers, ...textParsers]

export interface ThreadOptions {
  readonly parser: number
  readonly seed: number
  readonly from: number
  readonly to: number
  readonly at: SharedArrayBuffer
}
export interface ThreadResult {
  readonly outcomes: Readonly<Record<string, number>>
  readonly worstMs: number
  readonly worstCase: number
  readonly done: number
  readonly faults: readonly { readonly index: number; readonly fault: string }[]
  /** Cases after which more memory had been taken than may be: to be tried alone. */
  readonly large: readonly number[]
}

/** So often something is said. */
const SAID_EVERY = 250
/** Beyond the limit, each further case that takes so much more is looked at too. */
const STEP_BYTES = 64 << 20

async function work({ parser: which, seed, from, to, at }: ThreadOptions): Promise<void> {
  const parser = parsers[which] as Parser
  const position = new Int32Array(at)
  const outcomes: Record<string, number> = {}
  const faults: { index: number; fault: string }[] = []
  const large: number[] = []
  let [worstMs, worstCase, done] = [0, from, 0]
  let limit = peakBytes() + LIMIT_BYTES
  for (let index = from; index < to; index++) {
    Atomics.store(position, 0, index)
    const { outcome, cpuMs, fault } = await feed(parser, seed, index)
    done++
    if (fault !== undefined) faults.push({ index, fault })
    else outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    if (cpuMs > worstMs) [worstMs, worstCase] = [cpuMs, index]
    if (peakBytes() > limit) {
      large.push(index)
      limit = peakBytes() + STEP_BYTES
    }
    if (done % SAID_EVERY === 0 || index === to - 1) {
      parentPort?.postMessage({ outcomes, worstMs, worstCase, done, faults, large } satisfies ThreadResult)
    }
  }
}

function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024
}

if (parentPort !== null && workerData !== null) await work(workerData as ThreadOptions)
