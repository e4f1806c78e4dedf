/** Every option's bad values: a code, and a message that names the option and says what it may be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { RunOptions } from '../api/run-types.ts'
import { arraySource } from '../connectors/array-source.ts'
import { collectSink } from '../connectors/collect-sink.ts'
import { directoryStorage } from '../connectors/directory-storage.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { fileSource } from '../connectors/file-source.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { StreamError } from '../core/errors.ts'
import type { ErrorCode } from '../core/error-codes.ts'
import { settingsOf } from './settings.ts'
import { codeOf, Lab } from './simulated-job.test.ts'

const storage = '/checkpoints'
// Users of plain JavaScript can pass anything.
// `any`: wrong types are the matter.
type Wrong = any

// `null` counts as not given, as `undefined` does.
const whole = [-1, 1.5, Number.NaN, Infinity, '2', {}] as const
const durations = [-1, Number.NaN, Infinity, '', 'soon', '5 s', true, {}] as const

/** Option path, values that it may not have, how to put one into the options. */
const bad: readonly (readonly [
  path: string,
  values: readonly unknown[],
  put: (value: Wrong) => RunOptions & { readonly workers?: Wrong },
  code?: ErrorCode,
])[] = [
  ['workers', whole, (workers) => ({ workers })],
  ['parallelism', [...whole, 0, 1_025], (parallelism) => ({ parallelism })],
  ['keyGroups', [...whole, 0, 1e9], (keyGroups) => ({ keyGroups })],
  ['checkpoints.storage', [undefined, null, 5, {}, ''], (wrong) => ({ checkpoints: { storage: wrong } })],
  ['checkpoints', ['/checkpoints', 5, true], (checkpoints) => ({ checkpoints })],
  ['checkpoints.every', durations, (every) => ({ checkpoints: { storage, every } }), 'INVALID_DURATION'],
  ['checkpoints.every', [0, 9, '9ms'], (every) => ({ checkpoints: { storage, every } })],
  ['checkpoints.timeout', durations, (timeout) => ({ checkpoints: { storage, timeout } }), 'INVALID_DURATION'],
  ['checkpoints.timeout', [0, 0.5], (timeout) => ({ checkpoints: { storage, timeout } })],
  ['checkpoints.lease', durations, (lease) => ({ checkpoints: { storage, lease } }), 'INVALID_DURATION'],
  ['checkpoints.lease', [0, 99], (lease) => ({ checkpoints: { storage, lease } })],
  ['checkpoints.retain', [...whole, 0], (retain) => ({ checkpoints: { storage, retain } })],
  ['restore', ['newest', 7, true], (restore) => ({ restore })],
  [
    'restore.from',
    ['', 'twelve', '/checkpoints/', '/checkpoints/12/', {}, -1, 1.5],
    (from) => ({ checkpoints: { storage: '/checkpoints' }, restore: { from } }),
  ],
  [
    'restore.from',
    ['/other/12', 'checkpoints/12', '/12', '/checkpoints/log/12'],
    (from) => ({ checkpoints: { storage }, restore: { from, acceptLoss: true } }),
  ],
  ['restore.from', ['/checkpoints/12'], (from) => ({ checkpoints: { storage: directoryStorage('/checkpoints') }, restore: { from } })],
  ['restore.acceptLoss', ['no', 1], (acceptLoss) => ({ checkpoints: { storage }, restore: { from: '1', acceptLoss } })],
  ['restore.allowDropped', ['no', 1], (allowDropped) => ({ checkpoints: { storage }, restore: { allowDropped } })],
  ['restart', [5, 'always', true], (restart) => ({ checkpoints: { storage }, restart })],
  ['restart.strategy', [undefined, 'sometimes'], (strategy) => ({ checkpoints: { storage }, restart: { strategy } as Wrong })],
  ['restart.attempts', [...whole, undefined], (attempts) => fixed({ attempts })],
  ['restart.delay', [...durations, undefined], (delay) => fixed({ delay }), 'INVALID_DURATION'],
  ['state', [5, 'much'], (state) => ({ state: state as Wrong })],
  ['state.maxBytes', whole, (maxBytes) => ({ state: { maxBytes: maxBytes as Wrong } })],
  ['restart.failures', [0, -1, 1.5, undefined, 1e9], (failures) => failureRate({ failures })],
  ['restart.per', [...durations, undefined], (per) => failureRate({ per }), 'INVALID_DURATION'],
  ['restart.per', [0], (per) => failureRate({ per })],
  ['restart.initial', durations, (initial) => exponential({ initial }), 'INVALID_DURATION'],
  ['restart.max', durations, (max) => exponential({ max }), 'INVALID_DURATION'],
  ['restart.resetAfter', durations, (resetAfter) => exponential({ resetAfter }), 'INVALID_DURATION'],
  ['restart.multiplier', [0.9, Infinity, Number.NaN, '2'], (multiplier) => exponential({ multiplier })],
  ['restart.jitter', [-0.1, 1.1, Number.NaN, '0'], (jitter) => exponential({ jitter })],
  ['check', ['yes', 1], (check) => ({ check })],
]

