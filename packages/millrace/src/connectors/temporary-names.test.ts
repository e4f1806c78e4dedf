import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Env, ProcessIdentity } from '../core/env.ts'
import { Machine } from '../simulate/machine.ts'
import { TemporaryNames } from './temporary-names.ts'

test('names are hidden, never the same, and safe whatever the identity is', () => {
  const env = new Machine({ seed: 1 }).start()
  const odd: ProcessIdentity = { boot: 'a.b/c_', namespace: 'pid:[1] time:[2]', pid: 7, startedAt: '..' }
  const names = [
    new TemporaryNames(env),
    new TemporaryNames(env),
    new TemporaryNames({ ...env, processes: { ...env.processes, self: () => odd } } as Env),
  ]
  const made = names.flatMap((one) => Array.from({ length: 100 }, () => one.next('entry')))
  assert.equal(new Set(made).size, 300)
  for (const name of made) assert.match(name, /^\.entry\.[A-Za-z0-9._-]+\.tmp$/)
})

test('what the dead left is removed; what others write, what is foreign and young, and what is no temporary name stays', async () => {
  const machine = new Machine({ seed: 1 })
  const [dead, other, self] = [machine.start(), machine.start(), machine.start()]
  const names = new TemporaryNames(self)
  const left = new TemporaryNames(dead).next('chunk')
  const kept = [
    new TemporaryNames(other).next('chunk'),
    new TemporaryNames(self).next('chunk'),
    names.next('chunk'),
    '.other.tmp',
    'plain',
    '.a.b.c.d.e.f.g.tmp',
  ]
  const foreign = new TemporaryNames({
    ...other,
    processes: { ...other.processes, self: () => ({ boot: 'elsewhere', namespace: 'n', pid: 1, startedAt: '1' }) },
  } as Env).next('chunk')
  for (const name of [left, foreign, ...kept]) machine.disk.create(`/${name}`)
  dead.kill()
  await machine.run(names.sweep('/'))
  assert.deepEqual([...machine.disk.snapshot().keys()].sort(), [...kept, foreign].map((name) => `/${name}`).sort())
  machine.skewWallClock(25 * 60 * 60 * 1000)
  await machine.run(names.sweep('/'))
  assert.deepEqual([...machine.disk.snapshot().keys()].sort(), kept.map((name) => `/${name}`).sort())
  await machine.run(names.sweep('/none'))
})
