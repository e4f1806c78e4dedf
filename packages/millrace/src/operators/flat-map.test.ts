import assert from 'node:assert/strict'
import { collecting, inBothModes, scripted, settle, TaskHarness } from '../task/harness.test.ts'

function* naturals(from: number): Generator<number> {
  for (let n = from; ; n++) yield n
}

inBothModes('rules 1.10: an endless iterable is interrupted when there is no room and goes on where it was', async (mode) => {
  const source = scripted()
  const harness = await TaskHarness.open(
    (job) => {
      job
        .from('s', source.source)
        .flatMap((n: number) => naturals(n))
        .keyBy((n) => n)
        .reduce('r', (a) => a)
        .to('t', collecting().sink)
    },
    { ...mode, chainKeyed: false, batchRecords: 2, credits: 1 },
  )
  harness.creditsAtOnce = false
  source.push({ split: 'a', values: [0] })
  await harness.run()
  assert.deepEqual(harness.said, ['0→0 [0,1]'])
  harness.task.credit(0, 0, 1)
  await harness.run()
  harness.task.credit(0, 0, 1)
  await harness.run()
  assert.deepEqual(harness.said, ['0→0 [0,1]', '0→0 [2,3]', '0→0 [4,5]'])
})

inBothModes('rules 1.10: an endless iterable of which nothing leaves lets others have their turn', async (mode) => {
  const source = scripted()
  const harness = await TaskHarness.open(
    (job) =>
      job
        .from('s', source.source)
        .flatMap((n: number) => naturals(n))
        .filter(() => false)
        .to('t', collecting().sink),
    mode,
  )
  source.push({ split: 'a', values: [0, 1] })
  harness.step() // finds that its source has something
  await settle()
  for (let i = 0; i < 20; i++) assert.equal(harness.step(), 'more')
})

inBothModes('PF-1: what flatMap gives has the timestamp of its input; arrays and iterables keep their order', async (mode) => {
  for (const credits of [1, 2]) {
    const source = scripted(['a'], true)
    const sink = collecting()
    sink.isFull = true
    const harness = await TaskHarness.open(
      (job) =>
        job
          .from('s', source.source)
          .flatMap((n: number) => (n % 2 === 0 ? [n, n + 0.5] : new Set([n, n + 0.5])))
          .flatMap((n) => [n, -n])
          .to('t', sink.sink),
      { ...mode, credits },
    )
    source.push({ split: 'a', values: [1, 2, 3], timestamps: Float64Array.of(10, 20, 30) })
    for (let i = 0; i < 20; i++) {
      await harness.run()
      assert.equal(sink.written.length, Math.min(i + 1, 12), 'one record, then full')
      sink.makeRoom()
    }
    assert.deepEqual(sink.values(), [1, -1, 1.5, -1.5, 2, -2, 2.5, -2.5, 3, -3, 3.5, -3.5])
    assert.deepEqual(
      sink.written.map(({ timestamp }) => timestamp),
      [10, 10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30],
    )
  }
})

inBothModes('T1: a barrier waits for what flatMap has begun', async (mode) => {
  const source = scripted()
  const sink = collecting()
  sink.isFull = true
  const harness = await TaskHarness.open(
    (job) =>
      job
        .from('s', source.source)
        .flatMap((n: number) => [n, n, n])
        .to('t', sink.sink),
    mode,
  )
  source.push({ split: 'a', values: [1] }, { split: 'a', values: [2] })
  await harness.run()
  harness.task.barrier(1, 'checkpoint')
  await harness.run()
  assert.deepEqual(harness.said, [])
  sink.makeRoom()
  await harness.run()
  assert.deepEqual([sink.values(), harness.said], [[1, 1], []])
  sink.makeRoom()
  await harness.run()
  // The third came out and made the writer full: the work is done, the gate is closed.
  sink.makeRoom()
  await harness.run()
  assert.deepEqual(harness.said, ['held 1', 'snapshot 1'])
  assert.deepEqual(sink.values(), [1, 1, 1, 2])
  assert.deepEqual(harness.snapshots[0]?.operators['source/s'], {
    kind: 'source',
    splits: { a: { position: 1, maxTimestamp: Number.NEGATIVE_INFINITY, ended: false } },
  })
})

inBothModes('what flatMap was given and cannot go through is told in words of the user', async (mode) => {
  for (const [given, says] of [
    [3, 'a number'],
    [undefined, 'undefined'],
    [{}, 'an object'],
  ] as const) {
    const source = scripted()
    const harness = await TaskHarness.open(
      (job) =>
        job
          .from('s', source.source)
          .flatMap(() => given as never)
          .to('t', collecting().sink),
      mode,
    )
    source.push({ split: 'a', values: [0] })
    await harness.run()
    assert.match((harness.errors[0] as Error).message, new RegExp(`flatMap was given ${says}, which is no array`))
  }
})
