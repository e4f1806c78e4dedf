import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  agg,
  arraySource,
  defineJob,
  eventTimer,
  eventTimers,
  listState,
  mapState,
  outputTag,
  printSink,
  processingTimer,
  valueState,
  type JobBuilder,
  type Out,
} from '../index.ts'
import type { KeyedProcessNode, Plan, PlanNode, SourceNode } from '../plan/nodes.ts'
import { buildPlan } from './job.ts'

interface Word {
  readonly text: string
  readonly at: number
}

function planOf(build: (job: JobBuilder) => unknown): Plan {
  return buildPlan(
    defineJob('shapes', (job) => {
      build(job)
    }),
    undefined,
  ).plan
}

/** A node in a line: address, then what it reads, `*` for keyed. */
function shape(plan: Plan): readonly string[] {
  return plan.nodes.map((node) => {
    const inputs = node.inputs.map(
      (edge) => `${edge.from}${edge.output === 'main' ? '' : `[${edge.output.tag}]`}${edge.key === undefined ? '' : '*'}`,
    )
    return `${node.address} ${inputs.join(' ')}`.trim()
  })
}

function nodeOf(plan: Plan, address: string): PlanNode {
  return plan.nodes.find((node) => node.address === address) as PlanNode
}

test('steps are nodes in order of the program; keyBy, side and union are edges', () => {
  const tag = outputTag<string>('odd')
  const plan = planOf((job) => {
    const words = job.from('words', arraySource<Word>([]), { timestamp: (w) => w.at, invalid: outputTag('broken') })
    const keyed = words.keyBy((w) => w.text)
    const routed = keyed.process('route', {
      onRecord(w, { key }, out: Out<Word>) {
        out.side(tag, key)
        out.emit(w)
      },
    })
    routed.side(tag).to('odd', printSink())
    words.side(outputTag('broken')).to('broken', printSink())
    routed
      .union(
        words,
        words.filter(() => true),
      )
      .map((w) => w.text)
      .flatMap((text) => [text])
      .to('texts', printSink())
    keyed.reduce('newest', (_a, b) => b)
    keyed.aggregate('counts', { n: agg.count() })
    keyed.map((w) => w.at)
  })
  assert.deepEqual(shape(plan), [
    'source/words',
    'step/route 0*',
    'sink/odd 1[odd]',
    'sink/broken 0[broken]',
    'filter#1 0',
    'map#2 1 0 4',
    'flatMap#3 5',
    'sink/texts 6',
    'step/newest 0*',
    'step/counts 0*',
    'map#4 0*',
  ])
})

test('DS-1: a stream united with itself is two edges, also into a keyed step', () => {
  const plan = planOf((job) => {
    const words = job.from('words', arraySource<Word>([]))
    words.union(words).to('twice', printSink())
    words
      .union(words, words)
      .keyBy((w) => w.text)
      .reduce('thrice', (a) => a)
    words.union().to('once', printSink())
  })
  assert.deepEqual(shape(plan).slice(1), ['sink/twice 0 0', 'step/thrice 0* 0* 0*', 'sink/once 0'])
})

test('a side output of a union comes from those of its steps that can send it', () => {
  const plan = planOf((job) => {
    const words = job.from('words', arraySource<Word>([]))
    const sending = words.process('sending', {
      onRecord(w, _c, out: Out<Word>) {
        out.emit(w)
      },
    })
    words
      .map((w) => w)
      .union(sending)
      .side(outputTag('t'))
      .to('t', printSink())
  })
  assert.equal(shape(plan).at(-1), 'sink/t 1[t]')
})

test('PT-1: every step after keyBy reads by key, also in a union, and the key of the last keyBy counts', () => {
  const byText = (w: Word): string => w.text
  const byTime = (w: Word): number => w.at
  const plan = planOf((job) => {
    const words = job.from('words', arraySource<Word>([]))
    const keyed = words.keyBy(byText)
    keyed.keyBy(byTime).reduce('r', (a) => a)
    keyed.map((w) => w)
    keyed.filter(() => true)
    keyed.flatMap((w) => [w])
    keyed.to('s', printSink())
    keyed.union(words).to('u', printSink())
    words.union(keyed).process('p', { onRecord() {} })
    keyed.union(words).keyBy(byTime).to('again', printSink())
  })
  const names = new Map<unknown, string>([
    [byText, 'text'],
    [byTime, 'time'],
    [undefined, '-'],
  ])
  assert.deepEqual(
    plan.nodes.slice(1).map((node) => `${node.address} ${node.inputs.map(({ key }) => names.get(key)).join(' ')}`),
    [
      'step/r time',
      'map#1 text',
      'filter#2 text',
      'flatMap#3 text',
      'sink/s text',
      'sink/u text -',
      'step/p - text',
      'sink/again time time',
    ],
  )
})

