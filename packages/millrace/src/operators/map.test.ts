import assert from 'node:assert/strict'
import type { Out } from '../api/process-types.ts'
import type { Stream } from '../api/stream-types.ts'
import { collecting, inBothModes, scripted, TaskHarness, type Row } from '../task/harness.test.ts'

inBothModes('PF-1: map and filter keep the timestamp of the record, or that it has none', async (mode) => {
  const source = scripted(['a'], true)
  const sink = collecting()
  const harness = await TaskHarness.open(
    (job) =>
      job
        .from('s', source.source)
        .map((n: number) => n * 2)
        .filter((n) => n !== 4)
        .to('t', sink.sink),
    mode,
  )
  source.push({ split: 'a', values: [1, 2, 3], timestamps: Float64Array.of(10, 20, Number.NaN) })
  await harness.run()
  assert.deepEqual(sink.written, [
    { value: 2, timestamp: 10 },
    { value: 6, timestamp: undefined },
  ])
})

inBothModes('rules 1.12: a record that several read is frozen, and who changes it is named', async (mode) => {
  const source = scripted()
  const sink = collecting()
  const harness = await TaskHarness.open((job) => {
    const all = job.from('s', source.source)
    all.to('plain', sink.sink)
    all
      .process('spoiler', {
        onRecord(value: Row, _context, _out: Out<Row>) {
          value.n = 2
        },
      })
      .to('spoilt', collecting().sink)
  }, mode)
  source.push({ split: 'a', values: [{ n: 1 }] })
  await harness.run()
  assert.deepEqual(sink.values(), [{ n: 1 }])
  const [error] = harness.errors as { code: string }[]
  assert.equal(error?.code, 'FROZEN_RECORD')
  assert.match(harness.message, /step\/spoiler/)
})

inBothModes('an error of a user function names its step and keeps its cause', async (mode) => {
  const source = scripted()
  const boom = new Error('boom')
  const harness = await TaskHarness.open((job) => {
    job
      .from('s', source.source)
      .process('first', { onRecord: (value: Row, _context, out: Out<Row>) => out.emit(value) })
      .process('second', {
        onRecord() {
          throw boom
        },
      })
      .to('t', collecting().sink)
  }, mode)
  source.push({ split: 'a', values: [1] })
  await harness.run()
  const [error] = harness.errors as { code: string; cause: unknown; message: string }[]
  assert.equal(error?.code, 'USER_CODE')
  assert.equal(error?.cause, boom)
  assert.match(error?.message ?? '', /step\/second/)
  assert.equal(harness.step(), 'idle')
})

inBothModes('DS-1: a stream united with itself gives each record twice', async (mode) => {
  const source = scripted()
  const sink = collecting()
  // The union reads from another task: two edges of one source.
  const build: Parameters<typeof TaskHarness.open>[0] = (job) => {
    const all = job.from('s', source.source)
    all
      .union(all)
      .map((n: number) => n + 1)
      .to('t', sink.sink)
  }
  const upstream = await TaskHarness.open(build, mode)
  source.push({ split: 'a', values: [1, 2] })
  await upstream.run()
  assert.deepEqual(upstream.said, ['0→0 [1,2]', '1→0 [1,2]'])
  const downstream = await TaskHarness.open(build, { ...mode, task: 1 })
  downstream.batch(0, [1])
  downstream.batch(1, [1])
  await downstream.run()
  assert.deepEqual(sink.values(), [2, 2])
})

inBothModes('a promise that a step gives is refused, also where its function is not async by its syntax', async (mode) => {
  const later = (value: unknown): unknown => Promise.resolve(value)
  const jobs: Record<string, (rows: Stream<Row>) => Stream<Row>> = {
    map: (rows) => rows.map((row) => later(row)),
    filter: (rows) => rows.filter((row) => later(row) as boolean),
    process: (rows) => rows.process('p', { onRecord: (row, _context, out: Out<Row>) => (out.emit(row), later(row) as void) }),
    keyed: (rows) =>
      rows.keyBy((row) => row as number).process('p', { onRecord: (row, _context, out: Out<Row>) => (out.emit(row), later(row) as void) }),
  }
  for (const [kind, build] of Object.entries(jobs)) {
    const source = scripted()
    const sink = collecting()
    const harness = await TaskHarness.open((job) => build(job.from('s', source.source)).to('t', sink.sink), mode)
    source.push({ split: 'a', values: [1] })
    await harness.run()
    assert.equal((harness.errors[0] as { code: string } | undefined)?.code, kind === 'map' ? 'UNSUPPORTED_VALUE' : 'PROMISE', kind)
    if (kind === 'map') assert.match(harness.message, /promise/i)
  }
})

inBothModes('what cannot be stored or sent is refused between chained steps as well', async (mode) => {
  class Money {
    readonly cents = 1
  }
  const source = scripted()
  const harness = await TaskHarness.open(
    (job) =>
      job
        .from('s', source.source)
        .map(() => new Money())
        .map((money) => money.cents)
        .to('t', collecting().sink),
    mode,
  )
  source.push({ split: 'a', values: [1] })
  await harness.run()
  assert.equal((harness.errors[0] as { code: string } | undefined)?.code, 'UNSUPPORTED_VALUE')
  assert.match(harness.message, /Money/)
})
