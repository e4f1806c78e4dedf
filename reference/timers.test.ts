import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replayStep, type StepInput } from './replay.ts'
import type { KeyedSpec } from './program.ts'
import { at, batch, ended, fieldOf, job, keyedJob, keyedSteps, outputOf, rec, sink, source } from './testing.ts'

const CANCEL: KeyedSpec = { kind: 'cancel', delay: 10, modulo: 100 }
const timerOnly = (values: readonly { readonly [name: string]: unknown }[]): unknown[] =>
  values.filter((value) => value['tag'] === 'timer').map((value) => value['ts'])
const firedAt = (program: Parameters<typeof outputOf>[0], arrival: Parameters<typeof outputOf>[1]): unknown[] =>
  timerOnly(outputOf(program, arrival).map((one) => one.value))
/** What a keyed process does with what one subtask saw; key 1. */
const replayed = (fn: KeyedSpec, inputs: readonly StepInput[]): unknown[] =>
  timerOnly(replayStep(keyedJob(fn, []), 'p', inputs).map((one) => one.value))
const seen = (id: number, ts: number | null, now?: number): StepInput => ({
  kind: 'record',
  value: rec(id, ts),
  timestamp: ts,
  ...(now === undefined ? {} : { now }),
})

test('TM-1, rules 1.23: setting a timer moves it: one pending time per key and name', () => {
  const program = keyedJob(CANCEL, [rec(1, 0), rec(2, 5)])
  assert.deepEqual(firedAt(program, [batch('s'), batch('s', 1, { ended: true })]), [15])
  assert.deepEqual(fieldOf(program, [batch('s', 2)], 'pending'), [null, 10])
})

test('TM-1: a timer is of its key alone', () => {
  const program = keyedJob(CANCEL, [rec(1, 0, { key: 1 }), rec(2, 5, { key: 2 })])
  assert.deepEqual(firedAt(program, [batch('s', 2, { ended: true })]), [10, 15])
})

test('TM-1: clearing takes a timer away, clearing a missing one is nothing', () => {
  const program = keyedJob({ kind: 'cancel', delay: 10, modulo: 2 }, [rec(2, 0), rec(1, 1), rec(4, 2)])
  assert.deepEqual(firedAt(program, [batch('s', 3, { ended: true })]), [])
})

test('TM-1: many-pending timers keep each time once', () => {
  const program = keyedJob({ kind: 'reminders', delay: 10, count: 2, cancel: 1000 }, [rec(1, 0), rec(3, 10), rec(5, 0)])
  assert.deepEqual(firedAt(program, [batch('s', 3, { ended: true })]), [10, 20, 30])
})

test('TM-1: many-pending timers are deleted one by one, a missing time is nothing', () => {
  const program = keyedJob({ kind: 'reminders', delay: 10, count: 2, cancel: 2 }, [rec(2, 0), rec(6, 40)])
  assert.deepEqual(firedAt(program, [batch('s', 2, { ended: true })]), [20, 60])
})

test('TM-1: many-pending timers are cleared all at once', () => {
  const program = keyedJob({ kind: 'reminders', delay: 10, count: 3, cancel: 2 }, [rec(1, 0), rec(4, 100)])
  assert.deepEqual(firedAt(program, [batch('s', 2, { ended: true })]), [120, 130])
})

test('TM-2: timers at or below the watermark fire, at exactly the watermark included', () => {
  assert.deepEqual(replayed(CANCEL, [seen(1, 0), { kind: 'watermark', at: 9 }]), [])
  assert.deepEqual(replayed(CANCEL, [seen(1, 0), { kind: 'watermark', at: 10 }]), [10])
})

test('TM-2: in order of time, over all keys', () => {
  const program = keyedJob(CANCEL, [rec(1, 30, { key: 1 }), rec(2, 10, { key: 2 }), rec(3, 20, { key: 3 })])
  assert.deepEqual(firedAt(program, [batch('s', 3, { ended: true })]), [20, 30, 40])
})

test('TM-2: the watermark is set before the timers fire', () => {
  const program = keyedJob({ kind: 'chain', delay: 10, links: 0, step: 1 }, [rec(1, 0), rec(2, 51, { key: 2 })])
  assert.deepEqual(
    outputOf(program, [batch('s', 2)]).map((one) => one.value['seen']),
    [50],
  )
})

