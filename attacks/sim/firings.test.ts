/** What the judges of firings, alarms and moments are to find: each case is right but for one thing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rowsOf, START_MS, type InputShape } from '../lib/sequence-input.ts'
import { MOST_ROWS } from '../lib/paced-source.ts'
import { GAP_MS, SLIDING_MS, TUMBLING_MS } from '../lib/window-steps.ts'
import { judgeAlarms } from './alarms.ts'
import { judgeFirings } from './firings.ts'
import { postingsOf, transfersOf, type LedgerShape, type Posting } from './ledger.ts'
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
const set = { kind: 'set', account: posting.account, seq: 1, due: 20, now: 11 }
const rang = { kind: 'rang', account: posting.account, seqs: [1], due: 20, now: 21 }

function alarms(...lines: readonly object[]): string {
  const text = lines.map((line) => JSON.stringify(line)).join('\n')
  return judgeAlarms(ledger, [{ sink: 'alarms', name: 'part-0', text }])
    .filter((problem) => problem.includes(`"${posting.account}"`) || problem.includes(` ${posting.account} `))
    .join('\n')
}

test('an alarm rings once, for what was set, and after its time', () => {
  assert.equal(alarms(set, rang), '')
  assert.equal(alarms(set), '', 'at the end of the input it need not ring')
  assert.match(alarms(set, rang, rang), /due was \[\]/)
  assert.match(alarms(set, { ...rang, now: 20 }), /too early/)
  assert.match(alarms(set, { ...rang, seqs: [] }), /due was \[1\]/)
  assert.match(alarms(rang), /has 0 of 1/)
  const later = Array.from({ length: 17 }, (_zero, index) => ({ ...set, seq: index + 2, due: 90, now: 30 }))
  assert.match(alarms(set, ...later), /20 of \S+ has not rung before/)
})

function moment(at: number, ...ns: readonly number[]): MomentLine {
  return { key: 'f0k0', window: { start: at, end: at + MOMENT_MS }, rows: ns, now: at + MOMENT_MS }
}

function moments(goesBack: boolean, ...lines: readonly MomentLine[]): string {
  const text = lines.map((line) => JSON.stringify(line)).join('\n')
  return judgeMoments(shape, [{ sink: 'moments', name: 'part-0', text }], { goesBack }).join('\n')
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
