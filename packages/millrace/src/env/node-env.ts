import { getHeapStatistics } from 'node:v8'
import type { Env } from '../core/env.ts'
import { NodeBudget } from './node-budget.ts'
import { nodeDigest } from './node-digest.ts'
import { nodeFiles } from './node-files.ts'
import { NodeGunzip } from './node-gunzip.ts'
import { nodeLog, type NodeLogOptions } from './node-log.ts'
import { nodeOutput } from './node-output.ts'
import { nodeProcesses } from './node-processes.ts'
import { nodeRandom } from './node-random.ts'
import { nodeClock, nodeTimers } from './node-time.ts'

/** Parts of the world that a test brings itself. */
export interface NodeEnvOptions {
  /** Called at each named durable step (rule E3): a test ends the process there. */
  readonly crashPoint?: (name: string) => void
  readonly log?: NodeLogOptions
}

/** The world as Node gives it: one for a process or a worker thread, cheap to make, nothing to close. */
export function nodeEnv(options: NodeEnvOptions = {}): Env {
  return {
    clock: nodeClock,
    timers: nodeTimers,
    random: nodeRandom,
    files: nodeFiles,
    processes: nodeProcesses,
    digest: nodeDigest,
    log: nodeLog(options.log),
    output: nodeOutput,
    gunzip: () => new NodeGunzip(),
    budget: (kind) => new NodeBudget(kind === 'slice' ? SLICE_MS : TURN_MS),
    crashPoint: options.crashPoint ?? doNothing,
    heapLimitBytes: heapLimitBytes(),
  }
}

/** What V8's limit says is with the young generation, in which nothing stays. */
function heapLimitBytes(): number {
  const limit = getHeapStatistics().heap_size_limit
  return Math.max(limit - YOUNG_GENERATION_BYTES, limit / 4)
}

const YOUNG_GENERATION_BYTES = 96 * 1024 * 1024
const SLICE_MS = 1
const TURN_MS = 4

function doNothing(): void {}