function fixed(more: object): RunOptions {
  return { checkpoints: { storage }, restart: { strategy: 'fixed-delay', attempts: 1, delay: 1, ...more } }
}

function failureRate(more: object): RunOptions {
  return { checkpoints: { storage }, restart: { strategy: 'failure-rate', failures: 2, per: '1m', delay: 1, ...more } }
}

function exponential(more: object): RunOptions {
  return { checkpoints: { storage }, restart: { strategy: 'exponential', ...more } }
}

for (const [path, values, put, code = 'INVALID_OPTION'] of bad)
  test(`bad values of ${path}: ${code}`, () => {
    for (const value of values) {
      assert.throws(
        () => settingsOf(put(value)),
        (error) => {
          assert.ok(StreamError.is(error), `${String(value)}: ${String(error)}`)
          assert.equal(error.code, code, `${String(value)}: ${error.message}`)
          assert.ok(error.message.startsWith(path), `${String(value)}: ${error.message}`)
          assert.equal(error.retry, 'never')
          return true
        },
        `${path} may be ${String(value)}`,
      )
    }
  })

test('a restore without a directory to restore from is refused, and a restart that is no strategy says so first', () => {
  const refused: readonly (readonly [options: Wrong, message: string])[] = [
    [{ restore: { from: '3' } }, 'restore needs checkpoints: without them there is nothing to restore.'],
    [{ restart: 'always' }, "restart is 'always': it may be 'none' or {"],
    [{ restart: { strategy: 'exponential' } }, 'restart needs checkpoints'],
  ]
  for (const [options, message] of refused)
    assert.throws(
      () => settingsOf(options),
      (error) => StreamError.is(error) && error.code === 'INVALID_OPTION' && error.message.startsWith(message),
      message,
    )
})

test('a misspelt option is refused by its name, with the right one where it is near', () => {
  const misspelt: readonly (readonly [options: Wrong, message: string])[] = [
    [{ paralellism: 3 }, "A run has no option 'paralellism': did you mean 'parallelism'?"],
    [{ checkpoint: { storage } }, "A run has no option 'checkpoint': did you mean 'checkpoints'?"],
    [{ threads: 3 }, "A run has no option 'threads': there are workers, parallelism, keyGroups, checkpoints, restore,"],
    [{ checkpoints: { storage, evry: '5s' } }, "checkpoints has no option 'evry': did you mean 'every'?"],
    [{ restore: { accept: true } }, "restore has no option 'accept': did you mean 'acceptLoss'?"],
    [fixed({ initial: 1 }), "fixed-delay restart has no option 'initial': there are strategy, attempts, delay."],
    [failureRate({ interval: 1 }), "failure-rate restart has no option 'interval': there are strategy, failures, per, delay."],
    [exponential({ maximum: 3 }), "exponential restart has no option 'maximum': there are strategy, initial, max,"],
  ]
  for (const [options, message] of misspelt)
    assert.throws(
      () => settingsOf(options),
      (error) => StreamError.is(error) && error.code === 'INVALID_OPTION' && error.message.startsWith(message),
      message,
    )
})

test('restore.from names a checkpoint by its number, alone or behind the directory of the run', () => {
  for (const from of ['12', '/checkpoints/12', '/checkpoints//12', '/checkpoints/./12'])
    assert.equal(settingsOf({ checkpoints: { storage }, restore: { from } }).restore.from, 12)
  for (const from of ['chk/12', './chk/12'])
    assert.equal(settingsOf({ checkpoints: { storage: 'chk/' }, restore: { from } }).restore.from, 12)
})

test('a job with workers says NOT_YET and what to do', () => {
  assert.throws(
    () => settingsOf({ workers: 1 }),
    (error) => StreamError.is(error) && error.code === 'NOT_YET' && /parallelism/.test(error.message),
  )
})

test('restarts need checkpoints (RS-1)', () => {
  const restart = { strategy: 'fixed-delay', attempts: 1, delay: 1 } as const
  assert.throws(
    () => settingsOf({ restart }),
    (error) => StreamError.is(error) && error.code === 'INVALID_OPTION' && error.message.startsWith('restart needs checkpoints'),
  )
  assert.deepEqual(settingsOf({ restart: 'none' }).restart, { kind: 'none' })
})

