/** The suite for steps itself: scripts that try nothing, and what a failure says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Out } from '../api/process-types.ts'
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
  const none = await failuresOf(() => Promise.resolve(), [1])
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

test('another number of subtasks after each action, whatever the options say', async () => {
  for (const parallelism of [undefined, 2]) {
    const seen = new Set<number>()
    const step = (words: Stream<string>): Stream<string> =>
      words
        .keyBy((word) => word)
        .process('same', {
          open: ({ subtasks }) => seen.add(subtasks),
          onRecord: (word, _context, out: Out<string>) => out.emit(word),
        })
    const words = ['a', 'b', 'c']
    const options = parallelism === undefined ? {} : { parallelism }
    const suite = stepSuite({ step, script: (t) => t.push(...words), expected: words, ...options })
    await suite.find(({ name }) => name === 'another number of subtasks after each action')?.run()
    assert.deepEqual(
      [...seen].toSorted((a, b) => a - b),
      [1, 2, 3],
      `parallelism: ${parallelism}`,
    )
  }
})

test('what the suite is given is checked when it is made: also that something is to come out', () => {
  const good = { step: counted, script: (t: StepScript<string>) => t.push('a', 'b'), expected: [1, 2] }
  const refused = (wrong: object, message: RegExp): void => {
    const code = 'INVALID_OPTION'
    assert.throws(() => stepSuite({ ...good, ...wrong } as typeof good), { code, message })
  }
  refused({ step: 5 }, /^step of stepSuite is 5: it has to be a function\.$/)
  refused({ script: undefined }, /^script of stepSuite is undefined/)
  refused({ expected: undefined }, /^expected of stepSuite is undefined: it has to be an array/)
  refused({ expected: [] }, /^expected of stepSuite is an empty list: with nothing to come out, nothing is compared/)
  refused({ expectd: [1] }, /did you mean 'expected'/)
  assert.equal(stepSuite({ ...good, timestamp: () => 1, outOfOrderness: 1, idleness: 1, parallelism: 1, keyGroups: 8, start: 0 }).length, 6)
})
