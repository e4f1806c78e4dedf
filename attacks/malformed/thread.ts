/** The thread: takes one case after the other, and writes down which one it is at, for when it does not come back. */
import { parentPort, workerData } from 'node:worker_threads'
import { feed, LIMIT_BYTES, type Fed } from './feed.ts'
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
/** Of one case: said at once, so that a thread that dies takes nothing along. */
export interface CaseResult extends Fed {
  readonly index: number
  /** More memory has been taken by then than may be: it is to be tried alone. */
  readonly isLarge: boolean
}

/** Beyond the limit, each further case that takes so much more is looked at too. */
const STEP_BYTES = 64 << 20

async function work({ parser: which, seed, from, to, at }: ThreadOptions): Promise<void> {
  const parser = parsers[which] as Parser
  const position = new Int32Array(at)
  let limit = peakBytes() + LIMIT_BYTES
  for (let index = from; index < to; index++) {
    Atomics.store(position, 0, index)
    const fed = await feed(parser, seed, index)
    const isLarge = peakBytes() > limit
    if (isLarge) limit = peakBytes() + STEP_BYTES
    parentPort?.postMessage({ index, ...fed, isLarge } satisfies CaseResult)
  }
}

function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024
}

if (parentPort !== null && workerData !== null) await work(workerData as ThreadOptions)