test('states and timers of a keyed process are data, states first, with their defaults', () => {
  const process = {
    state: {
      small: valueState<number>(),
      seen: valueState({ initial: () => 0, ttl: '30d' }),
      waiting: listState<Word>({ version: 3 }),
      perShop: mapState<string, number>({ ttl: { after: '1h30m', refreshOn: 'read-and-write', expired: 'until-cleaned' } }),
    },
    timers: { forget: eventTimer(), many: eventTimers(), tick: processingTimer() },
    onRecord() {},
    onTimer: { forget() {}, many() {}, tick() {} },
  }
  const plan = planOf((job) =>
    job
      .from('words', arraySource<Word>([]), { timestamp: (w) => w.at })
      .keyBy((w) => w.text)
      .process('p', process),
  )
  const node = nodeOf(plan, 'step/p') as KeyedProcessNode
  assert.equal(node.step as unknown, process, 'the object itself: its methods may use `this`')
  assert.equal(node.tags, 'any')
  assert.deepEqual(Object.keys(node.states), ['small', 'seen', 'waiting', 'perShop', 'forget', 'many', 'tick'])
  const { initial, ...seen } = node.states['seen'] as NonNullable<(typeof node.states)[string]>
  assert.equal(initial?.(), 0)
  assert.deepEqual(seen, { kind: 'value', version: 1, ttl: { afterMs: 2_592_000_000, refreshOn: 'write', expired: 'never-returned' } })
  assert.deepEqual(node.states['small'], { kind: 'value', version: 1 })
  assert.deepEqual(node.states['waiting'], { kind: 'list', version: 3 })
  assert.deepEqual(node.states['perShop'], {
    kind: 'map',
    version: 1,
    ttl: { afterMs: 5_400_000, refreshOn: 'read-and-write', expired: 'until-cleaned' },
  })
  assert.deepEqual(node.states['forget'], { kind: 'timer', domain: 'event', version: 1 })
  assert.deepEqual(node.states['many'], { kind: 'timers', domain: 'event', version: 1 })
  assert.deepEqual(node.states['tick'], { kind: 'timer', domain: 'processing', version: 1 })
})

test('a process function may be an instance of a class', () => {
  class Counter {
    seen = 0
    onRecord(): void {
      this.seen++
    }
  }
  const plan = planOf((job) => job.from('words', arraySource<Word>([])).process('p', new Counter()))
  assert.equal(nodeOf(plan, 'step/p').kind, 'process')
})

test('reduce and aggregate keep accumulators', () => {
  const plan = planOf((job) => {
    const keyed = job.from('words', arraySource<Word>([])).keyBy((w) => w.text)
    keyed.reduce('r', (a) => a)
    keyed.aggregate('a', { n: agg.count(), total: agg.sum((w) => w.at) })
  })
  assert.deepEqual(nodeOf(plan, 'step/r'), {
    ...nodeOf(plan, 'step/r'),
    states: { reduced: { kind: 'accumulator', version: 1 } },
    tags: [],
  })
  assert.deepEqual(nodeOf(plan, 'step/a'), {
    ...nodeOf(plan, 'step/a'),
    states: {
      n: { kind: 'accumulator', aggregate: 'count', version: 1 },
      total: { kind: 'accumulator', aggregate: 'sum', version: 1 },
    },
  })
})

test('what from() was told is in the source, after defaults', () => {
  const timestamp = (w: Word): number => w.at
  const plan = planOf((job) => {
    job.from('plain', arraySource<Word>([]))
    job.from('told', arraySource<Word>([]), { timestamp, invalid: outputTag('broken'), outOfOrderness: '1.5ms', idleness: '30s' })
  })
  const plain = nodeOf(plan, 'source/plain') as SourceNode
  assert.deepEqual(
    [plain.timestamp, plain.validate, plain.invalidTag, plain.outOfOrdernessMs, plain.idlenessMs, plain.tags],
    [undefined, undefined, undefined, 0, undefined, []],
  )
  const told = nodeOf(plan, 'source/told') as SourceNode
  assert.deepEqual(
    [told.timestamp, told.invalidTag, told.outOfOrdernessMs, told.idlenessMs, told.tags],
    [timestamp, 'broken', 2, 30_000, ['broken']],
  )
})

test('parallelism: of the step that made the stream, or of the steps that follow a key', () => {
  const plan = planOf((job) => {
    const words = job.from('words', arraySource<Word>([]), { invalid: outputTag('broken') }).parallelism(2)
    words.side(outputTag('broken')).parallelism(3)
    const keyed = words.keyBy((w) => w.text)
    const wide = keyed.parallelism(5)
    wide.reduce('wide', (a) => a)
    wide.reduce('own', (a) => a).parallelism(6)
    keyed.reduce('default', (a) => a)
    wide.map((w) => w)
    wide.keyBy((w) => w.at).reduce('other', (a) => a)
  })
  assert.deepEqual(
    plan.nodes.map((node) => `${node.address} ${node.parallelism ?? '-'}`),
    ['source/words 3', 'step/wide 5', 'step/own 6', 'step/default -', 'map#1 5', 'step/other -'],
  )
})

test('apply calls the step with the stream', () => {
  const plan = planOf((job) =>
    job
      .from('words', arraySource<Word>([]))
      .keyBy((w) => w.text)
      .apply((keyed) => keyed.reduce('r', (a) => a))
      .to('s', printSink()),
  )
  assert.deepEqual(shape(plan), ['source/words', 'step/r 0*', 'sink/s 1'])
})
