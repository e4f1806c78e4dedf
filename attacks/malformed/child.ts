/** A process for one parser: it watches the thread that feeds it, ends one that hangs, and goes on behind the case that did it. */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { CaseResult, ThreadOptions } from './thread.ts'

export interface ChildOptions {
  readonly parser: number
  readonly seed: number
  readonly from: number
  readonly to: number
}
export interface ChildResult {
  /** How many cases ended so: `valid`, or with a code. */
  readonly outcomes: Readonly<Record<string, number>>
  readonly worstMs: number
  readonly worstCase: number
  readonly faults: readonly { readonly index: number; readonly fault: string }[]
  readonly large: readonly number[]
  readonly peakBytes: number
}

/** Wall clock, on a machine that may be busy with other things. */
const HANG_MS = 20_000
const LOOK_MS = 500
const HEAP_MB = 256

async function run(options: ChildOptions): Promise<ChildResult> {
  const outcomes: Record<string, number> = {}
  const faults: { index: number; fault: string }[] = []
  const large: number[] = []
  let [worstMs, worstCase] = [0, options.from]
  const onCase = ({ index, outcome, cpuMs, fault, isLarge }: CaseResult): void => {
    if (fault === undefined) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    else faults.push({ index, fault })
    if (isLarge) large.push(index)
    if (cpuMs > worstMs) [worstMs, worstCase] = [cpuMs, index]
  }
  for (let from = options.from; from < options.to;) {
    const { index, death } = await oneThread({ ...options, from }, onCase)
    if (death === undefined) break
    faults.push({ index, fault: death })
    from = index + 1
  }
  return { outcomes, worstMs, worstCase, faults, large, peakBytes: process.resourceUsage().maxRSS * 1024 }
}

/** @returns where it was when it ended, and why it did so before its time */
function oneThread(
  options: ChildOptions,
  onCase: (result: CaseResult) => void,
): Promise<{ readonly index: number; readonly death: string | undefined }> {
  return new Promise((resolve) => {
    const at = new SharedArrayBuffer(4)
    const position = new Int32Array(at)
    position[0] = options.from
    const workerData: ThreadOptions = { ...options, at }
    const worker = new Worker(join(import.meta.dirname, 'thread.ts'), { workerData, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } })
    let death: string | undefined
    let seen = { index: options.from, sinceMs: performance.now() }
    const timer = setInterval(() => {
      const index = Atomics.load(position, 0)
      if (index !== seen.index) seen = { index, sinceMs: performance.now() }
      else if (performance.now() - seen.sinceMs > HANG_MS) {
        death ??= `it did not end within ${HANG_MS / 1000} s`
        void worker.terminate()
      }
    }, LOOK_MS)
    worker.on('message', onCase)
    worker.on('error', (error: Error & { code?: string }) => (death ??= `the thread died: ${error.code ?? ''} ${error.message}`))
    worker.on('exit', () => {
      clearInterval(timer)
      resolve({ index: Atomics.load(position, 0), death })
    })
  })
}

if (process.send !== undefined) {
  const options = JSON.parse(process.argv[2] ?? '') as ChildOptions
  const result = await run(options)
  process.send?.(result, () => process.disconnect?.())
}
