/** State stays as small as what is in it: seen by its statistics after each slice of sweeping, not by the memory of the process. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { listState, mapState, valueState } from '../api/state-specs.ts'
import { eventTimers, processingTimer, processingTimers } from '../api/timers.ts'
import type { Duration } from '../core/duration.ts'
import { callbackSink } from '../connectors/callback-sink.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import type { StateStatistics } from '../state/contract.ts'
import { checkpointed, Lab, pacedSource, rowsOf, type Life, type Options, type Row } from './simulated-job.test.ts'

interface Watched {
  readonly life: Life
  readonly slices: StateStatistics[]
  last(): StateStatistics | undefined
  most(what: keyof StateStatistics): number
}

async function watched(lab: Lab, job: Job<void, unknown>, options: Options): Promise<Watched> {
  const slices: StateStatistics[] = []
  const life = await lab.start(job, options, { watch: { swept: (_subtask, _address, statistics) => void slices.push(statistics) } })
  return { life, slices, last: () => slices.at(-1), most: (what) => Math.max(0, ...slices.map((each) => each[what])) }
}

const NOTHING: StateStatistics = { keys: 0, slots: 0, pendingTimers: 0, deleted: 0 }
const forgotten = (): Options => ({ restart: 'none' })

// ---------------------------------------------------------------- what was deleted

type Churn = 'map' | 'clear' | 'eventTimers' | 'processingTimers'

/** One thing is made and deleted for each row; keys come back, but for `clear`, or are new each time. */
function churning(what: Churn, rows: readonly Row[], endless: boolean = true): Job<void, unknown> {
  return defineJob(`churning-${what}`, (job) => {
    job
      .from('rows', pacedSource({ a: rows }, { batch: 20, endless }), { timestamp: (row: Row) => row.at })
      .keyBy((row) => (what === 'clear' ? `key ${row.n}` : row.key))
      .process('churn', {
        state: { value: valueState<number>(), map: mapState<number, number>() },
        timers: { event: eventTimers(), processing: processingTimers() },
        onRecord({ n, at }, { state, timers, now }, _out: Out<number>) {
          if (what === 'map') {
            state.map.set(n, n)
            state.map.delete(n)
          } else if (what === 'clear') {
            state.value.set(n)
            state.value.clear()
          } else if (what === 'eventTimers') timers.event.add(at)
          else timers.processing.add(now + 1 + (n % 100))
        },
        onTimer: { event() {}, processing() {} },
      })
      .to('out', fileSink('/out', jsonLines()))
  })
}

for (const what of ['map', 'clear', 'eventTimers', 'processingTimers'] as const) {
  test(`what was deleted is freed after each checkpoint: ${what}`, async () => {
    const lab = new Lab()
    const rows = rowsOf('a', 20_000)
    const { life, most, last } = await watched(lab, churning(what, rows), checkpointed())
    await life.when(() => life.handle.status().records === rows.length)
    await lab.machine.advance(1_000)
    // The watermark has not passed the last time.
    assert.deepEqual(last(), what === 'eventTimers' ? { ...NOTHING, keys: 1, slots: 1, pendingTimers: 1 } : NOTHING)
    assert.ok(most('deleted') <= 4_000, `${most('deleted')} of ${rows.length}`)
    assert.ok(most('slots') <= 4_000, `${most('slots')} slots`)
    await lab.wait(life.handle.stop())
  })

  test(`what was deleted is freed without checkpoints: ${what}`, async () => {
    const lab = new Lab()
    const rows = rowsOf('a', 40_000)
    const { life, most, slices } = await watched(lab, churning(what, rows), forgotten())
    await life.when(() => life.handle.status().records === rows.length)
    await lab.machine.advance(1_000)
    assert.ok(slices.length > 0)
    assert.ok(most('deleted') <= 12_000, `${most('deleted')} of ${rows.length}`)
    assert.ok(most('slots') <= 12_000, `${most('slots')} slots`)
    await lab.wait(life.handle.stop())
  })
}

// ---------------------------------------------------------------- time to live

interface Seen {
  readonly n: number
  readonly value: number | undefined
  readonly list: readonly number[]
  readonly map: readonly number[]
}

/** Remembers each row of a key three times over, and emits what it finds of those before. */
function remembering(rows: readonly Row[], ttl: Duration | undefined, everyMs: number): Job<void, unknown> {
  const options = ttl === undefined ? {} : { ttl }
  return defineJob('remembering', (job) => {
    job
      .from('rows', pacedSource({ a: rows }, { batch: 1_000, everyMs, endless: true }))
      .keyBy((row: Row) => row.key)
      .process('remember', {
        state: { value: valueState<number>(options), list: listState<number>(options), map: mapState<number, number>(options) },
        onRecord({ n }, { state }, out: Out<Seen>) {
          out.emit({ n, value: state.value.get(), list: [...state.list], map: [...state.map.keys()] })
          state.value.set(n)
          state.list.add(n)
          state.map.set(n, n)
        },
      })
      .to('out', fileSink('/out', jsonLines()))
  })
}