test('TM-2: what is registered while firing at or below the watermark fires in the same pass', () => {
  const chain: KeyedSpec = { kind: 'chain', delay: 10, links: 3, step: 20 }
  assert.deepEqual(replayed(chain, [seen(1, 0), { kind: 'watermark', at: 50 }]), [10, 30, 50])
  assert.deepEqual(replayed(chain, [seen(1, 0), { kind: 'watermark', at: 49 }]), [10, 30])
})

test('TM-2: a timer may set itself to its own time, or an earlier one, in its own pass', () => {
  assert.deepEqual(replayed({ kind: 'chain', delay: 10, links: 2, step: 0 }, [seen(1, 0), { kind: 'watermark', at: 10 }]), [10, 10, 10])
  assert.deepEqual(replayed({ kind: 'chain', delay: 10, links: 2, step: -30 }, [seen(1, 0), { kind: 'watermark', at: 10 }]), [10, -20, -50])
})

test('TM-3: registering at or below the watermark waits for the next advance', () => {
  const inputs: StepInput[] = [{ kind: 'watermark', at: 100 }, seen(1, 0), seen(2, 5)]
  assert.deepEqual(replayed(CANCEL, inputs), [])
  assert.deepEqual(replayed(CANCEL, [...inputs, { kind: 'watermark', at: 100 }]), [])
  assert.deepEqual(replayed(CANCEL, [...inputs, { kind: 'watermark', at: 101 }]), [15])
})

test('WM-11: the end of input fires every event timer', () => {
  assert.deepEqual(replayed(CANCEL, [seen(1, 1_000), { kind: 'watermark', at: 'end' }]), [1_010])
})

test('WM-11, TM-3: event timers set after +Infinity, by an untimed input, fire when that ends', () => {
  const program = job(
    [source('s', [rec(1, 0)]), source('u', [rec(7, null)], { timed: false })],
    [{ kind: 'union', id: 'both', from: ['s', 'u'] }, ...keyedSteps('both', CANCEL)],
  )
  const before = [batch('s', 1, { ended: true }), batch('u')]
  assert.deepEqual(firedAt(program, before), [10])
  assert.deepEqual(firedAt(program, [...before, ended('u')]), [10, 17])
})

test('PF-2: an event timer gives its time to what it emits and to the context', () => {
  const program = keyedJob({ kind: 'session', gap: 10, tag: 't' }, [rec(1, 0)])
  const [closed] = outputOf(program, [batch('s', 1, { ended: true })])
  assert.equal(closed?.timestamp, 10)
  assert.equal(closed?.value['timestamp'], 10)
})

test('rules 1.23: a timer that fires is no longer pending in its own function', () => {
  const program = keyedJob({ kind: 'session', gap: 10, tag: 't' }, [rec(1, 0)])
  assert.deepEqual(fieldOf(program, [batch('s', 1, { ended: true })], 'pending'), [null])
})

test('PF-2: a processing timer gives no timestamp', () => {
  const program = keyedJob({ kind: 'timeout', delay: 10 }, [rec(1, 5)])
  assert.deepEqual(
    outputOf(program, [batch('s', 1, { now: 100 }), at(111)]).map((one) => one.timestamp),
    [null],
  )
})

test('TM-4: a processing timer fires when the clock is past its time, not at it', () => {
  const program = keyedJob({ kind: 'timeout', delay: 10 }, [rec(1, 5)])
  assert.deepEqual(fieldOf(program, [batch('s', 1, { now: 100 }), at(110)], 'value'), [])
  assert.deepEqual(fieldOf(program, [batch('s', 1, { now: 100 }), at(111)], 'value'), [1])
})

test('TM-4: due processing timers wait for their own event, a batch does not fire them', () => {
  const program = keyedJob({ kind: 'timeout', delay: 10 }, [rec(1, 5), rec(2, 6)])
  assert.deepEqual(fieldOf(program, [batch('s', 1, { now: 100 }), batch('s', 1, { now: 500 }), at(500)], 'value'), [])
  assert.deepEqual(fieldOf(program, [batch('s', 1, { now: 100 }), batch('s', 1, { now: 500 }), at(511)], 'value'), [2])
})