test('without options: one subtask, no checkpoints, no restart, what the storage holds', () => {
  assert.deepEqual(settingsOf({}), {
    parallelism: 1,
    keyGroups: undefined,
    checkpoints: undefined,
    restore: { mode: 'latest', from: undefined, acceptLoss: false, allowDropped: false },
    restart: { kind: 'none' },
    maxStateBytes: undefined,
    check: false,
  })
})

test('defaults of a job with checkpoints', () => {
  const { checkpoints, restart } = settingsOf({ checkpoints: { storage } })
  assert.deepEqual(
    { ...checkpoints, storage: undefined },
    { storage: undefined, everyMs: 1_000, timeoutMs: 600_000, retain: 3, leaseMs: 10_000 },
  )
  assert.equal(checkpoints?.storage.kind, 'directory')
  assert.deepEqual(restart, { kind: 'exponential', initialMs: 1_000, maxMs: 60_000, multiplier: 1.5, jitter: 0.1, resetAfterMs: 3_600_000 })
})

test('texts of durations, a storage of its own, a checkpoint by its number', () => {
  const given = settingsOf({
    parallelism: 4,
    keyGroups: 4,
    checkpoints: { storage: directoryStorage('/x'), every: '1m30s', timeout: '1h', lease: '100ms', retain: 1 },
    restore: { from: '12', acceptLoss: true },
    restart: { strategy: 'fixed-delay', attempts: 0, delay: 0 },
    check: true,
  })
  assert.equal(given.checkpoints?.everyMs, 90_000)
  assert.equal(given.checkpoints?.leaseMs, 100)
  assert.deepEqual(given.restore, { mode: 'latest', from: 12, acceptLoss: true, allowDropped: false })
  assert.equal(settingsOf({ checkpoints: { storage: '/x' }, restore: { from: '0' } }).restore.from, 0)
  assert.deepEqual(given.restart, { kind: 'fixed-delay', attempts: 0, delayMs: 0 })
  const { restart } = settingsOf(failureRate({}))
  assert.deepEqual(restart, { kind: 'failure-rate', failures: 2, perMs: 60_000, delayMs: 1 })
  assert.equal(given.check, true)
})

test('a signal that is none, and a step with more subtasks than key groups, are refused before anything is touched', async () => {
  const lab = new Lab()
  const job = defineJob('job', (builder) => {
    builder
      .from('a', arraySource([1]))
      .keyBy((value) => value)
      .reduce('sum', (a, b) => a + b)
      .parallelism(5)
      .to('b', collectSink<number>([]))
  })
  for (const signal of [5, {}, { aborted: false }] as Wrong[])
    await assert.rejects(
      lab.start(job, { signal }),
      (error) => StreamError.is(error) && error.code === 'INVALID_OPTION' && error.message.startsWith('signal'),
    )
  assert.equal(codeOf(await lab.run(job, { keyGroups: 4 })), 'INVALID_OPTION')
  assert.deepEqual(lab.paths('/'), [])
})

test('a job that would read its checkpoints, or write among them, is refused before anything is written', async () => {
  const started = (path: string, directory: string, checkpoints: string): Promise<unknown> => {
    const lab = new Lab()
    lab.write('/in/a.jsonl', '1\n')
    const job = defineJob('files', (job) => {
      job.from('in', fileSource<number>(path, jsonLines())).to('out', fileSink(directory, jsonLines()))
    })
    const before = lab.picture('')
    return lab.run(job, { checkpoints: { storage: checkpoints } }).catch((error: unknown) => {
      assert.deepEqual(lab.picture(''), before, 'nothing has been written')
      throw error
    })
  }
  const reads = { code: 'INVALID_JOB', message: /source\/in would read the checkpoints of the job, such as .*state\// }
  const writes = { code: 'INVALID_JOB', message: /sink\/out would write into \/out, which holds the checkpoints/ }
  for (const path of ['/in', '/in/**', '/in/state/log/*', '/in/*/beat', '/in/../in/'])
    await assert.rejects(started(path, '/out', '/in/state'), reads, path)
  for (const checkpoints of ['/out', '/out/', '/in/../out']) await assert.rejects(started('/in', '/out', checkpoints), writes, checkpoints)
  for (const path of ['/in/*.jsonl', '/in/a.jsonl', '/in/**/*.jsonl'])
    assert.equal(await started(path, '/out', '/in/state'), 'finished', path)
  assert.equal(await started('/in', '/in/.out', '/in/.state'), 'finished', 'what begins with a dot is not read')
})
