import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Acknowledger, type Positions } from './acknowledger.ts'

interface Call {
  readonly positions: Positions
  readonly done: (error?: Error) => void
}

/** Calls that the test ends by hand. */
function slow(): { readonly acknowledger: Acknowledger; readonly calls: Call[]; readonly failures: unknown[] } {
  const calls: Call[] = []
  const failures: unknown[] = []
  const acknowledge = (positions: Positions): Promise<void> =>
    new Promise((resolve, reject) => {
      calls.push({ positions, done: (error) => (error === undefined ? resolve() : reject(error)) })
    })
  return { acknowledger: new Acknowledger(acknowledge, (error) => failures.push(error)), calls, failures }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

test('one call at a time; of those that wait only the newest is made', async () => {
  const { acknowledger, calls } = slow()
  for (let n = 1; n <= 5; n++) acknowledger.tell({ a: n, b: n })
  assert.deepEqual(
    calls.map(({ positions }) => positions),
    [{ a: 1, b: 1 }],
  )
  calls[0]?.done()
  await turn()
  assert.deepEqual(calls[1]?.positions, { a: 5, b: 5 })
  assert.equal(calls.length, 2)
})

test('a split that newer positions do not name keeps those that wait', async () => {
  const { acknowledger, calls } = slow()
  acknowledger.tell({ a: 1 })
  acknowledger.tell({ a: 2, ended: 9 })
  acknowledger.tell({ a: 3 })
  calls[0]?.done()
  await turn()
  assert.deepEqual(calls[1]?.positions, { a: 3, ended: 9 })
})

test('a call that fails is told, and the next one is made', async () => {
  const { acknowledger, calls, failures } = slow()
  acknowledger.tell({ a: 1 })
  acknowledger.tell({ a: 2 })
  calls[0]?.done(new Error('no connection'))
  await turn()
  assert.equal(failures.length, 1)
  assert.deepEqual(calls[1]?.positions, { a: 2 })
})

test('settle waits for the call under way and for what waits; after cancel nothing waits', async () => {
  for (const isCancelled of [false, true]) {
    const { acknowledger, calls } = slow()
    acknowledger.tell({ a: 1 })
    acknowledger.tell({ a: 2 })
    if (isCancelled) acknowledger.cancel()
    let isSettled = false
    const settled = acknowledger.settle().then(() => (isSettled = true))
    await turn()
    assert.equal(isSettled, false)
    calls[0]?.done()
    await turn()
    calls[1]?.done()
    await settled
    assert.equal(calls.length, isCancelled ? 1 : 2)
  }
})
