/** What the judges of firings, alarms and moments are to find: each case is right but for one thing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Env } from '../../packages/millrace/src/core/env.ts'
import { MOST_ROWS, rowId, splitOf } from '../lib/paced-source.ts'
import { rowsOf, START_MS, type InputShape } from '../lib/sequence-input.ts'
import { GAP_MS, SLIDING_MS, TUMBLING_MS } from '../lib/window-steps.ts'
import { judgeAlarms, type AlarmClock } from './alarms.ts'
import { judgeFirings } from './firings.ts'
import { postingsOf, transfersOf, type LedgerShape, type Posting } from './ledger.ts'
import { Readings } from './readings.ts'
import { judgeMoments, MOMENT_MS, type MomentLine } from './moments.ts'

const shape: InputShape = { seed: 1, files: 1, rowsPerFile: 40, keysPerFile: 1, spanMs: 20_000 }
const rows = rowsOf(shape, 0)
const window = { start: START_MS, end: START_MS + SLIDING_MS }
const inside = rows.filter(({ at }) => at < window.end)

function firing(count: number, change: object = {}): object {
  const values = inside.slice(0, count).map(({ value }) => value)
  const sum = values.reduce((all, each) => all + each, 0)
  return { key: 'f0k0', window, count, sum, most: Math.max(...values), ...change }
}

function judged(sink: string, ...lines: readonly object[]): string {
  const text = lines.map((line) => JSON.stringify(line)).join('\n')
  return judgeFirings(shape, [{ sink, name: 'part-0', text }], (each) => each === sink, true).join('\n')
}

test('a sliding window fires with all that had come, and not before it is over', () => {
  assert.equal(judged('sliding', firing(inside.length)), '')
  assert.match(judged('sliding', firing(inside.length, { sum: 1 })), /not the first/)
  assert.match(judged('sliding', firing(inside.length), firing(inside.length)), /after \d+ rows comes/)
  assert.match(judged('sliding', firing(inside.length - 1)), /nothing had passed its end/)
  assert.match(judged('sliding', firing(inside.length, { window: { ...window, end: window.end + 1 } })), /no window/)
})

test('a session holds all rows that had come and hang together', () => {
  const [first] = rows as [(typeof rows)[number]]
  const session = { key: 'f0k0', window: { start: first.at, end: first.at + GAP_MS }, count: 1, rows: [0] }
  assert.equal(judged('sessions', session), '')
  assert.match(judged('sessions', { ...session, rows: [0, 1], count: 2 }), /the session was 1/)
  assert.match(judged('sessions', { ...session, window: { ...session.window, end: first.at } }), /the session was 0/)
})

test('a row is late only where the rows before it have passed its window', () => {
  assert.match(judged('late', rows[3] as object), /is called late/)
})

test('with one file a row is late where a batch before its own has passed its window', () => {
  const [first] = rows as [(typeof rows)[number]]
  const end = (Math.floor(first.at / TUMBLING_MS) + 1) * TUMBLING_MS
  const after = rows.findIndex(({ at }) => at >= end)
  const line = (n: number): object => ({ key: 'f0k0', window: { start: end - TUMBLING_MS, end }, count: 1, rows: [n] })
  assert.equal(judged('tumbling', line(after + MOST_ROWS - 1)), '', 'they may have come together')
  assert.match(judged('tumbling', line(after + MOST_ROWS)), /is not called late/)
})

const ledger: LedgerShape = { seed: 1, files: 1, transfers: 1, accounts: 2 }
const posting = transfersOf(ledger, 0).flatMap(postingsOf)[0] as Posting
const set = { kind: 'set', account: posting.account, transfer: posting.transfer, seq: 1, due: 20, now: 11 }
const rang = { kind: 'rang', account: posting.account, seqs: [1], due: 20, now: 21 }

/** What was read at this moment of the wall clock, and covered by a checkpoint at that. */
function readings(read: Readonly<Record<string, number>>, covered: Readonly<Record<number, number>> = {}): Readings {
  const all = new Readings()
  const at = (ms: number): Env => ({ clock: { now: () => ms, monotonic: () => ms } }) as Env
  for (const [id, ms] of Object.entries(read)) all.read(at(ms), [id])
  for (const [position, ms] of Object.entries(covered)) all.acknowledged(at(ms), splitOf(0), Number(position))
  return all
}

function alarms(...lines: readonly object[]): string {
  return alarmsOf({ readings: readings({}), goesBack: false, mostInBatch: 5 }, lines)
}

function alarmsOf(clock: AlarmClock, lines: readonly object[]): string {
  const text = lines.map((line) => JSON.stringify(line)).join('\n')
  return judgeAlarms(ledger, [{ sink: 'alarms', name: 'part-0', text }], clock)
    .problems.filter((problem) => problem.includes(`"${posting.account}"`) || problem.includes(` ${posting.account} `))
    .join('\n')
}

