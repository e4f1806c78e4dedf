import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamError } from '../core/errors.ts'
import {
  decideLog,
  startLog,
  type AppendBody,
  type LogAction,
  type LogDecision,
  type LogEvent,
  type LogOptions,
  type LogState,
  type Ownership,
  type ReadEntry,
} from './log.ts'
import { CHECKPOINT_ID_WINDOW, type Entry, type Manifest } from './manifest.ts'

/** A storage in memory, and whatever the tests do to it. */
class Storage {
  readonly entries = new Map<number, Entry | StreamError>()
  beat: { epoch: number; count: number; newestEntry: number } | undefined
  hasChunks = false
  readonly dead = new Set<number>()

  numbers(): readonly number[] {
    return [...this.entries.keys()].sort((a, b) => a - b)
  }
}

/** A host that performs one action at a time, so that a test can stop it anywhere. */
class Host {
  readonly storage: Storage
  state: LogState
  readonly outcomes: LogAction[] = []
  readonly waits: number[] = []
  #queue: LogAction[] = []

  constructor(storage: Storage, options: Partial<LogOptions> & { readonly pid: number }) {
    const { pid, ...given } = options
    this.storage = storage
    const started = startLog({
      job: 'fraud',
      self: { boot: 'b', namespace: 'n', pid, startedAt: 's' },
      token: `t${pid}`,
      leaseMs: 1000,
      pollMs: 100,
      retain: 2,
      restore: 'latest',
      abandoned: [],
      maxTries: 2,
      nameOf: (entry) => `log/${entry}.entry`,
      ...given,
    })
    this.state = started.state
    this.#follow(started)
  }

  #follow({ state, actions }: LogDecision): void {
    this.state = state
    for (const action of actions) {
      if (action.kind === 'beat') this.storage.beat = { ...action.beat }
      else if (
        action.kind === 'owner' ||
        action.kind === 'appended' ||
        action.kind === 'fenced' ||
        action.kind === 'stop' ||
        action.kind === 'finished'
      )
        this.outcomes.push(action)
      else this.#queue.push(action)
    }
  }

  feed(event: LogEvent): void {
    this.#follow(decideLog(this.state, event))
  }

  append(body: AppendBody): void {
    this.feed({ kind: 'append', body })
  }

  get next(): LogAction | undefined {
    return this.#queue[0]
  }

  /** Takes the next creation off the list, without having made it, and says that it has failed. */
  failCreation(): LogAction & { readonly kind: 'create' } {
    this.until('create')
    const create = this.#queue.shift()
    assert.ok(create?.kind === 'create')
    this.feed({ kind: 'createFailed', number: create.number, error: new StreamError('STORAGE', 'EIO') })
    return create
  }

  /** Performs the next action; false when there is none. */
  step(): boolean {
    const action = this.#queue.shift()
    if (action === undefined) return false
    const { entries, beat, hasChunks, dead } = this.storage
    switch (action.kind) {
      case 'look':
        this.feed({
          kind: 'looked',
          look: { numbers: this.storage.numbers(), beat, ownerAlive: action.probe === undefined ? undefined : !dead.has(action.probe.pid) },
        })
        return true
      case 'read':
        this.feed({ kind: 'read', results: action.numbers.map((number) => this.#read(number)) })
        return true
      case 'look-for-chunks':
        this.feed({ kind: 'chunksSeen', found: hasChunks })
        return true
      case 'wait':
        this.waits.push(action.ms)
        this.feed({ kind: 'waited', elapsedMs: action.ms })
        return true
      case 'create': {
        const exists = entries.has(action.number)
        if (!exists) entries.set(action.number, action.entry)
        this.feed({ kind: 'created', number: action.number, result: exists ? 'exists' : 'created' })
        return true
      }
      default:
        return assert.fail(action.kind)
    }
  }

  #read(number: number): ReadEntry {
    const entry = this.storage.entries.get(number)
    if (entry === undefined) return { number, missing: true }
    return StreamError.is(entry) ? { number, error: entry } : { number, entry }
  }

  /** Until nothing is left to do, or so many steps are done. */
  run(steps: number = 1000): this {
    for (let i = 0; i < steps && this.step(); i++);
    return this
  }

  until(kind: LogAction['kind']): this {
    while (this.next?.kind !== kind) assert.ok(this.step(), `it never comes to ${kind}`)
    return this
  }

  get ownership(): Ownership {
    const owner = this.outcomes.findLast((outcome) => outcome.kind === 'owner')
    assert.ok(owner?.kind === 'owner', `no owner: ${JSON.stringify(this.outcomes)}`)
    return owner.ownership
  }

  get error(): StreamError {
    const last = this.outcomes.at(-1)
    assert.ok(last?.kind === 'stop' || last?.kind === 'fenced', `no error: ${JSON.stringify(last)}`)
    return last.error
  }

  checkpoint(id: number): this {
    this.append({ kind: 'checkpoint', manifest: manifestOf(id, this.ownership.epoch) })
    return this.run()
  }
}

function manifestOf(checkpoint: number, epoch: number): Manifest {
  return {
    format: 1,
    job: 'fraud',
    checkpoint,
    epoch,
    createdAtMs: 0,
    reason: 'periodic',
    keyGroups: 1,
    planHash: '',
    chunks: [],
    operators: {},
  }
}
function damage(number: number): StreamError {
  return new StreamError('CHECKPOINT_CORRUPT', `log/${number}.entry is damaged.`, { details: { file: `log/${number}.entry` } })
}
/** An owner with checkpoints 0, 1, …, count - 1. */
function owned(storage: Storage, count: number, options: Partial<LogOptions> = {}): Host {
  const host = new Host(storage, { pid: 1, ...options }).run()
  for (let id = 0; id < count; id++) host.checkpoint(id)
  return host
}

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

test('a storage that cannot be looked at is tried again, then reported', () => {
  const host = new Host(new Storage(), { pid: 1 })
  host.feed({ kind: 'ioFailed', error: new StreamError('STORAGE', 'EIO') })
  assert.equal(host.state.kind, 'waiting')
  const broken = new Host(new Storage(), { pid: 1, maxTries: 1 })
  broken.feed({ kind: 'ioFailed', error: new StreamError('STORAGE', 'EIO') })
  assert.equal(broken.error.code, 'STORAGE')
})