test('TT-4 values that nobody reads again are removed, and their keys with them, while the job is idle', async () => {
  const lab = new Lab()
  const rows = rowsOf('a', 2_000, 2_000)
  const { life, last, slices } = await watched(lab, remembering(rows, '20s', 10), checkpointed({ every: '5s' }))
  await life.when(() => life.handle.status().records === rows.length)
  await lab.machine.advance(15_000)
  assert.equal(last()?.keys, 2_000)
  await lab.machine.advance(20_000)
  assert.deepEqual(last(), NOTHING)
  const before = slices.length
  await lab.machine.advance(300_000)
  assert.equal(slices.length, before, 'there is nothing to sweep')
  await lab.wait(life.handle.stop())
})

test('TT-4 values are removed while the job is busy', async () => {
  const lab = new Lab()
  // Each row has a key of its own.
  const rows = rowsOf('a', 40_000, 40_000)
  const { life, most } = await watched(lab, remembering(rows, '1s', 100), checkpointed({ every: '1s' }))
  await life.when(() => life.handle.status().records === rows.length)
  assert.ok(most('keys') >= 9_000 && most('keys') <= 30_000, `${most('keys')} keys of ${rows.length}`)
  await lab.wait(life.handle.stop())
})

test('TT-4 an idle task wakes a few times in each time to live, not more', async () => {
  const lab = new Lab()
  const { life, slices, last } = await watched(lab, remembering(rowsOf('a', 30), '1h', 10), forgotten())
  await lab.machine.advance(54 * 60_000)
  assert.equal(last()?.keys, 3)
  assert.ok(slices.length >= 9 && slices.length <= 30, `${slices.length} slices`)
  await lab.machine.advance(18 * 60_000)
  assert.equal(last()?.keys, 0)
  await lab.wait(life.handle.stop())
})

test('TT-5 state restored into a declaration that has got a time to live counts from the restore on', async () => {
  const lab = new Lab()
  const rows = rowsOf('a', 2_001, 1)
  const before = await lab.start(remembering(rows, undefined, 20_000), checkpointed({ every: '1s' }))
  await before.when(() => before.handle.status().records === 1_000)
  await lab.machine.advance(10_000)
  await lab.wait(before.handle.stop())
  await lab.machine.advance(60_000)
  const after = await lab.start(remembering(rows, '10s', 20_000), checkpointed({ every: '1s' }))
  await after.when(() => after.handle.status().records === 1_000)
  await after.when(() => after.handle.status().records === 1_001)
  await lab.wait(after.handle.stop())
  const seen = lab.rows<Seen>()
  const [atRestore, later] = [seen[1_000], seen[2_000]] as [Seen, Seen]
  assert.deepEqual([atRestore.value, atRestore.list.length, atRestore.map.length], [999, 1_000, 1_000], 'all was there at the restore')
  assert.deepEqual([later.value, later.list, later.map], [undefined, [], []], 'and had gone 20 s later')
})

test('TT-5 what counts from a restore on counts from the same time after the next one', async () => {
  const lab = new Lab()
  const rows = rowsOf('a', 3)
  const lives: [ttl: Duration | undefined, ms: number][] = [
    [undefined, 5_000],
    ['20s', 15_000],
    ['20s', 15_000],
  ]
  let found: StateStatistics | undefined
  for (const [ttl, ms] of lives) {
    const { life, last } = await watched(lab, remembering(rows, ttl, 100), checkpointed({ every: '1s' }))
    await lab.machine.advance(ms)
    await lab.wait(life.handle.stop())
    found = last()
  }
  assert.equal(found?.keys, 0)
})

test('a job without state that expires or was deleted is not woken', async () => {
  const lab = new Lab()
  const job = defineJob('quiet', (builder) => {
    builder
      .from('rows', pacedSource({ a: rowsOf('a', 100) }, { endless: true }))
      .keyBy((row: Row) => row.key)
      .process('count', {
        state: { n: valueState({ initial: () => 0 }) },
        timers: { far: processingTimer() },
        onRecord: (_row, { state, timers }, _out: Out<number>) => {
          state.n.update((n) => n + 1)
          timers.far.set(9e15)
        },
        onTimer: { far() {} },
      })
      .to(
        'out',
        callbackSink(() => undefined),
      )
  })
  const { life, slices } = await watched(lab, job, checkpointed({ every: '10s' }))
  await lab.machine.advance(120_000)
  // Slots that were new are looked at once after the first checkpoint.
  assert.ok(slices.length <= 3, `${slices.length} slices`)
  await lab.wait(life.handle.stop())
})
