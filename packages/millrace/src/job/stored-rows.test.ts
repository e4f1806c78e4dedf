/** Sinks that keep records in checkpoints: what can be a record can be in one, and is as it was when it was emitted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aggregator } from '../api/aggregates.ts'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { defineSink, type Plain, type Sink } from '../connect/contract.ts'
import { arraySource } from '../connectors/array-source.ts'
import { callbackSink } from '../connectors/callback-sink.ts'
import { collectSink } from '../connectors/collect-sink.ts'
import { MAX_STAGED_BYTES } from '../connectors/committed-rows.ts'
import { checkpointed, checkpointsOf, Lab, pacedSource, type Options } from './simulated-job.test.ts'

const records: readonly unknown[] = [
  { at: new Date(1e12), never: new Date(Number.NaN) },
  { byKey: new Map<unknown, unknown>([[1n, new Set(['a', undefined])]]) },
  { missing: undefined, list: [undefined, null, -0, Number.NaN] },
  undefined,
  null,
  2n ** 80n,
  new Uint8Array([0, 255]),
  new Float64Array([1.5]),
  'lone \ud800',
  JSON.parse('{ "__proto__": 1, "a b": [{}, []] }'),
]

/** Found by hand: the checkpoint was written and could not be read, and so the records of callbackSink were lost. */
test('whatever can be a record is handed over by a new process, which has it from the checkpoint alone', async () => {
  for (const make of [collectSink, (into: unknown[]): Sink<unknown> => callbackSink((row) => void into.push(row))]) {
    const lab = new Lab()
    const seen: unknown[] = []
    const jobWith = (sink: Sink<unknown>): Job<void, unknown> =>
      defineJob('storing', (builder) => {
        builder.from('rows', pacedSource({ a: records }, { batch: records.length, endless: true })).to('out', sink)
      })
    const first = await lab.start(jobWith(callbackSink(() => new Promise(() => undefined))), checkpointed({ every: 50 }))
    await first.when(() => first.handle.status().records === records.length)
    await first.until('checkpoint', checkpointsOf(first.events).length + 2)
    lab.machine.kill(first.process)
    const again = await lab.start(jobWith(make(seen)), checkpointed({ every: 50, lease: 1_000 }))
    await again.when(() => seen.length >= records.length)
    await lab.wait(again.handle.stop())
    assert.deepEqual(seen, records)
  }
})

test('a record that cannot be stored is told with sink and path before any checkpoint holds it', async () => {
  const many: unknown[] = Array.from({ length: 200 }, (_zero, n) => ({ n, deep: [n === 150 ? new URL('http://a') : 1] }))
  const job = defineJob('odd', (builder) => {
    builder.from('rows', arraySource(many)).to(
      'out',
      callbackSink(() => undefined),
    )
  })
  for (const options of [checkpointed(), {}]) {
    const end = await new Lab().run(job, options)
    assert.ok(typeof end === 'object' && end.code === 'UNSUPPORTED_VALUE')
    assert.match(end.message, /a record for sink\/out\.deep\[0\] is an instance of the class URL/)
  }
})

const leaking = aggregator<number, number[], readonly number[]>({
  create: () => [],
  add: (all, n) => {
    all.push(n)
    return all
  },
  merge: (a, b) => [...a, ...b],
  result: (all) => all,
})

/** Rules 1.7 h. Found by hand: the rows of a rolling aggregate were all the same, the last one. */
for (const [name, options] of [
  ['with checkpoints', checkpointed()],
  ['without', {}],
] as readonly (readonly [string, Options])[])
  test(`${name}, a row is what was emitted, whatever its function does with the object later`, async () => {
    const lab = new Lab()
    const lists: unknown[] = []
    const counts: unknown[] = []
    const job = defineJob('later', (builder) => {
      const numbers = builder.from('n', arraySource([1, 2, 3]))
      numbers
        .keyBy(() => 'all')
        .aggregate('lists', { list: leaking })
        .to(
          'lists',
          callbackSink((row) => void lists.push(row.list)),
        )
      numbers
        .process('count', {
          onRecord(n, _context, out: Out<{ n: number }>) {
            const row = { n }
            out.emit(row)
            row.n = 0
          },
        })
        .to('counts', collectSink(counts))
    })
    assert.equal(await lab.run(job, options), 'finished')
    assert.deepEqual(lists, [[1], [1, 2], [1, 2, 3]])
    assert.deepEqual(counts, [{ n: 1 }, { n: 2 }, { n: 3 }])
  })

