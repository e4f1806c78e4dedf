/** Jobs that go on with the state of an older version of themselves: `version`, `migrate`, `schema`, and what a restore says of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { listState, mapState, valueState } from '../api/state-specs.ts'
import type { ValueOptions } from '../api/state-types.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import type { StreamError } from '../core/errors.ts'
import type { JobEvent } from '../runtime/monitor.ts'
import { assertCounted, checkpointed, codeOf, Lab, pacedSource, rowsOf, type Counted, type Life } from './simulated-job.test.ts'

const rows = rowsOf('a', 120)
const source = pacedSource({ a: rows }, { everyMs: 12 })
/** Merges as soon as there are two runs. */
const tuning = { compaction: { fanIn: 2, minRewriteBytes: 1 } }

/** How each version writes a number down. */
const forms = {
  1: { of: (n: number): unknown => n, migrate: undefined },
  2: { of: (n: number): unknown => ({ n }), migrate: (old: unknown, from: number): unknown => read(1, old, from, (n) => ({ n })) },
  // It knows nothing of version 1.
  3: {
    of: (n: number): unknown => ({ count: n }),
    migrate: (old: unknown, from: number): unknown => read(2, old, from, (n) => ({ count: n })),
  },
}
type Form = keyof typeof forms

function read(expected: Form, old: unknown, from: number, make: (n: number) => unknown): unknown {
  assert.equal(from, expected, 'only values of the version before are left')
  return make(numberIn(expected, old))
}

function numberIn(version: Form, value: unknown): number {
  const found = typeof value === 'number' ? value : Object.values(value as object)[0]
  assert.deepEqual(value, forms[version].of(found as number), `a value of version ${version}`)
  return found as number
}

interface Given {
  readonly version: Form
  /** Instead of those of the version. */
  readonly options?: ValueOptions<unknown>
  readonly ttl?: '1d'
}

/** Counts the records of each key three times over, in a value, a list and a map, each in the form of its version. */
function counting({ version, options, ttl }: Given): Job<void, unknown> {
  const { of, migrate } = forms[version]
  const own = options ?? { version, ...(migrate === undefined ? {} : { migrate }) }
  const all = { ...own, ...(ttl === undefined ? {} : { ttl }) }
  return defineJob('counting', (job) => {
    job
      .from('rows', source)
      .keyBy((row) => row.key)
      .process('count', {
        state: { value: valueState<unknown>(all), list: listState<unknown>(all), map: mapState<number, unknown>(all) },
        onRecord({ n }, { key, state: { value, list, map } }, out: Out<Counted>) {
          const before = value.get()
          const seq = before === undefined ? 1 : numberIn(version, before) + 1
          value.set(of(seq))
          list.add(of(seq))
          map.set(seq, of(seq))
          // A key that is gone and comes back, and one that goes for good.
          map.delete(seq - 3)
          assert.deepEqual(
            [...list].map((each) => numberIn(version, each)),
            Array.from({ length: seq }, (_none, i) => i + 1),
          )
          assert.deepEqual(
            [...map.keys()].toSorted((a, b) => a - b),
            [seq - 2, seq - 1, seq].filter((each) => each > 0),
          )
          for (const [each, stored] of map) assert.equal(numberIn(version, stored), each)
          out.emit({ key, seq, n })
        },
      })
      .to('out', fileSink('/out', jsonLines()))
  })
}

/** Goes on until so many more records are read, and stops. */
async function stopped(lab: Lab, job: Job<void, unknown>, options: Parameters<typeof checkpointed>[1] = {}, records = 15): Promise<Life> {
  const life = await lab.start(job, checkpointed({}, options), { tuning })
  await life.when(() => life.handle.status().records >= records)
  await lab.wait(life.handle.stop())
  return life
}

function restoring({ events }: Life): Extract<JobEvent, { kind: 'restoring' }> {
  return events.find((event) => event.kind === 'restoring') as Extract<JobEvent, { kind: 'restoring' }>
}

