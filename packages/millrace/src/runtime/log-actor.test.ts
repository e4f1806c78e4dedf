import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MANIFEST_FORMAT, type Manifest } from '../checkpoint/manifest.ts'
import { OpenDirectory } from '../connectors/directory-storage-open.ts'
import { StreamError } from '../core/errors.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import { LogActor } from './log-actor.ts'

/**
 * Found by the attack `sim` (seed 1211): a process that was stopped for seconds woke up, its attempt failed, and while it waited
 * for its restart it saw that another one had the job. It then asked for a new claim, and waited for an answer for ever.
 */
test('whoever has lost the log is told so by everything that it asks for afterwards', async () => {
  const env = virtualEnv({ seed: 1 })
  const storage = new OpenDirectory(env, '/checkpoints')
  const lost: string[] = []
  const log = new LogActor({
    storage,
    env,
    lost: (error) => lost.push(error.code),
    waiting: () => undefined,
    log: {
      job: 'job',
      self: env.processes.self(),
      token: 'one',
      leaseMs: 1_000,
      pollMs: 100,
      retain: 1,
      restore: 'latest',
      abandoned: [],
      maxTries: 3,
      nameOf: (entry) => storage.nameOf({ entry }),
    },
  })
  await env.machine.run(log.start())
  await env.machine.advance(50)
  await env.machine.run(storage.beat({ epoch: 7, count: 1, newestEntry: 1 }))
  await env.machine.advance(1_000)
  assert.deepEqual(lost, ['FENCED'])
  for (const ask of [() => log.claimAgain('two', -1), () => log.append({ kind: 'release', usedTo: -1 })]) {
    await assert.rejects(env.machine.run<unknown>(ask()), (error) => StreamError.is(error) && error.code === 'FENCED')
  }
  log.close()
})

interface Opened {
  readonly env: Process
  readonly storage: OpenDirectory
  readonly log: LogActor
  readonly lost: string[]
}

type Process = ReturnType<typeof virtualEnv>

/** A log of its own, or another of the same storage. */
function opened(from?: { readonly env: Process; readonly token: string }): Opened {
  const env = from?.env ?? virtualEnv({ seed: 1 })
  const storage = new OpenDirectory(env, '/checkpoints')
  const lost: string[] = []
  const log = new LogActor({
    storage,
    env,
    lost: (error) => lost.push(error.code),
    waiting: () => undefined,
    log: {
      job: 'job',
      self: env.processes.self(),
      token: from?.token ?? 'one',
      leaseMs: 1_000,
      pollMs: 100,
      retain: 1,
      restore: 'latest',
      abandoned: [],
      maxTries: 3,
      nameOf: (entry) => storage.nameOf({ entry }),
    },
  })
  return { env, storage, log, lost }
}

const manifest: Manifest = {
  format: MANIFEST_FORMAT,
  job: 'job',
  epoch: 1,
  checkpoint: 0,
  createdAtMs: 0,
  reason: 'first',
  keyGroups: 16,
  planHash: '0'.repeat(64),
  operators: {},
  chunks: [],
}
const codeOf = (error: unknown): string => (StreamError.is(error) ? error.code : String(error))

test('a claim that is asked for while an entry is on its way gets its own answer, after that of the entry', async () => {
  const { env, log } = opened()
  await env.machine.run(log.start())
  const answers: string[] = []
  const appended = log.append({ kind: 'checkpoint', manifest }).then(({ number }) => answers.push(`entry ${number}`))
  const claimed = log.claimAgain('two', 0).then((started) => {
    assert.ok(started.kind === 'owner')
    answers.push(`epoch ${started.ownership.epoch} at ${started.ownership.claim}`)
  })
  await env.machine.run(Promise.all([appended, claimed]))
  assert.deepEqual(answers, ['entry 2', 'epoch 2 at 3'])
  log.close()
})

/**
 * Found by the attack `sim` (seed 100452): a heartbeat was slow, the next entry brought another one, and the process waited at its end for
 * that alone. The file that the slow one was writing stayed for ever.
 */
test('whoever closes a log waits for every heartbeat under way, not for the last one alone', async () => {
  const { env, log } = opened()
  await env.machine.run(log.start())
  await env.machine.advance(50)
  let isFirst = true
  env.machine.faults = ({ kind, path }) => {
    if (kind !== 'append' || !path.includes('.beat.') || !isFirst) return undefined
    isFirst = false
    return { kind: 'slow', byMs: 5_000 }
  }
  await env.machine.run(log.append({ kind: 'checkpoint', manifest }))
  await env.machine.run(log.append({ kind: 'release', usedTo: 0 }))
  log.close()
  await env.machine.run(log.settle())
  env.kill()
  assert.deepEqual(
    [...env.machine.disk.snapshot().keys()].filter((path) => path.includes('.beat.')),
    [],
  )
  assert.equal(isFirst, false)
})

/** Found by hand: a checkpoint too large for an entry ended an attempt whose next one then waited for its claim for ever. */
test('an entry that cannot be encoded is refused to who asked for it, and the next one takes its number', async () => {
  const { env, log, storage } = opened()
  await env.machine.run(log.start())
  const operators = { 'source/a': { kind: 'source', splits: { a: { position: new Date(0), maxTimestamp: 0, ended: false } } } }
  const unreadable = { ...manifest, operators } as unknown as Manifest
  for (let time = 0; time < 2; time++)
    await assert.rejects(env.machine.run(log.append({ kind: 'checkpoint', manifest: unreadable })), (error) => {
      assert.equal(codeOf(error), 'UNSUPPORTED_VALUE')
      return true
    })
  assert.equal((await env.machine.run(log.append({ kind: 'checkpoint', manifest }))).number, 2)
  await assert.rejects(env.machine.run(log.append({ kind: 'checkpoint', manifest: unreadable })))
  const started = await env.machine.run(log.claimAgain('two', 0))
  assert.ok(started.kind === 'owner' && started.ownership.claim === 3)
  assert.deepEqual(await env.machine.run(storage.entries()), [1, 2, 3])
  log.close()
})