test('an alarm rings once, for what was set, and after its time', () => {
  assert.equal(alarms(set, rang), '')
  assert.equal(alarms(set), '', 'at the end of the input it need not ring')
  assert.match(alarms(set, rang, rang), /due was \[\]/)
  assert.match(alarms(set, { ...rang, now: 20 }), /too early/)
  assert.match(alarms(set, { ...rang, seqs: [] }), /due was \[1\]/)
  assert.match(alarms(rang), /has 0 of 1/)
  const later = Array.from({ length: 6 }, (_zero, index) => ({ ...set, seq: index + 2, due: 90, now: 30 }))
  assert.match(alarms(set, ...later), /20 of \S+ has not rung before/)
  assert.doesNotMatch(alarms(set, ...later.slice(1)), /has not rung/, 'they may be of one batch')
})

test('an alarm has rung before what was read after its time', () => {
  const later = { ...set, transfer: 'later', seq: 2, due: 90, now: 30 }
  const clock = { readings: readings({ [set.transfer]: 10, later: 21 }), goesBack: false, mostInBatch: 5 }
  assert.match(alarmsOf(clock, [set, later]), /20 of \S+ has not rung before/)
  assert.doesNotMatch(alarmsOf({ ...clock, goesBack: true }, [set, later]), /has not rung/, 'it was later before')
  assert.doesNotMatch(alarmsOf({ ...clock, readings: readings({ later: 20 }) }, [set, later]), /has not rung/, 'it was not over')
  assert.doesNotMatch(alarmsOf(clock, [set, { ...rang, now: 22 }, later]), /has not rung/)
  const text = [set, later].map((line) => JSON.stringify(line)).join('\n')
  assert.equal(judgeAlarms(ledger, [{ sink: 'alarms', name: 'part-0', text }], clock).due, 1)
})

function moment(at: number, ...ns: readonly number[]): MomentLine {
  return { key: 'f0k0', window: { start: at, end: at + MOMENT_MS }, rows: ns, now: at + MOMENT_MS }
}

function moments(goesBack: boolean, ...lines: readonly MomentLine[]): string {
  return momentsOf(readings({}), goesBack, lines).problems.join('\n')
}

function momentsOf(read: Readings, goesBack: boolean, lines: readonly MomentLine[]): ReturnType<typeof judgeMoments> {
  const text = lines.map((line) => JSON.stringify(line)).join('\n')
  return judgeMoments(shape, [{ sink: 'moments', name: 'part-0', text }], { has: (sink) => sink === 'moments', readings: read, goesBack })
}

test('windows of processing time hold the first rows of their key, one window after another', () => {
  const [first, second] = [moment(0, 0, 1), moment(3 * MOMENT_MS, 2)]
  assert.equal(moments(false, first, second), '', 'what is open at the end need not fire')
  assert.match(moments(false, moment(0, 0, 2)), /has 0,2 of 0,1,2/)
  assert.match(moments(false, second), /has 2 of 0/)
  assert.match(moments(false, first, moment(0, 2)), /came after a later one, or again/)
  assert.match(moments(false, { ...first, now: MOMENT_MS - 1 }), /fired before its end/)
  assert.match(moments(false, moment(1, 0)), /no window/)
})

test('where the wall clock went back, each row is still in one window at most, in order', () => {
  assert.equal(moments(true, moment(3 * MOMENT_MS, 4, 5), moment(0, 1, 3)), '')
  assert.match(moments(true, moment(0, 1), moment(0, 1)), /in two windows/)
  assert.match(moments(true, moment(0, 3, 1)), /not in order/)
  assert.match(moments(true, moment(0, 77)), /has no row 77/)
})

/** Windows of processing time that never fired were green: none is a prefix of all. */
test('a window of processing time has fired when a later row of its key was read after its end', () => {
  const last = rows.at(-1) as (typeof rows)[number]
  const read = readings({ [rowId(last)]: MOMENT_MS + 1 }, { 2: MOMENT_MS - 1, 3: MOMENT_MS })
  const none = momentsOf(read, false, [])
  assert.match(none.problems.join(), /has fired 0 of 40 rows, and the windows of 2 were over when the last was read/)
  assert.equal(none.due, 2)
  assert.deepEqual(momentsOf(read, false, [moment(0, 0, 1)]).problems, [])
  assert.deepEqual(momentsOf(read, true, []).problems, [], 'the clock went back')
  assert.deepEqual(momentsOf(readings({ [rowId(last)]: MOMENT_MS }, { 2: 0 }), false, []).problems, [], 'it was not over')
  assert.deepEqual(momentsOf(readings({ [rowId(last)]: MOMENT_MS + 1 }), false, []).problems, [], 'the row may have come later')
})