test('what a callback does with its record changes no other', async () => {
  for (const options of [checkpointed(), {}]) {
    const lab = new Lab()
    const seen: unknown[] = []
    const job = defineJob('changing', (builder) => {
      const rows = builder.from('n', arraySource([{ n: 1 }]))
      const take = (row: { n: number; at?: string }): void => {
        row.at = 'now'
        row.n++
        seen.push(row)
      }
      rows.to('one', callbackSink(take))
      rows.to('two', callbackSink(take))
    })
    assert.equal(await lab.run(job, options), 'finished')
    assert.deepEqual(seen, [
      { n: 2, at: 'now' },
      { n: 2, at: 'now' },
    ])
  }
})

/** Rules 1.4: a barrier waits for the end of what has begun, so nothing can be taken from the writer in between. */
test('more records at once than a checkpoint may hold end the job with the name of the sink; without checkpoints they are only in memory', async () => {
  const count = MAX_STAGED_BYTES / 1_000_000 + 1
  const job = (sink: Sink<string>): Job<void, unknown> =>
    defineJob('much', (builder) => {
      builder
        .from('n', arraySource([1]))
        .process('burst', {
          onRecord(_n, _context, out: Out<string>) {
            for (let i = 0; i < count; i++) out.emit('x'.repeat(1_000_000))
          },
        })
        .to('out', sink)
    })
  for (const make of [(): Sink<string> => callbackSink<string>(() => undefined), (): Sink<string> => collectSink<string>([])]) {
    const life = await new Lab().start(job(make()), checkpointed({}, { restart: { strategy: 'fixed-delay', attempts: 3, delay: 10 } }))
    const end = await life.end()
    assert.ok(typeof end === 'object' && end.code === 'STAGED_LIMIT', String(end))
    assert.match(end.message, /^sink\/out would have to keep more than 67108864 bytes .* fileSink/)
    assert.equal(life.handle.status().restarts, 0)
  }
  let taken = 0
  const sink = callbackSink<string>((row) => void (taken += row.length))
  assert.equal(await new Lab().run(job(sink), {}), 'finished')
  assert.ok(taken > MAX_STAGED_BYTES)
})

test('the size of a checkpoint counts the records that wait in its entry', async () => {
  const life = await new Lab().start(
    defineJob('sized', (builder) => {
      builder.from('rows', pacedSource({ a: ['x'.repeat(10_000)] }, { endless: true })).to(
        'out',
        callbackSink(() => new Promise(() => undefined)),
      )
    }),
    checkpointed(),
  )
  await life.when(() => life.handle.status().records === 1)
  await life.until('checkpoint', checkpointsOf(life.events).length + 2)
  const info = life.events.flatMap((event) => (event.kind === 'checkpoint' ? [event.info] : [])).at(-1)
  assert.ok(info !== undefined && info.sizeBytes > 10_000 && info.newBytes === info.sizeBytes, JSON.stringify(info))
})

test('a sink that wants to have stored what is no plain data ends the job with its name, and is not tried again', async () => {
  let pending: unknown[] = []
  const sink = defineSink<unknown, Plain>({
    kind: 'dates',
    delivery: 'at-least-once',
    open: async () => ({
      write: (value) => pending.push(value) < 1_000,
      ready: async () => undefined,
      seal: () => {
        const committables = pending as Plain[]
        pending = []
        return { durable: Promise.resolve({ committables }) }
      },
      close: async () => undefined,
    }),
    committer: async () => ({
      commit: async (committables) => committables.map(() => ({ kind: 'committed' })),
      withdraw: async () => undefined,
      close: async () => undefined,
    }),
  })
  const job = defineJob('dates', (builder) => {
    builder.from('n', arraySource([1, { at: [new Date(0)] }])).to('out', sink)
  })
  const life = await new Lab().start(job, checkpointed({}, { restart: { strategy: 'fixed-delay', attempts: 3, delay: 10 } }))
  const end = await life.end()
  assert.ok(typeof end === 'object' && end.code === 'UNSUPPORTED_VALUE', String(end))
  assert.match(end.message, /^sink\/out gave .*: committable\.at\[0\] is of the class Date\./)
  assert.equal(life.handle.status().restarts, 0)
})