async function refused(lab: Lab, job: Job<void, unknown>, options: Parameters<typeof checkpointed>[1] = {}): Promise<StreamError> {
  const before = lab.picture('/checkpoints/chunks')
  const life = await lab.start(job, checkpointed({}, options), { tuning })
  const end = await life.end()
  assert.ok(typeof end === 'object', `${String(end)}: it was to be refused`)
  await lab.machine.runUntilIdle()
  assert.deepEqual(lab.picture('/checkpoints/chunks'), before, 'the checkpoint is as it was')
  return end
}

for (const { ttl, parallelism } of [{ parallelism: 1 }, { parallelism: 3 }, { ttl: '1d', parallelism: 2 }] as const)
  test(`SE-1, SE-2: values, elements and entries of an older version are migrated, ${parallelism} subtasks${ttl === undefined ? '' : ', a time to live is added'}`, async () => {
    const lab = new Lab()
    await stopped(lab, counting({ version: 1 }))
    const second = await stopped(lab, counting({ version: 2, ...(ttl === undefined ? {} : { ttl }) }), { parallelism })
    assert.deepEqual(restoring(second).migrated, [
      { state: 'step/count.value', from: 1, to: 2 },
      { state: 'step/count.list', from: 1, to: 2 },
      { state: 'step/count.map', from: 1, to: 2 },
    ])
    assert.deepEqual(restoring(second).kept, ['source/rows', 'sink/out'])
    // Its migrate refuses whatever is still of version 1.
    const third = await lab.start(counting({ version: 3 }), checkpointed(), { tuning })
    assert.equal(await third.end(), 'finished')
    assertCounted(lab.rows<Counted>(), rows)
  })

test('a checkpoint after a migration names the new version, and a restore from it migrates nothing', async () => {
  const lab = new Lab()
  await stopped(lab, counting({ version: 1 }))
  await stopped(lab, counting({ version: 2 }))
  const migrate = (): never => assert.fail('nothing is left to be migrated')
  const life = await lab.start(counting({ version: 2, options: { version: 2, migrate } }), checkpointed(), { tuning })
  assert.equal(await life.end(), 'finished')
  assert.deepEqual(restoring(life).migrated, [])
  assert.ok(restoring(life).kept.includes('step/count.list'))
  assertCounted(lab.rows<Counted>(), rows)
})

const points = [
  'restore.run',
  'restore.runRead',
  'restore.opened',
  'task.held',
  'task.encode',
  'task.encoded',
  'task.acknowledged',
  'checkpoint.stored',
  'commit.after',
  'upkeep.mergeChunk',
]
for (const point of points)
  for (const death of ['kill', 'powerLoss'] as const)
    test(`a ${death} at ${point} while a migration is not in a checkpoint yet, or just is, loses and repeats nothing`, async () => {
      const lab = new Lab()
      await stopped(lab, counting({ version: 1 }))
      for (let kills = 0; kills < 3; kills++) {
        let left = kills
        lab.machine.crashPoint = (name) => (name === point && left-- === 0 ? death : undefined)
        const life = await lab.start(counting({ version: 2 }), checkpointed(), { tuning })
        await life.end()
      }
      lab.machine.crashPoint = undefined
      assert.match(String(await lab.run(counting({ version: 2 }), checkpointed(), { tuning })), /finished/)
      assertCounted(lab.rows<Counted>(), rows)
    })

test('a refusal names everything that does not fit, with what to do about each', async () => {
  const lab = new Lab()
  await stopped(lab, counting({ version: 2 }))
  const changed = defineJob('counting', (job) => {
    job
      .from('lines', source)
      .keyBy((row) => row.key)
      .process('count', {
        state: { value: listState<number>(), list: listState<number>({ version: 3 }), map: mapState<number, number>({ version: 1 }) },
        onRecord: () => undefined,
      })
      .to('out', fileSink('/out', jsonLines()))
  })
  const error = await refused(lab, changed, { keyGroups: 7 })
  assert.equal(error.code, 'KEY_GROUPS_CHANGED')
  for (const part of [
    /7 key groups.*1024/,
    /step\/count\.value was value and is list: give the new state a new name/,
    /step\/count\.list was written by version 2 and is version 3 without migrate: give it migrate/,
    /step\/count\.map was written by version 2 and is version 1: run the job that has version 2/,
    /no place for: source\/rows\..*--allow-dropped/,
  ])
    assert.match(error.message, part)
  assert.deepEqual(error.details?.['dropped'], ['source/rows'])
  assert.equal((error.details?.['states'] as unknown[] | undefined)?.length, 3)
})

