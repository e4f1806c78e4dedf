import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agg } from '../api/aggregates.ts'
import { windowOperatorOf, windowStates } from '../plan/window-states.ts'
import type { DeclaredState } from '../state/contract.ts'
import type { OperatorSummary } from '../plan/summary.ts'
import { compareWithPlan, type ComparisonOptions } from './compare.ts'
import type { KeyedPart, Manifest } from './manifest.ts'

const value = { kind: 'value', version: 1 } as const
const run = { chunk: 'c1', first: 0, last: 7, bytes: 10, entries: 1, level: 0 } as const

function manifestOf(states: Readonly<Record<string, DeclaredState>>, runs: KeyedPart['runs'] = [run]): Manifest {
  return {
    format: 1,
    job: 'j',
    checkpoint: 12,
    epoch: 1,
    createdAtMs: 0,
    reason: 'periodic',
    keyGroups: 8,
    planHash: '',
    chunks: [{ name: 'c1', sizeBytes: 10, sha256: '' }],
    operators: { 'step/a': { kind: 'keyed', states, runs, watermarks: [{ first: 0, last: 7, watermark: 0 }] } },
  }
}

function stepOf(states: Readonly<Record<string, DeclaredState>>, migrating: readonly string[] = []): OperatorSummary {
  return { address: 'step/a', kind: 'keyed', states, migrating }
}

const usual: ComparisonOptions = { allowDropped: false, keyGroups: undefined }
const ignoredIn = ({ operators }: Manifest): unknown => (operators['step/a'] as KeyedPart).runs.map(({ ignored }) => ignored)

test('CW2, CW5: a state of an older version is restored, and marked for the manifests that follow', () => {
  const before = manifestOf({ kept: value, old: value })
  const { states, error, manifest, follows } = compareWithPlan(
    before,
    [stepOf({ kept: value, old: { ...value, version: 4 }, fresh: value }, ['old'])],
    usual,
  )
  assert.equal(error, undefined)
  assert.deepEqual(states, {
    kept: ['step/a.kept'],
    migrated: [{ state: 'step/a.old', from: 1, to: 4 }],
    added: ['step/a.fresh'],
    dropped: [],
  })
  assert.deepEqual([ignoredIn(manifest), ignoredIn(follows)], [[undefined], [['old']]])
})

test('CW4: what is dropped with the word is marked in both', () => {
  const { manifest, follows } = compareWithPlan(manifestOf({ kept: value, gone: value }), [stepOf({ kept: value })], {
    ...usual,
    allowDropped: true,
  })
  assert.deepEqual([ignoredIn(manifest), ignoredIn(follows)], [[['gone']], [['gone']]])
})

test('SP-4, CW1, CW6: one refusal names all that does not fit, under the gravest code', () => {
  const before = manifestOf({ a: value, b: { ...value, version: 3 }, c: value, d: value })
  const now = stepOf({ a: { kind: 'list', version: 1 }, b: value, c: { ...value, version: 2 } })
  const refused = compareWithPlan(before, [now], usual).error
  assert.equal(refused?.code, 'STATE_MISMATCH')
  for (const part of [
    /step\/a\.a was value and is list/,
    /step\/a\.b .*version 3 and is version 1/,
    /step\/a\.c .*without migrate/,
    /step\/a\.d\./,
  ])
    assert.match(refused?.message ?? '', part)
  assert.equal(compareWithPlan(before, [now], { ...usual, keyGroups: 9 }).error?.code, 'KEY_GROUPS_CHANGED')
  assert.equal(compareWithPlan(before, [], usual).error?.code, 'STATE_DROPPED')
  assert.equal(compareWithPlan(before, [], { ...usual, allowDropped: true }).error, undefined)
})

test('CW2: state of other windows is refused, and both are said in words', () => {
  const windowed = (sizeMs: number, slideMs: number): Readonly<Record<string, DeclaredState>> => {
    const windows = { kind: 'time', domain: 'event', sizeMs, slideMs, offsetMs: 0 } as const
    const compute = { kind: 'aggregate', aggregates: { n: agg.count() }, isOrderFree: true } as const
    return windowStates({ windows, compute }, windowOperatorOf({ windows, compute }))
  }
  const hourly = windowed(3_600_000, 3_600_000)
  const refusal = (before: KeyedPart['states'], now: KeyedPart['states']): string =>
    compareWithPlan(manifestOf(before), [stepOf(now)], usual).error?.message ?? 'none'
  assert.match(
    refusal(hourly, windowed(3_600_000, 60_000)),
    /step\/a\.n was of windows of 1h and is of windows of 1h every 1m, from slices: give the step a new id, or its windows back/,
  )
  assert.match(refusal({ n: { kind: 'accumulator', version: 1 } }, hourly), /was of no windows and is of windows of 1h/)
  assert.equal(refusal(hourly, hourly), 'none')
  // Nothing is held: anything may change.
  assert.equal(compareWithPlan(manifestOf(hourly, []), [stepOf(windowed(1_000, 1_000))], usual).error, undefined)
})

test('TT-5: a time to live may come, change and go', () => {
  const ttl = { afterMs: 1, refreshOn: 'write', expired: 'never-returned' } as const
  assert.equal(
    compareWithPlan(manifestOf({ a: value, b: { ...value, ttl } }), [stepOf({ a: { ...value, ttl }, b: value })], usual).error,
    undefined,
  )
})

test('a step that holds nothing yet may change in every way', () => {
  const { error, states } = compareWithPlan(
    manifestOf({ a: value, b: { ...value, version: 3 }, gone: value }, []),
    [stepOf({ a: { kind: 'map', version: 1 }, b: value })],
    usual,
  )
  assert.equal(error, undefined)
  assert.deepEqual(states.added, ['step/a.a', 'step/a.b'])
  assert.deepEqual(states.dropped, [])
})
