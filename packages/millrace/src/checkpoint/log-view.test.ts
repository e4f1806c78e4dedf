import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamError } from '../core/errors.ts'
import type { LogOptions, LogView } from './log-types.ts'
import { choiceOf } from './log-view.ts'
import type { ReleaseEntry } from './manifest.ts'

const release: ReleaseEntry = { kind: 'release', job: 'j', log: 'l', epoch: 1, claim: 1, latest: 5, kept: [1, 4, 5], checkpointFloor: 9 }

function choose(others: LogView['others'], entry: ReleaseEntry | 'damaged' = release): ReturnType<typeof choiceOf> {
  const error = entry === 'damaged' ? damage(6) : undefined
  const nameOf = (number: number): string => `/log/${number}.entry`
  const view: LogView = { newest: 6, entry: entry === 'damaged' ? undefined : entry, others, error, isLost: false, isConfirmed: true }
  return choiceOf(view, { restore: { from: 7, acceptLoss: true }, nameOf } as LogOptions)
}

function damage(number: number): StreamError {
  return new StreamError('CHECKPOINT_CORRUPT', `/log/${number}.entry is damaged: its checksum does not hold.`, {
    details: { file: `/log/${number}.entry` },
  })
}

/** Found by the attack `flip`: it said "not in the storage", as if nobody had ever had it, and did not name the file. */
test('a checkpoint asked for by its number whose entry may be the damaged one: the damaged file is named', () => {
  for (const others of [[{ number: 4, error: damage(4) }], [{ number: 4, missing: true as const }]]) {
    const choice = choose(others)
    assert.ok(StreamError.is(choice))
    assert.equal(choice.code, 'CHECKPOINT_CORRUPT')
    assert.match(choice.message, /Checkpoint 7 .*\/log\/4\.entry/)
    assert.equal(choice.details?.['file'], '/log/4.entry')
  }
  const newest = choose([], 'damaged')
  assert.ok(StreamError.is(newest) && newest.details?.['file'] === '/log/6.entry')
})

test('without damage, or with that of a claim only, a checkpoint that is not there was never there', () => {
  for (const others of [[], [{ number: 1, error: damage(1) }]]) {
    const choice = choose(others)
    assert.ok(StreamError.is(choice))
    assert.equal(choice.code, 'CHECKPOINT_NOT_FOUND')
  }
})
