/** Each operation of the disk of a short job fails once: a loud end or a restart, and exact output in the end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamError } from '../core/errors.ts'
import type { ErrorCode } from '../core/error-codes.ts'
import type { Operation } from '../simulate/faults.ts'
import {
  assertCounted,
  checkpointed,
  countingJob,
  epochsOf,
  errorsOf,
  Lab,
  pacedSource,
  rowsOf,
  SEED,
  type Counted,
} from './simulated-job.test.ts'

const rows = rowsOf('a', 10)
const job = countingJob({ source: pacedSource({ a: rows }, { batch: 2, everyMs: 8 }) })
const LOUD: readonly ErrorCode[] = ['STORAGE', 'CHECKPOINT_FAILED', 'SINK', 'COMMIT_FAILED']
const codeFor = ({ kind, index }: Operation): 'EIO' | 'ENOSPC' =>
  ['create', 'append', 'link', 'makeDirectory'].includes(kind) && index % 2 === 0 ? 'ENOSPC' : 'EIO'

async function operations(): Promise<number> {
  const lab = new Lab({ seed: SEED })
  assert.equal(await lab.run(job, checkpointed({ retain: 1 })), 'finished')
  return lab.machine.operationCount
}

test(`every operation fails once, without restarts: the end is loud, and a later run exact (SEED=${SEED})`, async () => {
  const count = await operations()
  let loud = 0
  for (let index = 0; index < count; index++) {
    let what = ''
    const lab = new Lab({
      seed: SEED,
      faults: (operation) => {
        if (operation.index !== index) return undefined
        what = `${operation.kind} ${operation.path}`
        return { kind: 'error', code: codeFor(operation) }
      },
    })
    const first = await lab.run(job, checkpointed({ retain: 1 }))
    if (StreamError.is(first)) {
      loud++
      assert.ok(LOUD.includes(first.code), `${what}: ${first.code} ${first.message}`)
    } else assert.equal(first, 'finished', what)
    const second = await lab.run(job, checkpointed({ retain: 1 }))
    assert.ok(second === (first === 'finished' ? 'already-finished' : 'finished'), `${what}: ${String(second)}`)
    assertCounted(lab.rows<Counted>(), rows)
  }
  assert.ok(loud > 10, 'most failures are felt')
})

test(`every operation fails once, with restarts: the job goes on and is exact (SEED=${SEED})`, async () => {
  const count = await operations()
  for (let index = 0; index < count; index += 2) {
    let what = ''
    const lab = new Lab({
      seed: SEED,
      faults: (operation) => {
        if (operation.index !== index) return undefined
        what = `${operation.kind} ${operation.path}`
        return { kind: 'error', code: codeFor(operation) }
      },
    })
    const restart = { strategy: 'fixed-delay', attempts: 2, delay: 5 } as const
    const life = await lab.start(job, checkpointed({ retain: 1 }, { restart }))
    let end = await life.end()
    // What has not begun is not started again: whoever started it is told at once.
    const isUntold = StreamError.is(end) && epochsOf(life.events).length === 0
    // A sync that failed proves nothing, and neither would a second one: a person has to look, and starts the job again.
    const isUnproven = StreamError.is(end) && end.code === 'COMMIT_FAILED' && what.startsWith('syncDirectory')
    if (isUntold || isUnproven) end = await lab.run(job, checkpointed({ retain: 1 }, { restart }))
    assert.equal(end, 'finished', `${what}: ${String(end)}`)
    assert.ok(errorsOf(life.events).length <= 1, `${what}: one failure costs one attempt at most`)
    assertCounted(lab.rows<Counted>(), rows)
  }
})
