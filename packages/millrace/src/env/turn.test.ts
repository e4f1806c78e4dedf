import assert from 'node:assert/strict'
import { mock, test } from 'node:test'

test('a turn comes also where all timers were faked before it was loaded', async () => {
  mock.timers.enable()
  // Another address is another copy of the module.
  const { turn } = (await import(`${import.meta.resolve('./turn.ts')}?faked`)) as typeof import('./turn.ts')
  let turns = 0
  for (let count = 0; count < 2; count++) void turn().then(() => turns++)
  // Before it is looked at: the test runner itself could not end a test that waits for ever.
  mock.timers.reset()
  for (let count = 0; count < 10; count++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(turns, 2)
})

test('promises that are due come before the turn does, however long their chain is', async () => {
  const { turn } = await import('./turn.ts')
  let links = 0
  const chain = async (): Promise<void> => {
    for (; links < 10_000; links++) await Promise.resolve()
  }
  void chain()
  await turn()
  assert.equal(links, 10_000)
})
