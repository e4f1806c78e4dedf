/** Every build error of sources, steps and sinks through the public door: its code, and that its message names what it is about. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { ErrorCode } from '../core/error-codes.ts'
import { StreamError } from '../core/errors.ts'
import {
  agg,
  arraySource,
  countWindow,
  defineJob,
  eventTimer,
  generatorSource,
  outputTag,
  printSink,
  processingTimer,
  session,
  sliding,
  tumbling,
  valueState,
} from '../index.ts'
import { buildPlan } from './job.ts'
import { partsOf, wrong, type Parts, type Word } from './wrong-job.test.ts'

type Row = readonly [name: string, code: ErrorCode, says: RegExp, build: (parts: Parts) => unknown]

const none = { onRecord() {} }

const rows: readonly Row[] = [
  [
    'a source twice',
    'DUPLICATE_ID',
    /Two sources of the job have the id 'words' \(source\/words\)/,
    ({ job }) => job.from('words', arraySource([1])),
  ],
  [
    'a step twice',
    'DUPLICATE_ID',
    /Two steps of the job have the id 'x'/,
    ({ keyed, words }) => [keyed.reduce('x', (a) => a), words.process('x', none)],
  ],
  [
    'an option of a process function that is misspelt',
    'INVALID_OPTION',
    /step\/x has no option 'onError'/,
    ({ keyed }) => keyed.process('x', wrong({ ...none, onError: 'skip' })),
  ],
  [
    'an option of a state that is misspelt',
    'INVALID_OPTION',
    /state 's' of step\/x has no option 'tll': did you mean 'ttl'/,
    ({ keyed }) => keyed.process('x', { ...none, state: { s: valueState(wrong({ tll: '1h' })) } }),
  ],
  [
    'an option of a generator that is misspelt, so that it would have no end',
    'INVALID_OPTION',
    /generatorSource has no option 'cout': there are count, rate/,
    () => generatorSource(wrong({ cout: 3, record: (i: number) => i })),
  ],
  ['an aggregate without a function', 'INVALID_JOB', /What agg.sum was given is undefined/, () => agg.sum(wrong(undefined))],
  ['an aggregate with the name of a field', 'INVALID_JOB', /What agg.max was given is 'at'/, () => agg.max(wrong('at'))],
  ['a top without a function', 'INVALID_JOB', /What agg.top was given is undefined/, () => agg.top(3, wrong(undefined))],
  [
    'a sink twice',
    'DUPLICATE_ID',
    /Two sinks of the job have the id 'out'/,
    ({ words }) => [words.to('out', printSink()), words.map((w) => w.at).to('out', printSink())],
  ],
  [
    'a state and a timer of one name',
    'DUPLICATE_ID',
    /step\/p has a state and a timer that are both called 'n'/,
    ({ keyed }) => keyed.process('p', { state: { n: valueState() }, timers: { n: eventTimer() }, onRecord() {}, onTimer: { n() {} } }),
  ],
  ['an empty id', 'INVALID_ID', /The id of a step is ''/, ({ words }) => words.process('', none)],
  ['a slash in an id', 'INVALID_ID', /The id of a sink is 'a\/b'/, ({ words }) => words.to('a/b', printSink())],
  ['no id', 'INVALID_ID', /The id of a source is an object/, ({ job }) => job.from(wrong(arraySource([1])), wrong(undefined))],
  ['a name that is a path', 'INVALID_ID', /The id of a step is '\.\.'/, ({ words }) => words.process('..', none)],
  [
    'a state called __proto__',
    'INVALID_ID',
    /The name of a state of step\/p is '__proto__'/,
    ({ keyed }) => keyed.process('p', { state: { ['__proto__']: valueState() }, onRecord() {} }),
  ],
  [
    'an aggregate with a space',
    'INVALID_ID',
    /The name of an aggregate of step\/a is 'a b'/,
    ({ keyed }) => keyed.aggregate('a', { 'a b': agg.count() }),
  ],
  ['a tag with a space', 'INVALID_ID', /The id of a tag is 'a b'/, () => outputTag('a b')],
  [
    'a timer without handler',
    'TIMER_WITHOUT_HANDLER',
    /step\/p declares the timer 'forget', but its onTimer has no method 'forget'/,
    ({ keyed }) => keyed.process('p', { timers: { forget: eventTimer() }, onRecord() {} }),
  ],
  [
    'a timer called as what every object has',
    'TIMER_WITHOUT_HANDLER',
    /its onTimer has no method 'toString'/,
    ({ keyed }) => keyed.process('p', { timers: { toString: eventTimer() }, onRecord() {}, onTimer: {} }),
  ],
  [
    'a handler without timer',
    'TIMER_WITHOUT_HANDLER',
    /step\/p has a method onTimer\.forget, but declares no timer 'forget'/,
    ({ keyed }) => keyed.process('p', wrong({ onRecord() {}, onTimer: { forget() {} } })),
  ],
  [
    'a duration that is no text of the form',
    'INVALID_DURATION',
    /outOfOrderness of source\/f is "10 parsecs"/,
    ({ job }) => job.from('f', arraySource([1]), { outOfOrderness: wrong('10 parsecs') }),
  ],
  [
    'a negative duration',
    'INVALID_DURATION',
    /idleness of source\/f is -1/,
    ({ job }) => job.from('f', arraySource([1]), { idleness: -1 }),
  ],
  [
    'a ttl that is no number',
    'INVALID_DURATION',
    /ttl of state 'n' of step\/p is/,
    ({ keyed }) => keyed.process('p', { state: { n: valueState({ ttl: Number.NaN }) }, onRecord() {} }),
  ],
  [
    'a tag that a map cannot send',
    'UNKNOWN_TAG',
    /side\(\) reads the tag 'late', which cannot be sent here: map#1 has no side outputs/,
    ({ words }) => words.map((w) => w).side(outputTag('late')),
  ],
  [
    'a tag that a source does not send',
    'UNKNOWN_TAG',
    /'late', which cannot be sent here: source\/words sends only to 'broken'/,
    ({ words }) => words.side(outputTag('late')),
  ],
  [
    'a tag of a source without invalid',
    'UNKNOWN_TAG',
    /source\/untimed has no `invalid` tag/,
    ({ untimed }) => untimed.side(outputTag('late')),
  ],
  [
    'a tag that no step of a union sends',
    'UNKNOWN_TAG',
    /map#1 has no side outputs; filter#2 has no side outputs/,
    ({ words }) =>
      words
        .map((w) => w)
        .union(words.filter(() => true))
        .side(outputTag('late')),
  ],
  [
    'a tag that is none',
    'UNKNOWN_TAG',
    /side\(\) on source\/words reads is 'late': create a tag with outputTag/,
    ({ words }) => words.side(wrong('late')),
  ],
  [
    'an event timer without event time',
    'NO_EVENT_TIME',
    /step\/p declares the event timer 't', but no source before it gives event time: source\/untimed\./,
    ({ untimed }) =>
      untimed
        .map((w) => w)
        .keyBy((w) => w.text)
        .process('p', { timers: { u: processingTimer(), t: eventTimer() }, onRecord() {}, onTimer: { t() {}, u() {} } }),
  ],
  ['a parallelism of nothing', 'INVALID_OPTION', /The parallelism of source\/words is 0/, ({ words }) => words.parallelism(0)],
  [
    'a parallelism of a keyed stream',
    'INVALID_OPTION',
    /The parallelism of the steps after source\/words is 1\.5/,
    ({ keyed }) => keyed.parallelism(1.5),
  ],
  [
    'an option that does not exist',
    'INVALID_OPTION',
    /source\/f has no option 'outOfOrdernes'/,
    ({ job }) => job.from('f', arraySource([1]), wrong({ outOfOrdernes: 1 })),
  ],
  [
    'a ttl of nothing',
    'INVALID_OPTION',
    /ttl of state 'n' of step\/p is 0/,
    ({ keyed }) => keyed.process('p', { state: { n: valueState({ ttl: 0 }) }, onRecord() {} }),
  ],
  [
    'an idleness of nothing',
    'INVALID_OPTION',
    /idleness of source\/f is 0/,
    ({ job }) => job.from('f', arraySource([1]), { idleness: '0s' }),
  ],
  [
    'a ttl that refreshes on Sundays',
    'INVALID_OPTION',
    /ttl\.refreshOn of state 'n' of step\/p is 'sundays': it may be 'write' or 'read-and-write'/,
    ({ keyed }) => keyed.process('p', { state: { n: valueState({ ttl: { after: 1, refreshOn: wrong('sundays') } }) }, onRecord() {} }),
  ],
  [
    'a version that is no number',
    'INVALID_OPTION',
    /version of state 'n' of step\/p is 1\.5/,
    ({ keyed }) => keyed.process('p', { state: { n: valueState({ version: 1.5 }) }, onRecord() {} }),
  ],
  [
    'an initial that is no function',
    'INVALID_OPTION',
    /initial of state 'n' of step\/p is 0/,
    ({ keyed }) => keyed.process('p', { state: { n: valueState({ initial: wrong(0) }) }, onRecord() {} }),
  ],
  [
    'a migrate that is no function',
    'INVALID_JOB',
    /migrate of state 'n' of step\/p is 0, not a function/,
    ({ keyed }) => keyed.process('p', { state: { n: valueState({ version: 2, migrate: wrong(0) }) }, onRecord() {} }),
  ],
  [
    'an asynchronous migrate',
    'INVALID_JOB',
    /migrate of state 'n' of step\/p is async/,
    ({ keyed }) => keyed.process('p', { state: { n: valueState({ version: 2, migrate: async () => 1 }) }, onRecord() {} }),
  ],
  [
    'a migrate that no version calls for',
    'INVALID_OPTION',
    /migrate of state 'n' of step\/p would never run: raise the version/,
    ({ keyed }) => keyed.process('p', { state: { n: valueState({ migrate: String }) }, onRecord() {} }),
  ],
  [
    'a schema of a state that is none',
    'INVALID_OPTION',
    /The schema of state 'n' of step\/p is an object without Standard Schema v1/,
    ({ keyed }) => keyed.process('p', { state: { n: valueState({ schema: wrong({}) }) }, onRecord() {} }),
  ],
  [
    'an asynchronous schema of a state',
    'ASYNC_SCHEMA',
    /The schema of state 'n' of step\/p validates asynchronously/,
    ({ keyed }) => keyed.process('p', { state: { n: valueState({ schema: z.any().refine(() => Promise.resolve(true)) }) }, onRecord() {} }),
  ],
  [
    'a schema that is none',
    'INVALID_OPTION',
    /The schema of source\/f is an object without Standard Schema v1/,
    ({ job }) => job.from('f', arraySource([1]), { schema: wrong({}) }),
  ],
  [
    'an asynchronous schema',
    'ASYNC_SCHEMA',
    /source\/f validates asynchronously/,
    ({ job }) => job.from('f', arraySource([1]), { schema: z.any().refine(() => Promise.resolve(true)) }),
  ],
  ['a sink as source', 'INVALID_JOB', /source\/f was given an object, which is no source/, ({ job }) => job.from('f', wrong(printSink()))],
  [
    'a source as sink',
    'INVALID_JOB',
    /sink\/f was given an object, which is no sink/,
    ({ words }) => words.to('f', wrong(arraySource([1]))),
  ],
  ['an async mapper', 'INVALID_JOB', /The mapper of map\(\) on source\/words is async/, ({ words }) => words.map(wrong(async () => 1))],
  [
    'a generator as mapper',
    'INVALID_JOB',
    /The mapper of map\(\) on source\/words is a generator/,
    ({ words }) => words.map(wrong(function* () {})),
  ],
  [
    'an async selector',
    'INVALID_JOB',
    /The selector of keyBy\(\) on source\/words is async/,
    ({ words }) => words.keyBy(wrong(async () => 1)),
  ],
  ['an async onRecord', 'INVALID_JOB', /onRecord of step\/p is async/, ({ keyed }) => keyed.process('p', wrong({ async onRecord() {} }))],
  [
    'an async onTimer',
    'INVALID_JOB',
    /onTimer\.t of step\/p is async/,
    ({ keyed }) => keyed.process('p', wrong({ timers: { t: eventTimer() }, onRecord() {}, onTimer: { async t() {} } })),
  ],
  [
    'an async reducer',
    'INVALID_JOB',
    /The reducer of step\/r is async/,
    ({ keyed }) =>
      keyed.reduce(
        'r',
        wrong(async () => 1),
      ),
  ],
  ['no onRecord', 'INVALID_JOB', /onRecord of step\/p is undefined/, ({ words }) => words.process('p', wrong({}))],
  [
    'no process function',
    'INVALID_JOB',
    /The process function of step\/p is a function/,
    ({ words }) =>
      words.process(
        'p',
        wrong(() => 1),
      ),
  ],
  [
    'no predicate',
    'INVALID_JOB',
    /The predicate of filter\(\) on source\/words is 'x', not a function/,
    ({ words }) => words.filter(wrong('x')),
  ],
  [
    'state without a key',
    'INVALID_JOB',
    /step\/p has state, but its stream has no key/,
    ({ words }) => words.process('p', wrong({ state: { n: valueState() }, onRecord() {} })),
  ],
  [
    'timers without a key',
    'INVALID_JOB',
    /step\/p has timers, but its stream has no key/,
    ({ words }) => words.process('p', wrong({ timers: { t: eventTimer() }, onRecord() {} })),
  ],
  [
    'state that is none',
    'INVALID_JOB',
    /state 'n' of step\/p is 0: declare it with valueState/,
    ({ keyed }) => keyed.process('p', { state: { n: wrong(0) }, onRecord() {} }),
  ],
  [
    'a timer that is none',
    'INVALID_JOB',
    /timer 't' of step\/p is an object: declare it with eventTimer/,
    ({ keyed }) => keyed.process('p', { timers: { t: wrong(valueState()) }, onRecord() {}, onTimer: { t() {} } }),
  ],
  [
    'an aggregate called key',
    'INVALID_JOB',
    /step\/a has an aggregate called 'key'/,
    ({ keyed }) => keyed.aggregate('a', wrong({ key: agg.count() })),
  ],
  [
    'an aggregate that is none',
    'INVALID_JOB',
    /The aggregate 'n' of step\/a has no merge, result/,
    ({ keyed }) => keyed.aggregate('a', { n: wrong({ create: () => 0, add: () => 0 }) }),
  ],
  ['no aggregates', 'INVALID_JOB', /step\/a was given undefined/, ({ keyed }) => keyed.aggregate('a', wrong(undefined))],
  [
    'a union with what is no stream',
    'INVALID_JOB',
    /union\(\) on source\/words was given an array/,
    ({ words }) => words.union(wrong([words])),
  ],
  [
    'a parallelism of a union',
    'INVALID_JOB',
    /a union has no step of its own/,
    ({ words, untimed }) => words.union(untimed).parallelism(2),
  ],
  // Windows.
  [
    'windows in event time without event time',
    'NO_EVENT_TIME',
    /step\/w has windows in event time, but no source before it gives event time: source\/untimed\. Give from\(\) a timestamp function, or say \{ time: 'processing' \}/,
    ({ untimed }) =>
      untimed
        .keyBy((w) => w.text)
        .window(tumbling('1m'))
        .aggregate('w', { n: agg.count() }),
  ],
  [
    'sessions in event time of two sources without it',
    'NO_EVENT_TIME',
    /no source before it gives event time: source\/untimed, source\/other\./,
    ({ job, untimed }) =>
      untimed
        .union(job.from('other', arraySource<Word>([])))
        .keyBy((w) => w.text)
        .window(session('1m'))
        .process('w', () => {}),
  ],
  [
    'windows that are none',
    'INVALID_JOB',
    /window\(\) on source\/words was given '1h': make windows with tumbling/,
    ({ keyed }) => keyed.window(wrong('1h')),
  ],
  [
    'windows that look like some',
    'INVALID_JOB',
    /was given an object: make windows/,
    ({ keyed }) => keyed.window(wrong({ '~millrace': 'window' })),
  ],
  [
    'windows that were not made',
    'INVALID_JOB',
    /was given the function tumbling: make windows/,
    ({ keyed }) => keyed.window(wrong(tumbling)),
  ],
  ['a size of nothing', 'INVALID_DURATION', /The size of tumbling windows is 0/, () => tumbling(0)],
  ['a size in parsecs', 'INVALID_DURATION', /The size of tumbling windows is "10 parsecs"/, () => tumbling(wrong('10 parsecs'))],
  ['half a millisecond', 'INVALID_DURATION', /The size of sliding windows is 0\.5: it may be a whole number/, () => sliding(0.5, 1)],
  ['a slide of nothing', 'INVALID_DURATION', /The slide of sliding windows is '0s'/, () => sliding('1m', '0s')],
  ['no slide', 'INVALID_DURATION', /The slide of sliding windows is undefined/, () => wrong(sliding)('1m')],
  ['a negative gap', 'INVALID_DURATION', /The gap of sessions is -1/, () => session(-1)],
  ['an async gap', 'INVALID_JOB', /The gap of sessions is async/, () => session(wrong(async () => 1))],
  [
    'an offset of a whole size',
    'INVALID_OPTION',
    /The offset of tumbling windows is '1h': .* less than their size/,
    () => tumbling('1h', { offset: '1h' }),
  ],
  [
    'an offset before a whole slide',
    'INVALID_OPTION',
    /The offset of sliding windows is -60000: .* less than their slide/,
    () => sliding('1h', '1m', { offset: -60_000 }),
  ],
  [
    'an offset that is no time',
    'INVALID_OPTION',
    /The offset of tumbling windows is '-5m': one before zero is a number/,
    () => tumbling('1h', { offset: wrong('-5m') }),
  ],
  [
    'an offset that is misspelt',
    'INVALID_OPTION',
    /tumbling windows are made with has no option 'ofset': did you mean 'offset'/,
    () => tumbling('1h', wrong({ ofset: 1 })),
  ],
  [
    'an offset of sessions',
    'INVALID_OPTION',
    /sessions are made with has no option 'offset': there are time\./,
    () => session('1h', wrong({ offset: 1 })),
  ],
  [
    'a slide of tumbling windows',
    'INVALID_OPTION',
    /The options of tumbling windows are '1m': write an object/,
    () => tumbling('1h', wrong('1m')),
  ],
  [
    'a time that is none',
    'INVALID_OPTION',
    /The time of sliding windows is 'ingestion': it may be 'event' or 'processing'/,
    () => sliding('1h', '1m', { time: wrong('ingestion') }),
  ],
  ['a count of nothing', 'INVALID_OPTION', /The size of a count window is 0/, () => countWindow(0)],
  ['a count that is a duration', 'INVALID_OPTION', /The slide of a count window is '1m'/, () => countWindow(10, wrong('1m'))],
  [
    'a negative lateness',
    'INVALID_DURATION',
    /allowedLateness\(\) on source\/words is -1/,
    ({ keyed }) => keyed.window(tumbling('1h')).allowedLateness(-1),
  ],
  [
    'a lateness of half a millisecond',
    'INVALID_DURATION',
    /allowedLateness\(\) on source\/words was given 0\.5/,
    ({ keyed }) => keyed.window(tumbling('1h')).allowedLateness(0.5),
  ],
  [
    'lateness of count windows',
    'INVALID_JOB',
    /allowedLateness\(\) on source\/words: nothing is ever late in count windows/,
    ({ keyed }) => keyed.window(countWindow(2)).allowedLateness('1m'),
  ],
  [
    'a late output of windows in processing time',
    'INVALID_JOB',
    /lateTo\(\) on source\/words: nothing is ever late in windows in processing time/,
    ({ keyed }) => keyed.window(session('1m', { time: 'processing' })).lateTo(outputTag<Word>('late')),
  ],
  [
    'a late output that is no tag',
    'UNKNOWN_TAG',
    /What lateTo\(\) on source\/words sends to is 'late': create a tag with outputTag/,
    ({ keyed }) => keyed.window(tumbling('1h')).lateTo(wrong('late')),
  ],
  [
    'a late output that was not asked for',
    'UNKNOWN_TAG',
    /step\/w has no late output: name its tag with lateTo\(\) before the step/,
    ({ keyed }) => keyed.window(tumbling('1h')).aggregate('w', { n: agg.count() }).side(outputTag('late')),
  ],
  [
    'another tag than that of the late output',
    'UNKNOWN_TAG',
    /'later', which cannot be sent here: step\/w sends only to 'late'/,
    ({ keyed }) => keyed.window(tumbling('1h')).lateTo(outputTag<Word>('late')).aggregate('w', { n: agg.count() }).side(outputTag('later')),
  ],
  [
    'an aggregate of a window called window',
    'INVALID_JOB',
    /step\/w has an aggregate called 'window'/,
    ({ keyed }) => keyed.window(tumbling('1h')).aggregate('w', wrong({ window: agg.count() })),
  ],
  [
    'windows of no aggregates',
    'INVALID_JOB',
    /step\/w was given no aggregates/,
    ({ keyed }) => keyed.window(tumbling('1h')).aggregate('w', {}),
  ],
  ['nothing to aggregate', 'INVALID_JOB', /step\/a was given no aggregates/, ({ keyed }) => keyed.aggregate('a', {})],
  [
    'an async window function',
    'INVALID_JOB',
    /The function of step\/w is async/,
    ({ keyed }) =>
      keyed.window(tumbling('1h')).process(
        'w',
        wrong(async () => {}),
      ),
  ],
  [
    'no window function',
    'INVALID_JOB',
    /The function of step\/w is an object, not a function/,
    ({ keyed }) => keyed.window(tumbling('1h')).process('w', wrong(none)),
  ],
  [
    'a window step without id',
    'INVALID_ID',
    /The id of a step is an object/,
    ({ keyed }) => keyed.window(tumbling('1h')).aggregate(wrong({ n: agg.count() }), wrong(undefined)),
  ],
  [
    'a window step twice',
    'DUPLICATE_ID',
    /Two steps of the job have the id 'w'/,
    ({ keyed }) => [
      keyed.window(tumbling('1h')).aggregate('w', { n: agg.count() }),
      keyed.window(countWindow(2)).aggregate('w', { n: agg.count() }),
    ],
  ],
  [
    'a factory that throws',
    'INVALID_JOB',
    /The factory of the job 'wrong' threw: own/,
    () => {
      throw new TypeError('own')
    },
  ],
]

for (const [name, code, says, build] of rows) {
  test(`${name}: ${code}`, () => {
    const job = defineJob('wrong', (job) => {
      build(partsOf(job))
    })
    assert.throws(
      () => buildPlan(job, undefined),
      (error) => {
        assert.ok(error instanceof StreamError)
        assert.equal(error.code, code)
        assert.match(error.message, says)
        return true
      },
    )
  })
}

test('no build error is restarted', () => {
  for (const code of new Set(rows.map(([, code]) => code))) assert.equal(new StreamError(code, '').retry, 'never', code)
})
