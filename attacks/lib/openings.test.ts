/** What is open of a fake: once at a time in a process, until closing has ended. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { virtualEnv } from '../../packages/millrace/src/simulate/virtual-env.ts'
import { Openings } from './openings.ts'

test('closed and opened again, or open in another process: nothing is wrong', async () => {
  const openings = new Openings(1)
  const [env, other] = [virtualEnv({ seed: 1 }), virtualEnv({ seed: 2 })]
  await env.machine.run(openings.open(env, ['a', 'b']).close())
  openings.open(env, ['b', 'c']).used('a write')
  openings.open(other, ['b'])
  assert.deepEqual(openings.violations, [])
})

test('opened while it is open, or is still being closed; used or closed after closing has begun', async () => {
  const openings = new Openings(1)
  const env = virtualEnv({ seed: 1 })
  const first = openings.open(env, ['a'])
  openings.open(env, ['a'])
  const closing = first.close()
  openings.open(env, ['a', 'b'])
  first.used('a write')
  await env.machine.run(Promise.all([closing, first.close()]))
  assert.deepEqual(openings.violations, [
    'a is opened before it is closed',
    'a is opened before it is closed',
    'a: a write after closing has begun',
    'a: closed twice',
  ])
})