test('a storage that throws instead of rejecting is tried again, and in the end told as one that failed', async () => {
  const { env, log, storage, lost } = opened()
  await env.machine.run(log.start())
  const createEntry = storage.createEntry.bind(storage)
  let failures = 2
  storage.createEntry = (number, bytes) => {
    if (failures-- > 0) throw new Error('not connected')
    return createEntry(number, bytes)
  }
  assert.equal((await env.machine.run(log.append({ kind: 'checkpoint', manifest }))).number, 2)
  failures = 3
  await assert.rejects(env.machine.run(log.claimAgain('two', 0)), (error) => codeOf(error) === 'STORAGE')
  assert.deepEqual(lost, ['STORAGE'])
  log.close()
})

test('one chain of heartbeats, however many claims follow each other', async () => {
  const { env, log, storage } = opened()
  await env.machine.run(log.start())
  let reads = 0
  const lastBeat = storage.lastBeat.bind(storage)
  // Each look at the heart takes so long that the next claim comes meanwhile.
  storage.lastBeat = async () => {
    reads++
    await new Promise<void>((resolve) => void env.timers.after(150, resolve))
    return lastBeat()
  }
  for (let epoch = 2; epoch < 8; epoch++) {
    await env.machine.advance(250)
    await env.machine.run(log.claimAgain(`token ${epoch}`, -1))
  }
  reads = 0
  await env.machine.advance(3_500)
  assert.ok(reads <= 11, `${reads} looks in 3.5 leases, with a fifth of a lease between two`)
  log.close()
  reads = 0
  await env.machine.advance(3_000)
  assert.equal(reads, 0, 'nothing beats after close')
})

test('what is asked for after close is refused, and so is what was on its way', async () => {
  const { env, log } = opened()
  await env.machine.run(log.start())
  const pending = log.append({ kind: 'release', usedTo: -1 })
  log.close()
  await assert.rejects(env.machine.run(pending), (error) => codeOf(error) === 'STOPPED')
  await assert.rejects(env.machine.run(log.claimAgain('two', -1)), (error) => codeOf(error) === 'STOPPED')
})

test('cancel ends the waiting at once, and lets a claim that is being made be made', async () => {
  const owner = opened()
  await owner.env.machine.run(owner.log.start())
  const waiter = opened({ env: owner.env, token: 'two' })
  const waiting = waiter.log.start()
  await owner.env.machine.advance(300)
  waiter.log.cancel()
  await assert.rejects(owner.env.machine.run(waiting), (error) => codeOf(error) === 'STOPPED')
  assert.equal(waiter.log.hasClaimed, false)
  owner.log.close()
  const late = opened()
  const claiming = late.log.start()
  while (!late.log.hasClaimed) await late.env.machine.step()
  late.log.cancel()
  assert.equal((await late.env.machine.run(claiming)).kind, 'owner')
  await late.env.machine.run(late.log.append({ kind: 'release', usedTo: -1 }))
  late.log.close()
})

test('a storage that cannot be listed ends the start with its own error, after some tries', async () => {
  const { env, log, storage, lost } = opened()
  let looks = 0
  storage.entries = () => {
    looks++
    return Promise.reject(new Error('connection refused'))
  }
  await assert.rejects(env.machine.run(log.start()), (error) => {
    assert.equal(codeOf(error), 'STORAGE')
    assert.match((error as Error).message, /\/checkpoints.*connection refused/)
    return true
  })
  assert.equal(looks, 3)
  assert.deepEqual(lost, ['STORAGE'])
})

test('a heart that cannot beat is logged, and beats again', async () => {
  const { env, log, storage } = opened()
  await env.machine.run(log.start())
  const before = (await env.machine.run(storage.lastBeat()))?.count ?? 0
  const beat = storage.beat.bind(storage)
  let failures = 2
  storage.beat = (next) => (failures-- > 0 ? Promise.reject(new Error('full')) : beat(next))
  await env.machine.advance(2_000)
  assert.equal(env.logged.filter(({ event }) => event === 'heartbeat failed').length, 2)
  assert.ok(((await env.machine.run(storage.lastBeat()))?.count ?? 0) > before + 4)
  log.close()
})

test('a damaged entry is named, and nothing is changed', async () => {
  const { env, log, storage } = opened()
  await env.machine.run(log.start())
  log.close()
  await env.machine.run(storage.deleteEntry(1))
  await env.machine.run(storage.createEntry(1, new TextEncoder().encode('not an entry')))
  const second = opened({ env, token: 'two' })
  await assert.rejects(env.machine.run(second.log.start()), (error) => {
    assert.ok(['CHECKPOINT_CORRUPT', 'CHECKPOINT_FORMAT'].includes(codeOf(error)), codeOf(error))
    assert.match((error as Error).message, /000000000001\.entry/)
    return true
  })
  assert.deepEqual(await env.machine.run(storage.entries()), [1])
})