test('a step that holds nothing yet may change in every way', async () => {
  const lab = new Lab()
  const empty = (kind: 'value' | 'list', version: number): Job<void, unknown> =>
    defineJob('counting', (job) => {
      job
        .from('rows', source)
        .keyBy((row) => row.key)
        .process('idle', { state: { s: kind === 'value' ? valueState({ version }) : listState({ version }) }, onRecord: () => undefined })
        .to('out', fileSink('/out', jsonLines()))
    })
  await stopped(lab, empty('value', 5))
  await stopped(lab, empty('value', 2))
  assert.equal(await lab.run(empty('list', 1), checkpointed()), 'finished')
})

test('a migrate that throws, or gives what cannot be stored, is told with step, state, key and version', async () => {
  const lab = new Lab()
  await stopped(lab, counting({ version: 1 }))
  const thrown = await refused(
    lab,
    counting({
      version: 2,
      options: {
        version: 2,
        migrate() {
          throw new Error('no idea')
        },
      },
    }),
  )
  assert.equal(thrown.code, 'MIGRATE_FAILED')
  assert.match(thrown.message, /"(value|list|map)" of step\/count failed for the key "k\d", whose value is of version 1: no idea/)
  assert.equal((thrown.cause as Error).message, 'no idea')
  const { step, fromVersion, toVersion } = thrown.details ?? {}
  assert.deepEqual([step, fromVersion, toVersion], ['step/count', 1, 2])
  const promised = await refused(lab, counting({ version: 2, options: { version: 2, migrate: () => Promise.resolve(1) } }))
  assert.equal(promised.code, 'MIGRATE_FAILED')
  assert.match(promised.message, /what it gave.*promise/i)
  assert.equal(await lab.run(counting({ version: 2 }), checkpointed()), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
})

test('a migrate that gives undefined clears a value, as set does', async () => {
  const lab = new Lab()
  const last = (options: ValueOptions<number | undefined>): Job<void, unknown> =>
    defineJob('last', (job) => {
      job
        .from('rows', source)
        .keyBy((row) => row.key)
        .process('last', {
          state: { last: valueState<number | undefined>(options) },
          onRecord({ n }, { state }, out: Out<{ n: number; before: number | null }>) {
            out.emit({ n, before: state.last.get() ?? null })
            state.last.set(n)
          },
        })
        .to('out', fileSink('/out', jsonLines()))
    })
  await stopped(lab, last({}), {}, 20)
  const done = lab.rows<unknown>().length
  await lab.run(last({ version: 2, migrate: (old) => ((old as number) % 3 === 0 ? undefined : (old as number)) }), checkpointed())
  const next = lab.rows<{ n: number; before: number | null }>().slice(done, done + 3)
  // The last of each key was n - 3: of one of the three that is a multiple of three, and cleared.
  for (const { n, before } of next) assert.equal(before, n % 3 === 0 ? null : n - 3)
  assert.equal(next.length, 3)
})

test('restored values are looked at by the schema of their state, the migrated ones after it', async () => {
  const lab = new Lab()
  await stopped(lab, counting({ version: 1 }))
  const wrong = await refused(lab, counting({ version: 1, options: { schema: z.object({ n: z.number() }) } }))
  assert.equal(wrong.code, 'INVALID_STATE')
  assert.match(wrong.message, /the state "\w+" of step\/count holds for the key "k\d" .*does not pass its schema/)
  assert.equal(wrong.details?.['step'], 'step/count')
  const options = { version: 2, schema: z.object({ n: z.number() }) }
  const migrated = await refused(lab, counting({ version: 2, options: { ...options, migrate: (old) => ({ n: String(old) }) } }))
  assert.equal(migrated.code, 'INVALID_STATE')
  assert.match(migrated.message, /n: .*expected number/)
  const right = counting({ version: 2, options: { ...options, migrate: (old) => ({ n: old as number }) } })
  assert.equal(await lab.run(right, checkpointed()), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
})

test('without a schema the log warns of values of another form than those that were restored, once for each state', async () => {
  const lab = new Lab()
  await stopped(lab, counting({ version: 2 }))
  const unaware = counting({ version: 3, options: { version: 2 } })
  const failing = await lab.start(unaware, checkpointed(), { tuning })
  // It cannot read what it finds: that is what the warning is about.
  assert.equal(codeOf(await failing.end()), 'USER_CODE')
  const other = new Lab()
  const list = (form: Form): Job<void, unknown> =>
    defineJob('list', (job) => {
      job
        .from('rows', source)
        .keyBy((row) => row.key)
        .process('l', { state: { l: listState<unknown>() }, onRecord: ({ n }, { state }) => state.l.add(forms[form].of(n)) })
        .to('out', fileSink('/out', jsonLines()))
    })
  await stopped(other, list(2))
  const life = await other.start(list(3), checkpointed())
  assert.equal(await life.end(), 'finished')
  const warnings = life.process.logged.filter(({ event }) => event.includes('another form'))
  assert.deepEqual(
    warnings.map(({ fields }) => fields),
    [{ state: 'step/l.l', writes: '{ count }', restored: '{ n }' }],
  )
})

test('nothing is warned of forms that any restored run has, whichever subtask wrote it', async () => {
  const lab = new Lab()
  const mixed = defineJob('mixed', (job) => {
    job
      .from('rows', source)
      .keyBy((row) => row.n % 30)
      .process('m', {
        state: { m: valueState<object>() },
        open: ({ subtask }) => `form${subtask}`,
        onRecord({ n }, { resource, state }) {
          const [form = resource] = Object.keys(state.m.get() ?? {})
          state.m.set({ [form]: n })
        },
      })
      .to('out', fileSink('/out', jsonLines()))
  })
  await stopped(lab, mixed, { parallelism: 3 }, 30)
  const life = await lab.start(mixed, checkpointed({}, { parallelism: 1 }))
  assert.equal(await life.end(), 'finished')
  assert.deepEqual(
    life.process.logged.filter(({ event }) => event.includes('another form')),
    [],
  )
})

test('what was dropped stays dropped when runs are merged', async () => {
  const lab = new Lab()
  const noted = (withNote: boolean): Job<void, unknown> =>
    defineJob('noted', (job) => {
      job
        .from('rows', source)
        .keyBy((row) => row.key)
        .process('count', {
          state: { seq: valueState({ initial: () => 0 }), ...(withNote ? { note: listState<number>() } : {}) },
          onRecord({ n }, { key, state }, out: Out<Counted>) {
            state.seq.update((seq) => seq + 1)
            const { note } = state as { note?: { add(value: number): void; readonly size: number } }
            note?.add(n)
            out.emit({ key, seq: state.seq.get(), n })
          },
        })
        .to('out', fileSink('/out', jsonLines()))
    })
  await stopped(lab, noted(true))
  await stopped(lab, noted(false), { restore: { allowDropped: true } }, 25)
  await stopped(lab, noted(false), {}, 5)
  assert.equal(await lab.run(noted(true), checkpointed(), { tuning }), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
})

test('a running job says as data what became of its state', async () => {
  const lab = new Lab()
  const first = await lab.start(counting({ version: 1 }), checkpointed())
  await first.when(() => first.handle.status().records >= 15)
  assert.equal(first.handle.status().restored, undefined, 'it started from nothing')
  await lab.wait(first.handle.stop())
  const second = await lab.start(counting({ version: 2 }), checkpointed())
  await second.end()
  assert.deepEqual(second.handle.status().restored?.migrated[0], { state: 'step/count.value', from: 1, to: 2 })
})
