/** A sequence job as a process of its own, which may end itself at a crash point. Started by the attacks `kill`, `two` and `retain`. */
import { writeSync } from 'node:fs'
import { exitCodeOf } from '../../packages/millrace/src/cli/exit-codes.ts'
import { StreamError } from '../../packages/millrace/src/core/errors.ts'
import { nodeEnv } from '../../packages/millrace/src/env/node-env.ts'
import type { Job } from '../../packages/millrace/src/index.ts'
import { startJob } from '../../packages/millrace/src/job/start-job.ts'
import type { JobEvent, JobHandle } from '../../packages/millrace/src/runtime/monitor.ts'
import { textOf } from '../lib/error-text.ts'
import { filesOf, sequenceJob } from '../lib/sequence-job.ts'
import { slowFiles } from '../lib/slow-files.ts'
import type { ChildLine, ChildOptions } from './child-options.ts'
import { keysJob } from './keys-job.ts'
import { PhaseRecorder } from './phase.ts'

const options = JSON.parse(process.argv[2] ?? '') as ChildOptions
const phases = new PhaseRecorder(options.phaseFile)
let handle: JobHandle | undefined
let claimingMs = 0
let passed = 0

function say(line: ChildLine): void {
  // Synchronous: what was said before a kill has been said.
  writeSync(1, `${JSON.stringify(line)}\n`)
}

function crashPoint(name: string): void {
  if (name === 'claim.before') {
    claimingMs = performance.now()
    say({ kind: 'claiming' })
  }
  phases.point(name)
  if (name !== options.at?.point || ++passed !== options.at.nth) return
  if (options.at.signal === 'SIGSTOP') say({ kind: 'pausing' })
  process.kill(process.pid, options.at.signal)
}

function onEvent(event: JobEvent): void {
  phases.event(event)
  if (event.kind === 'waiting') say({ kind: 'waiting', silentMs: event.silentMs })
  if (event.kind === 'claimed') say({ kind: 'claimed', epoch: event.epoch, afterMs: performance.now() - claimingMs })
  if (event.kind === 'running') say({ kind: 'running', checkpoint: event.checkpoint })
  if (event.kind === 'checkpoint') say({ kind: 'checkpoint', checkpoint: event.info.checkpoint, records: handle?.status().records ?? 0 })
}

process.on('SIGTERM', () => {
  say({ kind: 'stopping' })
  void handle?.stop().catch(() => undefined)
})

function job(): Job<void, unknown> {
  const { input, many, rowsPerCheckpoint, format } = options
  if (many !== undefined) return keysJob({ ...options, ...many })
  return sequenceJob({
    ...options,
    ...(rowsPerCheckpoint === undefined ? {} : { source: slowFiles(filesOf(input, format), rowsPerCheckpoint) }),
  })
}

async function main(): Promise<number> {
  const { checkpoints, everyMs, retain, leaseMs, parallelism, batchRecords, credits = 2 } = options
  try {
    handle = await startJob(
      job(),
      { parallelism, checkpoints: { storage: checkpoints, every: everyMs, retain, lease: leaseMs }, restart: 'none' },
      { env: nodeEnv({ crashPoint }), observer: onEvent, tuning: { batchRecords, credits } },
    )
    say({ kind: 'ended', outcome: await handle.finished, records: handle.status().records })
    return 0
  } catch (error) {
    say({ kind: 'failed', code: StreamError.is(error) ? error.code : 'none', message: textOf(error) })
    return exitCodeOf(error)
  }
}

process.exitCode = await main()
