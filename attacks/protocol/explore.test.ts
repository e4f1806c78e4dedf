import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cases } from './case.ts'
import { explore } from './explore.ts'
import { Identity } from './identity.ts'
import { mutations } from './mutations.ts'
import { smallScenarios } from './scenarios.ts'

for (const scenario of smallScenarios) {
  test(`no interleaving of the protocol breaks a rule: ${scenario.name}`, () => {
    const { violation, isComplete, states, seen } = explore({ scenario, maxStates: 100_000 })
    assert.equal(violation, undefined)
    assert.ok(isComplete)
    assert.ok(states > 1_000, `${states} states`)
    assert.ok((seen['finished'] ?? 0) > 0)
  })
}

// Those that show within a few thousand states; the attack has them all.
const QUICK = new Set(['crashes', 'abort-crash', 'timeout', 'give-up'])
for (const [number, { scenario, mutation }] of cases.entries()) {
  if (mutation === undefined || !QUICK.has(scenario.key)) continue
  test(`the enumeration finds a broken rule (case ${number + 1}): ${mutation.name}`, () => {
    assert.notEqual(explore({ scenario, mutation, maxStates: 20_000 }).violation, undefined)
  })
}

test('a violation is told with the steps that lead to it', () => {
  const [scenario] = smallScenarios
  const mutation = mutations.find(({ name }) => name === 'committed before the entry counts')
  assert.ok(scenario !== undefined && mutation !== undefined)
  const { violation } = explore({ scenario, mutation, maxStates: 100_000 })
  assert.equal(violation?.steps[0], 'A starts')
  assert.match(violation?.what ?? '', /is committed, but the newest checkpoint ends at/)
})

test('equal data has one identity, however it came about; names and order count', () => {
  const identity = new Identity()
  const shared = { b: [1, 2, 3], c: 'x' }
  assert.equal(identity.of({ a: shared, d: undefined }), identity.of({ a: { b: [1, 2, 3], c: 'x' }, d: undefined }))
  const others = [
    { a: 1, b: 2 },
    { a: 2, b: 1 },
    { b: 1, a: 2 },
    [1, 2],
    [2, 1],
    [[1], 2],
    [1, [2]],
    { a: '1' },
    { a: 1.5 },
    { a: null },
    {},
    [],
  ]
  assert.equal(new Set(others.map((other) => identity.of(other))).size, others.length)
})
