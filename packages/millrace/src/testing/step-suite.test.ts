/** The suite for steps itself: scripts that try nothing, and what a failure says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stream } from '../api/stream-types.ts'
import { stepSuite, type StepScript } from './step-suite.ts'

/** Its count is lost in a crash. */
function counted(words: Stream<string>): Stream<number> {
  let count = 0
  return words.map(() => ++count)
}

async function failuresOf(
  script: (t: StepScript<string>) => Promise<void>,
  expected: readonly number[],
): Promise<ReadonlyMap<string, string>> {
  const failures = new Map<string, string>()
  for (const { name, run } of stepSuite({ step: counted, script, expected }))
    await run().catch((error: unknown) => failures.set(name, (error as Error).message))
  return failures
}

test('a script of one action, or none, tries nothing between: every case fails', async () => {
  const none = await failuresOf(() => Promise.resolve(), [])
  assert.equal(none.size, 6)
  for (const message of none.values()) assert.match(message, /at least two actions.* it has 0/)
  const one = await failuresOf((t) => t.push('a'), [1])
  assert.equal(one.size, 6)
  for (const message of one.values()) assert.match(message, /at least two actions.* it has 1/)
})

test('a failure says what the situation means for a step', async () => {
  const failures = await failuresOf((t) => t.push('a', 'b'), [1, 2])
  assert.deepEqual([...failures.keys()], ['a checkpoint and a crash after each action', 'another number of subtasks after each action'])
  for (const message of failures.values())
    assert.match(message, /missing: {2}2\n.*too many: 1\n.*look here: what a step keeps outside of its declared state is lost in a crash/)
})
