import assert from 'node:assert/strict'
import { agg } from '../api/aggregates.ts'
import { collecting, inBothModes, scripted, TaskHarness } from '../task/harness.test.ts'

inBothModes('DS-2: a rolling reduce gives one output per input, the first as it is, with the timestamp of the input', async (mode) => {
  const source = scripted(['a'], true)
  const sink = collecting()
  const harness = await TaskHarness.open(
    (job) =>
      job
        .from('s', source.source)
        .keyBy((row: { k: string; n: number }) => row.k)
        .reduce('sum', (a, b) => ({ k: b.k, n: a.n + b.n }))
        .to('t', sink.sink),
    mode,
  )
  const first = { k: 'x', n: 1 }
  source.push({
    split: 'a',
    values: [first, { k: 'y', n: 10 }, { k: 'x', n: 2 }, { k: 'x', n: 3 }],
    timestamps: Float64Array.of(5, 6, 7, Number.NaN),
  })
  await harness.run()
  assert.deepEqual(sink.written, [
    { value: { k: 'x', n: 1 }, timestamp: 5 },
    { value: { k: 'y', n: 10 }, timestamp: 6 },
    { value: { k: 'x', n: 3 }, timestamp: 7 },
    { value: { k: 'x', n: 6 }, timestamp: undefined },
  ])
  assert.equal(sink.written[0]?.value, first)
})

inBothModes('DS-2, DS-3: rolling aggregates give a row per input, with one and with several aggregates', async (mode) => {
  const source = scripted()
  const [one, many] = [collecting(), collecting()]
  const harness = await TaskHarness.open((job) => {
    const keyed = job.from('s', source.source).keyBy((row: { k: number; n: number }) => row.k)
    keyed.aggregate('one', { count: agg.count() }).to('t', one.sink)
    keyed.aggregate('many', { sum: agg.sum((row) => row.n), best: agg.maxBy((row) => row.n) }).to('u', many.sink)
  }, mode)
  source.push({
    split: 'a',
    values: [
      { k: 1, n: 5 },
      { k: 2, n: 1 },
      { k: 1, n: 5 },
    ],
  })
  await harness.run()
  assert.deepEqual(one.values(), [
    { key: 1, count: 1 },
    { key: 2, count: 1 },
    { key: 1, count: 2 },
  ])
  assert.deepEqual(many.values(), [
    { key: 1, sum: 5, best: { k: 1, n: 5 } },
    { key: 2, sum: 1, best: { k: 2, n: 1 } },
    { key: 1, sum: 10, best: { k: 1, n: 5 } },
  ])
})

inBothModes('rules 1.8: -0 and 0 are one key, 1 and "1" are two; the row carries the key as it came', async (mode) => {
  const source = scripted()
  const sink = collecting()
  const harness = await TaskHarness.open(
    (job) =>
      job
        .from('s', source.source)
        .keyBy((key: string | number) => key)
        .aggregate('n', { n: agg.count() })
        .to('t', sink.sink),
    mode,
  )
  source.push({ split: 'a', values: [0, -0, 1, '1', 1] })
  await harness.run()
  assert.deepEqual(
    sink.values().map(({ key, n }) => [typeof key, Number(key) + 0, n]),
    [
      ['number', 0, 1],
      ['number', 0, 2],
      ['number', 1, 1],
      ['string', 1, 1],
      ['number', 1, 2],
    ],
  )
})

inBothModes('a key that is none is an error that names the step', async (mode) => {
  const source = scripted()
  const harness = await TaskHarness.open(
    (job) =>
      job
        .from('s', source.source)
        .keyBy(() => ({}) as never)
        .aggregate('n', { n: agg.count() })
        .to('t', collecting().sink),
    mode,
  )
  source.push({ split: 'a', values: [0] })
  await harness.run()
  assert.equal((harness.errors[0] as { code: string }).code, 'INVALID_KEY')
})
