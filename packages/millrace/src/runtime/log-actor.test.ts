import assert from 'node:assert/strict'
import { test } from 'node:test'
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
