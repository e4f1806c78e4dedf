/** `stop()` of a job whose commits take long: what is left is not lost, and nothing goes on behind its back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callbackSink } from '../connectors/callback-sink.ts'
import type { Sink } from '../connect/contract.ts'
import {
  assertCounted,
  checkpointed,
  codeOf,
  countingJob,
  Lab,
  pacedSource,
  rowsOf,
  type Counted,
  type Process,
} from './simulated-job.test.ts'

const rows = rowsOf('a', 6_000)
const endless = (): ReturnType<typeof pacedSource<(typeof rows)[number]>> =>
  pacedSource({ a: rows }, { batch: 200, everyMs: 0.1, endless: true })

/** Each call takes so long, of the process's own time; two at a time are an error. */
function slow(process: Process, ms: number): { readonly sink: Sink<Counted>; readonly seen: Counted[]; begun(): number } {
  const seen: Counted[] = []
  let [open, begun] = [0, 0]
  const sink = callbackSink<Counted>(async (row) => {
    assert.equal(++open, 1, 'one call at a time')
    begun++
    await new Promise<void>((resolve) => void process.timers.after(ms, resolve))
    open--
    seen.push(row)
  })
  return { sink, seen, begun: () => begun }
}

for (const [name, limits] of [
  ['its time for commits', { commitMs: 1_000 }],
  ['its deadline', { deadlineMs: 1_000 }],
] as const)
  test(`a stop leaves to the next run what is not committed in ${name}`, async () => {
    const lab = new Lab()
    const process = lab.machine.start()
    const { sink, seen, begun } = slow(process, 20)
    const job = countingJob({ source: endless(), sink })
    const life = await lab.start(job, checkpointed({ lease: '1d' }), { process })
    await life.when(() => life.handle.status().records === rows.length)
    const before = lab.machine.nowMs
    await lab.wait(life.handle.stop(limits))
    assert.equal(await life.end(), 'stopped')
    assert.ok(lab.machine.nowMs - before < 1_300, `the stop took ${lab.machine.nowMs - before} ms`)
    assert.ok(life.events.some(({ kind }) => kind === 'commits-left'))
    const left = begun()
    await lab.machine.advance(5_000)
    assert.equal(begun(), left, 'no call after the stop')
    assert.ok(left < rows.length)

    const next = await lab.start(job, checkpointed({ lease: '1d' }), { process })
    await next.when(() => seen.length === rows.length)
    await lab.wait(next.handle.stop())
    assertCounted(seen, rows)
    assert.ok(
      next.events.every(({ kind }) => kind !== 'waiting'),
      'the claim was released',
    )
  })

test('a stop with time enough leaves nothing', async () => {
  const lab = new Lab()
  const process = lab.machine.start()
  const { sink, seen } = slow(process, 0.1)
  const life = await lab.start(countingJob({ source: endless(), sink }), checkpointed(), { process })
  await life.when(() => life.handle.status().records === rows.length)
  await lab.wait(life.handle.stop({ commitMs: 10_000, deadlineMs: 20_000 }))
  assertCounted(seen, rows)
  assert.ok(life.events.every(({ kind }) => kind !== 'commits-left'))
})

test('a call that outlasts the deadline is waited for by the next run of the process, and not made again', async () => {
  const lab = new Lab()
  const process = lab.machine.start()
  const few = rows.slice(0, 20)
  const { sink, seen, begun } = slow(process, 4_000)
  const job = countingJob({ source: pacedSource({ a: few }, { batch: 20 }), sink })
  const life = await lab.start(job, checkpointed({ lease: '1d' }), { process })
  await life.when(() => begun() === 2)
  const before = lab.machine.nowMs
  const stopped = life.handle.stop({ deadlineMs: 100 }).catch((error: unknown) => error)
  assert.equal(codeOf((await lab.wait(stopped)) as never), 'STOPPED')
  assert.ok(lab.machine.nowMs - before < 2_000)
  assert.equal(seen.length, 1)
  const next = await lab.start(job, checkpointed({ lease: 500 }), { process })
  assert.equal(await next.end(), 'finished')
  assertCounted(seen, few)
  assert.equal(begun(), few.length, 'no call twice')
})

test('without checkpoints nothing can be left: a deadline that passes during the commits is an error', async () => {
  const lab = new Lab()
  const process = lab.machine.start()
  const { sink, begun } = slow(process, 20)
  const life = await lab.start(countingJob({ source: endless(), sink }), {}, { process })
  await life.when(() => life.handle.status().records > 1_000)
  const stopped = life.handle.stop({ commitMs: 100, deadlineMs: 1_000 }).catch((error: unknown) => error)
  assert.equal(codeOf((await lab.wait(stopped)) as never), 'STOPPED')
  const left = begun()
  await lab.machine.advance(5_000)
  assert.equal(begun(), left)
})
