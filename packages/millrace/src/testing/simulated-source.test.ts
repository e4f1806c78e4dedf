import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import type { Plain, Reader, SourceContext } from '../connect/contract.ts'
import { simulatedSource } from './simulated-source.ts'
import { TestClock, TestProcess } from './test-env.ts'

test('a wait leaves nothing behind at the signal, whether the time comes or the end', async () => {
  const env = new TestProcess(new TestClock(0))
  const end = new AbortController()
  const records = new Map([['0', [{ value: 1, timestamp: Number.NaN }]]])
  const original = {
    kind: 'any',
    bounded: true,
    replayable: true,
    timestamps: false,
    open: () => Promise.reject(new Error('it was opened')),
  }
  const context: SourceContext<Plain> = {
    source: 'source/any',
    env,
    restored: new Map(),
    ended: new Map(),
    owns: () => true,
    signal: end.signal,
  }
  const reader: Reader<unknown, Plain> = await simulatedSource(original, records, { seed: 1, given: new Map() }).open(context)
  const listeners = (): number => getEventListeners(end.signal, 'abort').length
  for (let wait = 0; wait < 20; wait++) {
    const ready = reader.ready()
    assert.equal(listeners(), 1)
    await env.passTo(env.clock.now() + 10)
    await ready
    assert.equal(listeners(), 0)
  }
  const last = reader.ready()
  end.abort()
  await last
  assert.equal(listeners(), 0)
})
