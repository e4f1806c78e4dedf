/** What never ends in user code, a connector or a storage: it keeps neither a stop from its deadline nor a job from its end, and is named. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import type { RunOptions } from '../api/run-types.ts'
import { callbackSink } from '../connectors/callback-sink.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { defineSink, defineStorage } from '../connect/contract.ts'
import type { StreamError } from '../core/errors.ts'
import { checkpointed, codeOf, countingJob, Lab, pacedSource, rowsOf, type Counted, type Life, type Row } from './simulated-job.test.ts'

const rows = rowsOf('a', 60)
const source = pacedSource({ a: rows })

/** What is said of those that are not waited for any longer. */
function warningsOf({ process }: Life): unknown[] {
  return process.logged.flatMap(({ level, fields }) => (level === 'warn' && 'waitingFor' in fields ? [fields['waitingFor']] : []))
}

const never = (): Promise<never> => new Promise(() => undefined)

function opening(hooks: { readonly open?: () => unknown; readonly close?: () => unknown }, count?: number): Job<void, unknown> {
  return defineJob('opening', (builder) => {
    builder
      .from('rows', pacedSource({ a: rows.slice(0, count) }, { endless: count === undefined }))
      .process('user', { ...(hooks as object), onRecord: (row: Row, _context: unknown, out: Out<Row>) => out.emit(row) })
      .to('out', fileSink('/out', jsonLines()))
  })
}

test('a deadline also ends the waiting for an open or a close that never ends: the job was stopped in order, and its step is named', async () => {
  for (const options of [checkpointed({ lease: '1d' }), {}]) {
    for (const [hooks, named] of [
      [{ open: never }, 'step/user to be opened'],
      [{ close: never }, 'step/user to be closed'],
    ] as const) {
      const lab = new Lab()
      const life = await lab.start(opening(hooks), options)
      await lab.machine.advance(1_000)
      const before = lab.machine.nowMs
      await lab.wait(life.handle.stop({ deadlineMs: 2_000 }))
      assert.ok(lab.machine.nowMs - before < 4_000)
      assert.equal(await life.end(), 'stopped')
      assert.deepEqual(warningsOf(life), [named])
      if ('checkpoints' in options) assert.equal(codeOf(await lab.run(opening({}, rows.length), checkpointed())), 'finished')
    }
  }
})

test('a deadline that passes while a close is under way counts, too', async () => {
  const lab = new Lab()
  const life = await lab.start(opening({ close: never }), checkpointed())
  await life.until('checkpoint', 2)
  const stopped = life.handle.stop({ deadlineMs: 5_000 })
  await lab.machine.advance(4_000)
  await lab.wait(stopped)
  assert.equal(await life.end(), 'stopped')
})

test('a job that has finished does not wait for a close that never ends, and says whose it is', async () => {
  for (const options of [checkpointed(), {}]) {
    const lab = new Lab()
    const life = await lab.start(opening({ close: never }, rows.length), options)
    assert.equal(await life.end(), 'finished')
    assert.deepEqual(lab.rows<Row>(), rows)
    assert.deepEqual(warningsOf(life), ['step/user to be closed'])
  }
})

test('a sink that stays full, a commit, a committer, a seal or a storage that never answers ends a stop at its deadline with STOPPED, which names what it waits for', async () => {
  const callback = countingJob({ source: pacedSource({ a: rows }, { endless: true }), sink: callbackSink<Counted>(never) })
  const committer = countingJob({
    source,
    sink: defineSink<Counted, null>({ kind: 'x', delivery: 'exactly-once', open: never, committer: never }),
  })
  const full = countingJob({
    source,
    sink: defineSink<Counted, null>({
      kind: 'x',
      delivery: 'at-least-once',
      open: async () => ({
        write: () => false,
        ready: never,
        seal: () => ({ durable: Promise.resolve({ committables: [] }) }),
        close: () => Promise.resolve(),
      }),
    }),
  })
  const sealing = countingJob({
    source,
    sink: defineSink<Counted, null>({
      kind: 'x',
      delivery: 'at-least-once',
      open: async () => ({
        write: () => true,
        ready: async () => undefined,
        seal: () => ({ durable: never() }),
        close: async () => undefined,
      }),
    }),
  })
  const storage = defineStorage({ kind: 'x', open: never })
  const cases: readonly (readonly [Job<void, unknown>, RunOptions, RegExp])[] = [
    [full, checkpointed(), /sink\/out to have room/],
    [callback, checkpointed(), /sink\/out to commit/],
    [callback, {}, /sink\/out to commit/],
    [sealing, checkpointed(), /sink\/out to make durable what it has written/],
    [committer, checkpointed(), /sink\/out to open its committer/],
    [countingJob({ source }), { checkpoints: { storage } }, /deadline of stop/],
  ]
  for (const [given, options, words] of cases) {
    const lab = new Lab()
    const life = await lab.start(given, options)
    await lab.machine.advance(1_000)
    const before = lab.machine.nowMs
    const error = (await lab.wait(life.handle.stop({ deadlineMs: 2_000 }).catch((thrown: unknown) => thrown))) as StreamError
    assert.equal(codeOf(error), 'STOPPED', String(error))
    assert.match(error.message, words)
    assert.ok(lab.machine.nowMs - before < 6_000)
    assert.equal(codeOf(await life.end()), 'STOPPED')
    assert.equal(life.handle.status().phase, 'ended')
  }
})

test('a failed attempt whose close never ends is followed by another after a while', async () => {
  const lab = new Lab()
  let left = 1
  const failing = defineJob('failing', (builder) => {
    builder
      .from('rows', source)
      .process('user', {
        open: () => left,
        close: (opened) => (opened === 1 ? never() : undefined),
        onRecord(row: Row, _context, out: Out<Row>) {
          if (row.n === 30 && left-- > 0) throw new Error('once')
          out.emit(row)
        },
      })
      .to('out', fileSink('/out', jsonLines()))
  })
  const life = await lab.start(failing, checkpointed({}, { restart: { strategy: 'fixed-delay', attempts: 3, delay: '1s' } }))
  assert.equal(await life.end(), 'finished')
  assert.deepEqual(warningsOf(life), ['step/user to be closed'])
  assert.deepEqual(lab.rows<Row>(), rows)
})
