import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seed, stateOf } from './state-kit.test.ts'
import { TimerQueue } from './timer-queue.ts'

/** Timers by slot, each with the entry that stands for it, as a column keeps them. */
class Owner {
  readonly set = new Map<number, number>()
  readonly queued = new Map<number, number>()
  readonly kept = new Map<number, number>()
  due(slot: number, time: number): number {
    if (this.queued.get(slot) !== time) return Number.NaN
    const at = this.set.get(slot)
    if (at === undefined) this.queued.delete(slot)
    else this.queued.set(slot, at)
    return at ?? Number.NaN
  }
  keep(slot: number, time: number, round: number): number {
    const at = this.due(slot, time)
    if (at !== at || this.kept.get(slot) === round) return Number.NaN
    this.kept.set(slot, round)
    return at
  }
}

test('Q1 Q3 timers come in order of time, slot and declaration, however they were moved; the queue stays small', () => {
  const operation = fc.tuple(
    fc.nat(1),
    fc.constantFrom(0, 1, 2, 70_000, 70_001, 200_000, 400_000),
    fc.option(fc.nat(50), { nil: undefined }),
  )
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 600 }), (operations) => {
      const owners = [new Owner(), new Owner()]
      const queue = new TimerQueue(owners)
      for (const [timer, slot, at] of operations) {
        const owner = owners[timer] as Owner
        const before = owner.set.get(slot)
        if (at === undefined) owner.set.delete(slot)
        else owner.set.set(slot, at)
        if ((before === undefined) !== (at === undefined)) queue.count(slot, at === undefined ? -1 : 1)
        if (at !== undefined && !(at >= (owner.queued.get(slot) ?? Number.POSITIVE_INFINITY))) {
          owner.queued.set(slot, at)
          queue.push(at, slot, timer)
        }
        assert.ok(queue.size <= 2 * queue.live + 7 * 65)
      }
      const expected = owners
        .flatMap((owner, timer) => [...owner.set].map(([slot, at]) => [at, slot * 2 + timer] as const))
        .sort((a, b) => a[0] - b[0] || a[1] - b[1])
      const found: (readonly [number, number])[] = []
      for (let at = queue.earliest(); at !== Number.POSITIVE_INFINITY; at = queue.earliest()) {
        const id = queue.takeEarliest()
        found.push([at, id])
        owners[id % 2]?.set.delete(id >> 1)
        owners[id % 2]?.queued.delete(id >> 1)
        queue.count(id >> 1, -1)
      }
      assert.deepEqual(found, expected)
    }),
    { seed, numRuns: 200 },
  )
})

test('Q4 finding the next timer asks as few owners and looks at as few entries with many pages as with one', () => {
  const asks = (pages: number): number => {
    let asked = 0
    const queue = new TimerQueue([
      {
        due: (_slot, time) => {
          asked++
          return time
        },
        keep: (_slot, time) => time,
      },
    ])
    for (let page = 0; page < pages; page++) {
      queue.count(page * 65_536, 1)
      queue.push(1_000 - page, page * 65_536, 0)
    }
    const comparisons = counted(queue, 'earlier')
    for (let page = pages - 1; page >= 0; page--) {
      assert.equal(queue.earliest(), 1_000 - page)
      assert.equal(queue.takeEarliest(), page * 65_536)
      queue.count(page * 65_536, -1)
    }
    assert.equal(queue.earliest(), Number.POSITIVE_INFINITY)
    assert.equal(asked, 2 * pages)
    return comparisons() / pages
  }
  assert.ok(asks(64) <= 6)
  assert.ok(asks(512) <= 9)
})

/** How often a method of this object is called. */
function counted(object: object, method: string): () => number {
  const target = object as Record<string, (...args: unknown[]) => unknown>
  const original = target[method] as (...args: unknown[]) => unknown
  let calls = 0
  target[method] = (...args) => {
    calls++
    return original.apply(object, args)
  }
  return () => calls
}

test('Q3 setting and clearing over and over leaves no more than twice what is set', () => {
  const state = stateOf(
    { t: { kind: 'timer', version: 1, domain: 'event' }, ts: { kind: 'timers', version: 1, domain: 'event' } },
    'sampled',
  )
  const began = performance.now()
  for (let i = 0; i < 200_000; i++) {
    state.setKey(i % 10)
    state.timer('t').set(1_000_000 - i)
    if (i % 3 === 0) state.timer('t').clear()
    state.timers('ts').add(5)
    state.timers('ts').delete(5)
  }
  assert.ok(performance.now() - began < 10_000, 'compacting must not happen at every push')
  assert.ok(state.statistics.pendingTimers <= 10)
  let fired = 0
  while (state.takeDue('event', Number.POSITIVE_INFINITY) !== undefined) fired++
  assert.ok(fired <= 10)
})