test('TM-4: many processing times fire one by one', () => {
  const program = keyedJob({ kind: 'polls', delay: 10, count: 3 }, [rec(1, 5)])
  assert.deepEqual(fieldOf(program, [batch('s'), at(11), at(25)], 'value'), [1, 2])
  assert.deepEqual(fieldOf(program, [batch('s'), at(1_000)], 'value'), [1, 2, 3])
})

test('rules 1.17: the clock never goes back', () => {
  const program = keyedJob({ kind: 'timeout', delay: 10 }, [rec(1, 5)])
  assert.deepEqual(fieldOf(program, [at(100), batch('s', 1, { now: 20 }), at(50), at(105)], 'value'), [])
  assert.deepEqual(fieldOf(program, [at(100), batch('s', 1, { now: 20 }), at(111)], 'value'), [1])
})

test('TM-6: pending processing timers do not fire after the end of input, event timers do', () => {
  const program = keyedJob({ kind: 'race', eventDelay: 100, processingDelay: 50 }, [rec(1, 0)])
  assert.deepEqual(fieldOf(program, [batch('s', 1, { ended: true }), at(1_000)], 'won'), ['event'])
  const silent = keyedJob({ kind: 'timeout', delay: 50 }, [rec(1, 0)])
  assert.deepEqual(fieldOf(silent, [batch('s', 1, { ended: true }), at(1_000)], 'won'), [])
})

test('TM-1, TM-4: a processing timer clears an event timer of the same key', () => {
  const program = keyedJob({ kind: 'race', eventDelay: 100, processingDelay: 50 }, [rec(1, 0)])
  assert.deepEqual(fieldOf(program, [batch('s'), at(51), ended('s')], 'won'), ['processing'])
})

test('WM-8: a step is done with a watermark before the next one sees it', () => {
  const program = job(
    [source('s', [rec(1, 0), rec(2, 50)])],
    [...keyedSteps('s', CANCEL), { kind: 'process', id: 'after', from: 'p', fn: { kind: 'late', tag: 'late' } }, sink('good', 'after')],
  )
  assert.deepEqual(fieldOf(program, [batch('s', 2, { ended: true })], 'ts', 'good'), [0, 50, 60])
})

test('a session by hand: moved timers, one session per gap, late records aside', () => {
  const program = keyedJob({ kind: 'session', gap: 10, tag: 't' }, [rec(1, 0), rec(2, 9), rec(5, 30, { key: 2 }), rec(4, 12), rec(3, 40)])
  const arrival = [batch('s'), batch('s'), batch('s'), batch('s'), batch('s', 1, { ended: true })] // after id 5 the watermark is 29
  assert.deepEqual(fieldOf(program, arrival, 'session'), [
    { start: 0, end: 9, n: 2, sum: 3 },
    { start: 30, end: 30, n: 1, sum: 5 },
    { start: 40, end: 40, n: 1, sum: 3 },
  ])
  assert.deepEqual(fieldOf(program, arrival, 'id', 'side'), [4])
})

test('a buffer flushes its list once, and starts anew', () => {
  const program = keyedJob({ kind: 'buffer', delay: 10, move: false }, [rec(1, 0), rec(2, 8), rec(9, 20, { key: 2 }), rec(3, 30)])
  const arrival = [batch('s'), batch('s'), batch('s'), batch('s', 1, { ended: true })]
  assert.deepEqual(fieldOf(program, arrival, 'ids'), [[1, 2], [9], [3]])
})

test('a buffer that moves waits for the latest record', () => {
  const program = keyedJob({ kind: 'buffer', delay: 10, move: true }, [rec(1, 0), rec(2, 8), rec(3, 17)])
  assert.deepEqual(fieldOf(program, [batch('s'), batch('s'), batch('s', 1, { ended: true })], 'ids'), [[1, 2, 3]])
})

test('what is no time is refused', () => {
  assert.throws(() => outputOf(keyedJob({ kind: 'cancel', delay: 0.5, modulo: 100 }, [rec(1, 0)]), [batch('s')]), /no time/)
})
