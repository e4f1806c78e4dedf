import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Env } from '../core/env.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import { makeDurableDirectory, SharedDirectorySync } from './durable.ts'

test('an fsync that is running is not enough for who comes later; those who wait share the next one', async () => {
  const env = virtualEnv({ seed: 1 })
  const { files } = env
  const syncs: { end: () => void; fail: (error: Error) => void }[] = []
  const slow: Env = { ...env, files: { ...files, syncDirectory: () => new Promise((end, fail) => syncs.push({ end, fail })) } } as Env
  const shared = new SharedDirectorySync(slow, '/')
  const done: string[] = []
  const ask = (name: string): Promise<void> =>
    shared.sync().then(
      () => void done.push(name),
      () => void done.push(`${name} failed`),
    )
  const settled = (): Promise<void> => env.machine.advance(1)

  const first = ask('first')
  const second = ask('second')
  const third = ask('third')
  await settled()
  assert.equal(syncs.length, 1, 'the second and the third wait')
  syncs[0]?.end()
  await settled()
  assert.deepEqual(done, ['first'])
  assert.equal(syncs.length, 2)
  const fourth = ask('fourth')
  syncs[1]?.fail(new Error('EIO'))
  await settled()
  assert.deepEqual(done, ['first', 'second failed', 'third failed'], 'an error is for all who waited for it')
  assert.equal(syncs.length, 3, 'and the next one is tried for itself')
  syncs[2]?.end()
  await settled()
  await Promise.all([first, second, third, fourth])
  const fifth = ask('fifth')
  await settled()
  assert.equal(syncs.length, 4, 'nobody waits when nothing runs')
  syncs[3]?.end()
  await fifth
})

test('a directory that an earlier run made and did not sync is synced by the next', async () => {
  const env = virtualEnv({ seed: 1 })
  await env.machine.run(env.files.makeDirectory('/a'))
  await env.machine.run(makeDurableDirectory(env, '/a/b/c'))
  env.machine.losePower('none')
  assert.equal(env.machine.disk.info('/a/b/c')?.kind, 'directory')
})

test('a folder above that may not be read is no obstacle', async () => {
  const env = virtualEnv({ seed: 1 })
  await env.machine.run(env.files.makeDirectory('/a/b'))
  const syncDirectory = (path: string): Promise<void> =>
    path === '/a' ? Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES' })) : env.files.syncDirectory(path)
  await env.machine.run(makeDurableDirectory({ files: { ...env.files, syncDirectory }, crashPoint: env.crashPoint }, '/a/b'))
})
