/** What an owner does with its log: entries without an answer, claims of its next attempt, and being replaced. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamError } from '../core/errors.ts'
import { Host, manifestOf, owned, Storage } from './log-host.test.ts'
import type { AppendBody } from './log.ts'
import type { Entry } from './manifest.ts'

test('LG9: a creation without an answer is tried again, and its own entry is recognised', () => {
  const storage = new Storage()
  const host = owned(storage, 1)
  host.append({ kind: 'checkpoint', manifest: manifestOf(1, 1) })
  const { next } = host
  assert.ok(next?.kind === 'create')
  storage.entries.set(next.number, next.entry)
  host.feed({ kind: 'createFailed', number: next.number, error: new StreamError('STORAGE', 'EIO') })
  host.run()
  assert.equal(host.outcomes.at(-1)?.kind, 'appended')
})

test('LG9, LG3: whoever tries a creation again and finds the entry of another owner under its number is fenced', () => {
  const bodies: readonly AppendBody[] = [
    { kind: 'checkpoint', manifest: manifestOf(1, 1) },
    { kind: 'finished', checkpoint: 0, usedTo: 0 },
    { kind: 'release', usedTo: 0 },
    // The claim of the next attempt is of the epoch that the other one claims, too.
    { kind: 'claim', token: 'again', usedTo: 0 },
  ]
  for (const body of bodies) {
    const storage = new Storage()
    const owner = owned(storage, 1)
    owner.append(body)
    const { number } = owner.failCreation()
    storage.dead.add(1)
    const { ownership } = new Host(storage, { pid: 2 }).run()
    assert.equal(ownership.claim, number)
    assert.equal(owner.run().error.code, 'FENCED', body.kind)
  }
})

test('LG9: when it keeps failing the ownership is given up, nothing else takes its number', () => {
  const storage = new Storage()
  const host = owned(storage, 1)
  host.append({ kind: 'checkpoint', manifest: manifestOf(1, 1) })
  for (let i = 0; i < 2; i++) {
    host.until('create')
    host.feed({ kind: 'createFailed', number: 3, error: new StreamError('STORAGE', 'EIO') })
    if (i === 0) host.until('wait').step()
  }
  assert.equal(host.error.code, 'STORAGE')
  assert.equal(host.state.kind, 'ended')
})

test('a failed attempt claims anew without waiting, after what was on its way is settled', () => {
  const storage = new Storage()
  const host = owned(storage, 2)
  host.append({ kind: 'checkpoint', manifest: manifestOf(2, 1) })
  host.append({ kind: 'claim', token: 'again', usedTo: 5 })
  host.run()
  assert.deepEqual(
    host.outcomes.slice(-2).map(({ kind }) => kind),
    ['appended', 'owner'],
  )
  const { ownership } = host
  assert.deepEqual([ownership.epoch, ownership.restored?.manifest.checkpoint, ownership.checkpointFloor], [2, 2, 5])
  host.checkpoint(6)
  assert.equal((storage.entries.get(6) as Entry).epoch, 2)
})

test('LG2: a release that is asked for while a checkpoint is on its way follows it', () => {
  const storage = new Storage()
  const host = owned(storage, 2)
  host.append({ kind: 'checkpoint', manifest: manifestOf(2, 1) })
  host.append({ kind: 'release', usedTo: 2 })
  host.run()
  assert.deepEqual(
    host.outcomes.slice(-2).map((outcome) => outcome.kind === 'appended' && outcome.entry.kind),
    ['checkpoint', 'release'],
  )
  assert.deepEqual(host.state, { kind: 'ended', how: 'released' })
  assert.equal(new Host(storage, { pid: 2 }).run().ownership.restored?.manifest.checkpoint, 2)
})

test('LG2: a claim that is asked for while `finished` is on its way, or after it, is told that the job has finished', () => {
  const storage = new Storage()
  const host = owned(storage, 2)
  host.append({ kind: 'finished', checkpoint: 1, usedTo: 1 })
  host.append({ kind: 'claim', token: 'again', usedTo: 1 })
  host.run()
  host.append({ kind: 'claim', token: 'late', usedTo: 1 })
  assert.deepEqual(host.outcomes.slice(-2), [
    { kind: 'finished', checkpoint: 1 },
    { kind: 'finished', checkpoint: 1 },
  ])
  assert.deepEqual(storage.numbers(), [1, 2, 3, 4])
})

test('LG2: whoever asks a log for an entry that has ended otherwise is told so, and never left without an answer', () => {
  const host = owned(new Storage(), 1)
  host.append({ kind: 'release', usedTo: 0 })
  host.run()
  host.append({ kind: 'claim', token: 'late', usedTo: 0 })
  assert.match(host.error.message, /LG2: an entry was asked for after the log was released/)
})

test('LG9: whoever has given the ownership up and searches anew waits for nobody and begins from what has become of its entry', () => {
  for (const isThere of [false, true]) {
    const storage = new Storage()
    const host = owned(storage, 1)
    host.append({ kind: 'checkpoint', manifest: manifestOf(1, 1) })
    host.failCreation()
    const { number, entry } = host.failCreation()
    if (isThere) storage.entries.set(number, entry)
    assert.equal(host.error.code, 'STORAGE')
    const again = new Host(storage, { pid: 1, token: 'anew', abandoned: ['t1'] }).run()
    assert.deepEqual(again.waits, [])
    assert.deepEqual([again.ownership.epoch, again.ownership.restored?.manifest.checkpoint], [2, isThere ? 1 : 0])
    again.checkpoint(again.ownership.checkpointFloor + 1)
  }
})

test('an owner that sees the beat of a higher epoch is fenced', () => {
  const storage = new Storage()
  const host = owned(storage, 1)
  host.feed({ kind: 'beatDue', seen: { epoch: 2, count: 1, newestEntry: 3 } })
  assert.equal(host.error.code, 'FENCED')
})

test('LG3: an owner that notices an entry above its own is fenced; its own, also the one on its way, mean nothing', () => {
  const storage = new Storage()
  const host = owned(storage, 1)
  host.feed({ kind: 'noticed', numbers: [1, 2] })
  host.append({ kind: 'release', usedTo: 0 })
  host.feed({ kind: 'noticed', numbers: [1, 2, 3] })
  assert.equal(host.state.kind, 'owner')
  host.feed({ kind: 'noticed', numbers: [2, 3, 4] })
  assert.equal(host.error.code, 'FENCED')
})
