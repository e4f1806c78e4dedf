/** A process for one parser: it watches the thread that feeds it, ends one that hangs, and goes on behind the case that did it. */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ThreadOptions, ThreadResult } from './thread.ts'

export interface ChildOptions {
  readonly parser: number
  readonly seed: number
  readonly from: number
  readonly to: number
}
export interface ChildResult {
  readonly parts: readonly ThreadResult[]
  readonly faults: readonly { readonly index: number; readonly fault: string }[]
  readonly peakBytes: number
}

/** Wall clock, on a machine that may be busy with other things. */
const HANG_MS = 20_000
const LOOK_MS = 500
const HEAP_MB = 256

async function run({ parser, seed, from, to }: ChildOptions): Promise<ChildResult> {
  const parts: ThreadResult[] = []
  const faults: { index: number; fault: string }[] = []
  for (let next = from; next < to;) {
    const { result, index, death } = await oneThread({ parser, seed, from: next, to })
    if (result !== undefined) parts.push(result)
    if (death === undefined) break
    faults.push({ index, fault: death })
    next = index + 1
  }
  return { parts, faults, peakBytes: process.resourceUsage().maxRSS * 1024 }
}

interface Thread {
  readonly result: ThreadResult | undefined
  /** Where it was. */
  readonly index: number
  readonly death: string | undefined
}

function oneThread(options: ChildOptions): Promise<Thread> {
  return new Promise((resolve) => {
    const at = new SharedArrayBuffer(4)
    const position = new Int32Array(at)
    position[0] = options.from
    const workerData: ThreadOptions = { ...options, at }
    const worker = new Worker(join(import.meta.dirname, 'thread.ts'), { workerData, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } })
    let result: ThreadResult | undefined
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
    worker.on('message', (message: ThreadResult) => (result = message))
    worker.on('error', (error: Error & { code?: string }) => (death ??= `the thread died: ${error.code ?? ''} ${error.message}`))
    worker.on('exit', () => {
      clearInterval(timer)
      resolve({ result, index: Atomics.load(position, 0), death })
    })
  })
}

if (process.send !== undefined) {
  const options = JSON.parse(process.argv[2] ?? '') as ChildOptions
  const result = await run(options)
  process.send?.(result, () => process.disconnect?.())
}
