/** Looking for a job's log, waiting for its owner, and claiming it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamError } from '../core/errors.ts'
import { damage, Host, manifestOf, owned, Storage } from './log-host.test.ts'
import { decideLog } from './log.ts'
import { CHECKPOINT_ID_WINDOW, type Entry } from './manifest.ts'

test('LG1: an empty log is claimed at once, in epoch 1', () => {
  const storage = new Storage()
  const { ownership } = new Host(storage, { pid: 1 }).run()
  assert.deepEqual([ownership.epoch, ownership.claim, ownership.restored, ownership.checkpointFloor], [1, 1, undefined, -1])
  assert.deepEqual(storage.numbers(), [1])
})

test('LG2, LG5: entries follow each other, and each says what must be there with it', () => {
  const storage = new Storage()
  owned(storage, 4)
  assert.deepEqual(storage.numbers(), [1, 2, 3, 4, 5])
  const newest = storage.entries.get(5) as Entry
  assert.deepEqual([newest.kept, newest.latest, newest.claim, newest.checkpointFloor], [[1, 4], 5, 1, 3])
  assert.deepEqual(storage.beat, { epoch: 1, count: 5, newestEntry: 5 })
})

test('LG10: after a release nobody waits, and ids go on without a gap', () => {
  const storage = new Storage()
  const host = owned(storage, 3)
  host.append({ kind: 'release', usedTo: 4 })
  host.run()
  assert.deepEqual(host.state, { kind: 'ended', how: 'released' })
  const next = new Host(storage, { pid: 2 }).run()
  assert.deepEqual(next.waits, [])
  const { ownership } = next
  assert.deepEqual([ownership.epoch, ownership.restored?.manifest.checkpoint, ownership.checkpointFloor], [2, 2, 4])
  assert.deepEqual(
    ownership.retained.map(({ manifest }) => manifest.checkpoint),
    [1, 2],
  )
})

test('LG10: nobody waits for a process that is gone, nor for a token that was given up', () => {
  const storage = new Storage()
  owned(storage, 1)
  storage.dead.add(1)
  assert.equal(new Host(storage, { pid: 2 }).run().ownership.epoch, 2)
  const other = new Storage()
  owned(other, 1)
  const again = new Host(other, { pid: 1, token: 'new', abandoned: ['t1'] }).run()
  assert.deepEqual([again.waits, again.ownership.epoch], [[], 2])
})

test("LG10: a silent owner is waited for during its lease on the waiter's clock; each sign of life begins it anew", () => {
  const storage = new Storage()
  const owner = owned(storage, 1, { leaseMs: 3000 })
  const waiter = new Host(storage, { pid: 2 })
  for (let i = 0; i < 20; i++) waiter.until('wait').step()
  owner.feed({ kind: 'beatDue', seen: storage.beat })
  waiter.run()
  assert.equal(waiter.ownership.epoch, 2)
  const waited = waiter.waits.reduce((sum, ms) => sum + ms, 0)
  assert.ok(waited >= 4900 && waited <= 5200, `${waited} ms: the lease is the claim's`)
})

test('LG10: a pause of the waiter counts for little', () => {
  const storage = new Storage()
  owned(storage, 1)
  const waiter = new Host(storage, { pid: 2 }).until('wait')
  waiter.feed({ kind: 'waited', elapsedMs: 1_000_000 })
  assert.equal(waiter.state.kind, 'looking')
  assert.equal(waiter.state.kind === 'looking' && waiter.state.search.waitedMs, 200)
})

test('LG3: a zombie whose number is taken is fenced', () => {
  const storage = new Storage()
  const zombie = owned(storage, 2)
  zombie.append({ kind: 'checkpoint', manifest: manifestOf(2, 1) })
  const next = new Host(storage, { pid: 2 }).run()
  assert.equal(next.ownership.claim, 4)
  zombie.run()
  assert.equal(zombie.error.code, 'FENCED')
  assert.deepEqual(decideLog(zombie.state, { kind: 'append', body: { kind: 'release', usedTo: 0 } }).actions, [])
})

test('LG3: a zombie that creates a deleted number again is fenced by its second look, and nobody restores from it', () => {
  const storage = new Storage()
  const zombie = owned(storage, 2)
  zombie.append({ kind: 'checkpoint', manifest: manifestOf(2, 1) })
  new Host(storage, { pid: 2 }).run().checkpoint(200).checkpoint(201)
  storage.dead.add(2)
  const third = new Host(storage, { pid: 3 }).run().checkpoint(400).checkpoint(401)
  for (const number of [1, 2, 3, 4, 5, 6]) storage.entries.delete(number)
  zombie.run()
  assert.equal(zombie.error.code, 'FENCED')
  assert.ok(storage.entries.has(4), 'it was created')
  storage.dead.add(3)
  const fourth = new Host(storage, { pid: 4 }).run()
  assert.deepEqual([fourth.ownership.restored?.manifest.checkpoint, fourth.ownership.epoch], [401, 4])
  assert.deepEqual(
    fourth.ownership.retained.map(({ manifest }) => manifest.checkpoint),
    [400, 401],
  )
  storage.dead.add(4)
  assert.equal(new Host(storage, { pid: 5, restore: { from: 2, acceptLoss: true } }).run().error.code, 'CHECKPOINT_NOT_FOUND')
  assert.ok(third)
})

test('LG3: of two that claim at once one owns the job, the other begins to wait', () => {
  const storage = new Storage()
  const [a, b] = [new Host(storage, { pid: 1 }).until('create'), new Host(storage, { pid: 2 }).until('create')]
  b.run()
  a.run(10)
  assert.equal(b.ownership.epoch, 1)
  assert.equal(a.state.kind, 'waiting')
})

test('LG3: an entry that was created before a takeover is restored by the successor and not committed by its maker', () => {
  const storage = new Storage()
  const slow = owned(storage, 1)
  slow.append({ kind: 'checkpoint', manifest: manifestOf(1, 1) })
  slow.until('look')
  const next = new Host(storage, { pid: 2 }).run()
  assert.equal(next.ownership.restored?.manifest.checkpoint, 1)
  slow.run()
  assert.equal(slow.error.code, 'FENCED')
})

test('every entry names the log by the token of its first claim, whoever has it, also after damage', () => {
  const storage = new Storage()
  const { log } = owned(storage, 3).ownership
  const logOf = (number: number): unknown => (storage.entries.get(number) as Entry).log
  assert.deepEqual([1, 2, 3, 4].map(logOf), [log, log, log, log])
  storage.dead.add(1)
  const next = new Host(storage, { pid: 2 }).run()
  assert.equal(next.ownership.log, log)
  assert.equal(logOf(5), log)
  storage.entries.set(5, damage(5))
  storage.dead.add(2)
  assert.equal(new Host(storage, { pid: 3, restore: { from: 1, acceptLoss: true } }).run().ownership.log, log)
})

test('LG6: a newest entry that has vanished is noticed by the beat', () => {
  const storage = new Storage()
  owned(storage, 3)
  storage.entries.delete(4)
  const { error } = new Host(storage, { pid: 2 }).run()
  assert.equal(error.code, 'CHECKPOINT_CORRUPT')
  assert.match(error.message, /log\/4\.entry is missing/)
})

test('LG6: all entries gone is no fresh start: the beat, or the chunks, tell', () => {
  const storage = new Storage()
  owned(storage, 3)
  storage.entries.clear()
  assert.match(new Host(storage, { pid: 2 }).run().error.message, /log\/4\.entry is missing/)
  storage.beat = undefined
  storage.hasChunks = true
  const { error } = new Host(storage, { pid: 2 }).run()
  assert.equal(error.code, 'CHECKPOINT_CORRUPT')
  assert.match(error.message, /log\/1\.entry/)
})

test('rules 1.1: a damaged newest entry stops the start and lists what is intact', () => {
  const storage = new Storage()
  owned(storage, 3)
  storage.entries.set(4, damage(4))
  const { error } = new Host(storage, { pid: 2 }).run()
  assert.equal(error.code, 'CHECKPOINT_CORRUPT')
  assert.match(error.message, /log\/4\.entry.*Intact: 0, 1/)
  assert.deepEqual(storage.numbers(), [1, 2, 3, 4])
})

test("rules 1.1: falling back takes the user's word; ids and epoch go on above all that may have been used", () => {
  const storage = new Storage()
  owned(storage, 3)
  storage.entries.set(4, damage(4))
  storage.dead.add(1)
  const host = new Host(storage, { pid: 2, restore: { from: 1, acceptLoss: true } }).run()
  assert.equal(host.ownership.restored?.manifest.checkpoint, 1)
  assert.ok(host.ownership.checkpointFloor >= 2 + CHECKPOINT_ID_WINDOW)
  assert.equal(host.ownership.claim, 5)
  assert.ok(host.ownership.epoch >= 2)
  // A crash before the next checkpoint does not undo the word.
  storage.dead.add(2)
  assert.equal(new Host(storage, { pid: 3 }).run().ownership.restored?.manifest.checkpoint, 1)
})

test('LG11: a newest entry that has vanished is given up by word, and the claim takes a number above it', () => {
  const storage = new Storage()
  const zombie = owned(storage, 3)
  storage.entries.delete(4)
  assert.equal(new Host(storage, { pid: 2, restore: { from: 1, acceptLoss: false } }).run().error.code, 'CHECKPOINT_CORRUPT')
  assert.equal(new Host(storage, { pid: 2, restore: { from: 2, acceptLoss: true } }).run().error.code, 'CHECKPOINT_CORRUPT')
  const host = new Host(storage, { pid: 2, restore: { from: 1, acceptLoss: true } }).run()
  assert.ok(host.waits.reduce((sum, ms) => sum + ms, 0) >= 1000, 'nobody can tell whose it was: it is waited for the lease')
  assert.equal(host.ownership.claim, 5)
  assert.equal(host.ownership.restored?.manifest.checkpoint, 1)
  assert.ok(host.ownership.epoch >= 2)
  assert.ok(host.ownership.checkpointFloor >= 2 + CHECKPOINT_ID_WINDOW)
  assert.equal(zombie.checkpoint(3).error.code, 'FENCED')
  storage.dead.add(2)
  assert.equal(new Host(storage, { pid: 3 }).run().ownership.restored?.manifest.checkpoint, 1)
})

test('LG11: an owner that lives is waited for; an entry that comes into sight after all is no loss', () => {
  const storage = new Storage()
  const owner = owned(storage, 3)
  const newest = storage.entries.get(4) as Entry
  storage.entries.delete(4)
  const waiter = new Host(storage, { pid: 2, restore: { from: 1, acceptLoss: true } })
  for (let i = 0; i < 100; i++) {
    waiter.until('wait').step()
    owner.feed({ kind: 'beatDue', seen: storage.beat })
  }
  assert.deepEqual(waiter.outcomes, [])
  storage.entries.set(4, newest)
  storage.dead.add(1)
  assert.equal(waiter.run().ownership.claim, 5)
  assert.deepEqual((storage.entries.get(5) as Entry).kept, [3, 4])
})

test('rules 1.1: an older one than the newest needs acceptLoss, the newest does not', () => {
  const storage = new Storage()
  owned(storage, 3)
  storage.dead.add(1)
  assert.equal(new Host(storage, { pid: 2, restore: { from: 1, acceptLoss: false } }).run().error.code, 'INVALID_OPTION')
  assert.equal(new Host(storage, { pid: 2, restore: { from: 9, acceptLoss: true } }).run().error.code, 'CHECKPOINT_NOT_FOUND')
  assert.equal(new Host(storage, { pid: 2, restore: { from: 2, acceptLoss: false } }).run().ownership.restored?.number, 4)
})

test('D6: an older retained entry that is damaged is reported, stays needed, and forbids deletion', () => {
  const storage = new Storage()
  owned(storage, 3)
  storage.entries.set(3, damage(3))
  storage.dead.add(1)
  const host = new Host(storage, { pid: 2 }).run()
  assert.equal(host.ownership.mayDelete, false)
  assert.match(host.ownership.damaged[0]?.error.message ?? '', /log\/3\.entry/)
  host.checkpoint(300).checkpoint(301)
  assert.deepEqual(storage.entries.get(7) instanceof Error ? [] : (storage.entries.get(7) as Entry).kept, [3, 5, 6])
})

test('LG7: a needed entry that is missing is a loss once a second look shows the same newest', () => {
  const storage = new Storage()
  const owner = owned(storage, 3)
  storage.entries.delete(3)
  storage.dead.add(1)
  const host = new Host(storage, { pid: 2 }).run()
  assert.match(host.ownership.damaged[0]?.error.message ?? '', /log\/3\.entry is missing/)
  assert.ok(owner)
})

test('LG7: what a live owner deletes meanwhile is no loss', () => {
  const storage = new Storage()
  const owner = owned(storage, 3)
  const waiter = new Host(storage, { pid: 2 }).until('read').run(1).until('read')
  owner.checkpoint(3).checkpoint(4)
  storage.entries.delete(2)
  storage.entries.delete(3)
  waiter.run(12)
  assert.notEqual(waiter.state.kind, 'ended')
})

test('LG7: what a live owner restored and has deleted since is no loss either', () => {
  const storage = new Storage()
  owned(storage, 1, { retain: 1 })
  storage.dead.add(1)
  const owner = new Host(storage, { pid: 2, retain: 1 }).run()
  // Its claim says that the checkpoint before it is needed: by the time that it is read there is a newer one.
  const waiter = new Host(storage, { pid: 3, retain: 1 }).until('read').run(1).until('read')
  owner.checkpoint(300)
  storage.entries.delete(2)
  waiter.run(12)
  assert.deepEqual(waiter.outcomes, [])
  storage.dead.add(2)
  assert.equal(waiter.run().ownership.restored?.manifest.checkpoint, 300)
})

test('LG8: a claimer begins above every id that a dead owner may have used', () => {
  const storage = new Storage()
  owned(storage, 3)
  storage.dead.add(1)
  const second = new Host(storage, { pid: 2 }).run()
  assert.equal(second.ownership.checkpointFloor, 2 + CHECKPOINT_ID_WINDOW)
  storage.dead.add(2)
  assert.equal(new Host(storage, { pid: 3 }).run().ownership.checkpointFloor, 2 + 2 * CHECKPOINT_ID_WINDOW)
})

test('a claim without a checkpoint starts afresh; with chunks but no checkpoint it is a loss', () => {
  const storage = new Storage()
  owned(storage, 0)
  storage.dead.add(1)
  const host = new Host(storage, { pid: 2 }).run()
  assert.deepEqual(
    [host.ownership.restored, host.ownership.epoch, host.ownership.checkpointFloor],
    [undefined, 2, CHECKPOINT_ID_WINDOW - 1],
  )
  storage.hasChunks = true
  storage.dead.add(2)
  assert.equal(new Host(storage, { pid: 3 }).run().error.code, 'CHECKPOINT_CORRUPT')
})

test('a finished log says so and changes nothing; other jobs and restore none are refused', () => {
  const storage = new Storage()
  const host = owned(storage, 1)
  host.append({ kind: 'finished', checkpoint: 0, usedTo: 0 })
  host.run()
  assert.deepEqual(new Host(storage, { pid: 2 }).run().outcomes, [{ kind: 'finished', checkpoint: 0 }])
  assert.deepEqual(storage.numbers(), [1, 2, 3])
  assert.equal(new Host(storage, { pid: 2, job: 'other' }).run().error.code, 'CHECKPOINT_FOREIGN')
  assert.equal(new Host(storage, { pid: 2, restore: 'none' }).run().error.code, 'RESTORE_REFUSED', 'also when it has finished')
  const none = new Storage()
  owned(none, 1)
  none.dead.add(1)
  assert.equal(new Host(none, { pid: 2, restore: 'none' }).run().error.code, 'RESTORE_REFUSED')
})

test('a storage that cannot be looked at is tried again, then reported', () => {
  const host = new Host(new Storage(), { pid: 1 })
  host.feed({ kind: 'ioFailed', error: new StreamError('STORAGE', 'EIO') })
  assert.equal(host.state.kind, 'waiting')
  const broken = new Host(new Storage(), { pid: 1, maxTries: 1 })
  broken.feed({ kind: 'ioFailed', error: new StreamError('STORAGE', 'EIO') })
  assert.equal(broken.error.code, 'STORAGE')
})
