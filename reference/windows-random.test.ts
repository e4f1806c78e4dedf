import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainArrival, randomArrival } from './arrival.ts'
import { conserved, conservedInWindows, describe, idsOf, lastRows, sameMultiset } from './check.ts'
import { randomSource } from './generate-input.ts'
import { randomProgram } from './generate.ts'
import { interpret, type Arrival, type Result } from './interpret.ts'
import { determinacy, needsOrder, problems, replayDeterminacy } from './plan.ts'
import type { AssignerSpec, InputRecord, Program, Step, TriggerSpec, WindowStep } from './program.ts'
import { makeRandom, type Random } from './random.ts'
import { replay, replayStep, type Orders, type StepInput } from './replay.ts'
import type { Runtime } from './runtime.ts'
import type { Clock } from './state.ts'
import { mark, saw, windowJob } from './testing.ts'

const SEEDS = process.env['SEED'] === undefined ? Array.from({ length: 200 }, (_, i) => i + 1) : [Number(process.env['SEED'])]
const recordsOf = (program: Program): InputRecord[] => program.sources.flatMap((source) => source.splits.flatMap((split) => split.records))
const idsIn = (program: Program): number[] => recordsOf(program).map((record) => record.id)
const windowsIn = (program: Program): WindowStep[] => program.steps.filter((step): step is WindowStep => step.kind === 'window')

test('random programs with windows are programs, run, and survive JSON', () => {
  for (const seed of SEEDS) {
    const program = randomProgram(seed, 1 + (seed % 10), { windows: 'all' })
    assert.deepEqual(problems(program), [], `SEED=${seed}`)
    assert.deepEqual(JSON.parse(JSON.stringify(program)), program, `SEED=${seed}`)
    const sinks = interpret(program, randomArrival(program, seed)).sinks
    assert.deepEqual([...determinacy(program).keys()], [...sinks.keys()], `SEED=${seed}`)
    assert.deepEqual([...replayDeterminacy(program).keys()], [...sinks.keys()], `SEED=${seed}`)
  }
})

test('rules 1.2e: conserving programs with windows send each input on exactly once, late or not', () => {
  let count = 0
  for (const seed of SEEDS) {
    const program = randomProgram(seed, 1 + (seed % 8), { conserving: true, windows: 'all' })
    count += windowsIn(program).length
    const out = [...interpret(program, randomArrival(program, seed)).sinks.values()].flatMap((one) => one.emissions)
    const difference = conserved(idsIn(program), idsOf(out))
    assert.equal(difference, undefined, `SEED=${seed} ${describe(difference)}`)
  }
  assert.ok(SEEDS.length === 1 || count > 100, `${count} windows`)
})

/** Windows over a random source, and an arrival. */
function randomJob(seed: number, draw: (random: Random) => Partial<WindowStep> & Pick<WindowStep, 'assigner'>): [Program, Arrival] {
  const random = makeRandom(seed)
  const layout = random.pick(['one', 'same-span', 'consecutive'] as const)
  const source = randomSource(random, { id: 's', firstId: 1, count: random.int(5, 80), layout, timed: true, isUnruly: random.chance(0.7) })
  const program = { ...windowJob(draw(random)), sources: [source] }
  return [program, randomArrival(program, seed)]
}

test('rules 1.2e: tumbling windows and sessions count each record once, in the last row of a window or among the late', () => {
  let late = 0
  for (const seed of SEEDS) {
    const [program, arrival] = randomJob(seed, (random) => {
      const time = 'event'
      const size = random.int(1, 200)
      const trigger: TriggerSpec = random.chance(0.5) ? { kind: 'atEnd' } : { kind: 'every', interval: random.int(10, 90), time }
      const assigner = random.pick<AssignerSpec>([
        { kind: 'tumbling', time, size, offset: random.int(1 - size, size - 1) },
        { kind: 'session', time, gap: random.int(1, 60) },
        { kind: 'session', time, gap: { field: 'value', least: 1, modulo: random.int(1, 90) } },
      ])
      return { assigner, trigger, allowedLateness: random.pick([0, 20, 300]) }
    })
    const { sinks } = interpret(program, arrival)
    const [out, side] = ['out', 'late'].map((id) => sinks.get(id)!.emissions)
    late += side!.length
    const difference = conservedInWindows(idsIn(program), out!, side!)
    assert.equal(difference, undefined, `SEED=${seed} ${describe(difference)}`)
  }
  assert.ok(SEEDS.length === 1 || late > 200, `${late} late`)
})

test('WO-2, SM-6: with lateness for ever the last rows are the windows of all records, whatever the order', () => {
  for (const seed of SEEDS) {
    const [program, arrival] = randomJob(seed, (random) => {
      const step = random.int(5, 60)
      const assigner = random.pick<AssignerSpec>([
        { kind: 'tumbling', time: 'event', size: step, offset: random.int(1 - step, step - 1) },
        { kind: 'session', time: 'event', gap: step },
      ])
      return { assigner, allowedLateness: Number.MAX_SAFE_INTEGER }
    })
    const rows = lastRows(interpret(program, arrival).sinks.get('out')!.emissions)
    const seen = rows.map(({ value }) => [...(value['ids'] as number[])].sort((a, b) => a - b).join(' ')).sort()
    assert.deepEqual(seen, expectedGroups(recordsOf(program), windowsIn(program)[0]!.assigner).sort(), `SEED=${seed}`)
  }
})

/** By hand: records of a key in order of time, cut where a new window begins. */
function expectedGroups(records: readonly InputRecord[], assigner: AssignerSpec): string[] {
  const groups: InputRecord[][] = []
  for (const own of Map.groupBy(records, (record) => record.key).values()) {
    let group: InputRecord[] | undefined
    for (const record of own.toSorted((a, b) => a.ts! - b.ts!)) {
      if (group === undefined || isApart(group.at(-1)!.ts!, record.ts!, assigner)) groups.push((group = []))
      group.push(record)
    }
  }
  return groups.map((group) =>
    group
      .map((record) => record.id)
      .sort((a, b) => a - b)
      .join(' '),
  )
}

function isApart(before: number, at: number, assigner: AssignerSpec): boolean {
  if (assigner.kind === 'session') return at - before > (assigner.gap as number)
  const { offset, size } = assigner as Extract<AssignerSpec, { kind: 'tumbling' }>
  return Math.floor((before - offset) / size) !== Math.floor((at - offset) / size)
}

test('WA-3: with one watermark at the end, sliding and cumulative windows hold the records between their ends', () => {
  for (const seed of SEEDS) {
    const random = makeRandom(seed)
    const [size, slide] = [random.int(1, 60), random.int(1, 40)]
    const assigner = random.pick<AssignerSpec>([
      { kind: 'sliding', time: 'event', size, slide, offset: random.int(1 - slide, slide - 1) },
      { kind: 'cumulative', time: 'event', size: slide * 4, step: slide, offset: 0 },
    ])
    const ats = Array.from({ length: 20 }, () => random.int(-100, 100))
    const rows = replayStep(windowJob({ assigner }), 'w', [...ats.map((at, id) => saw(id, at)), mark('end')])
    for (const { value } of rows) {
      const { start, end } = value['window'] as { start: number; end: number }
      const held = [...ats.keys()].filter((id) => ats[id]! >= start && ats[id]! < end)
      assert.deepEqual(value['ids'], held, `SEED=${seed}`)
    }
    const total = rows.reduce((sum, { value }) => sum + (value['value'] as number), 0)
    assert.equal(
      total,
      ats.reduce((sum, at) => sum + countOf(assigner, at), 0),
      `SEED=${seed}`,
    )
  }
})

/** How many windows hold a time, by trying all starts. */
function countOf(assigner: AssignerSpec, at: number): number {
  if (assigner.kind === 'cumulative')
    return [1, 2, 3, 4].filter((n) => Math.floor(at / assigner.size) * assigner.size + n * assigner.step > at).length
  const { size, slide, offset } = assigner as Extract<AssignerSpec, { kind: 'sliding' }>
  return Array.from({ length: 1_000 }, (_, i) => (i - 500) * slide + offset).filter((start) => start <= at && at < start + size).length
}

test('PF-3: interpret and replay agree when the order is the same', () => {
  for (const seed of SEEDS) {
    const program = randomProgram(seed, 1 + (seed % 8), { windows: 'all' })
    const orders = new Map<string, StepInput[][]>()
    const first = interpret(program, randomArrival(program, seed), (step, make, clock) =>
      needsOrder(step) ? recorded(step, make(), orders, clock) : make(),
    )
    const second = replay(program, orders as Orders)
    for (const [sink, { emissions }] of first.sinks) {
      const difference = sameMultiset(emissions, second.sinks.get(sink)!.emissions)
      assert.equal(difference, undefined, `SEED=${seed} ${sink} ${describe(difference)}`)
    }
    assert.deepEqual(droppedOf(second), droppedOf(first), `SEED=${seed}`)
  }
})

function droppedOf({ dropped }: Result): unknown {
  return [...dropped].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** The step, with all that it sees written down. */
function recorded(step: Step, runtime: Runtime, orders: Map<string, StepInput[][]>, clock: Clock): Runtime {
  const seen: StepInput[] = []
  orders.set(step.id, [seen])
  return {
    record(value, timestamp) {
      seen.push({ kind: 'record', value, timestamp, now: clock.now })
      runtime.record(value, timestamp)
    },
    watermark(at) {
      seen.push({ kind: 'watermark', at: at === Infinity ? 'end' : at, now: clock.now })
      runtime.watermark(at)
    },
    restored: (at) => runtime.restored(at),
    time() {
      seen.push({ kind: 'time', now: clock.now })
      runtime.time()
    },
    end() {
      seen.push({ kind: 'end', now: clock.now })
      runtime.end()
    },
  }
}

test('rules 1.2 c: to a key a restore at a lower watermark is as if the watermark had stood still', () => {
  for (const seed of SEEDS) {
    const random = makeRandom(seed)
    const assigner = random.pick<AssignerSpec>([
      { kind: 'tumbling', time: 'event', size: 10, offset: 0 },
      { kind: 'sliding', time: 'event', size: 20, slide: 5, offset: 0 },
      { kind: 'session', time: 'event', gap: 8 },
    ])
    const trigger = random.pick<TriggerSpec>([{ kind: 'atEnd' }, { kind: 'purging', of: { kind: 'atEnd' } }, { kind: 'count', n: 2 }])
    const inputs: StepInput[] = [mark(0)]
    let watermark = 0
    for (let id = 1; id <= 40; id++) {
      inputs.push(saw(id, watermark + random.int(-30, 40)))
      if (random.chance(0.4)) inputs.push(mark((watermark += random.int(1, 15))))
      if (random.chance(0.1)) inputs.push({ kind: 'restored', at: (watermark -= random.int(0, 40)) })
    }
    const program = windowJob({ assigner, trigger, allowedLateness: random.pick([0, 10, 100]) })
    const all = replayStep(program, 'w', [...inputs, mark('end')])
    const still = replayStep(program, 'w', [...inputs.filter((input) => input.kind !== 'restored'), mark('end')])
    assert.deepEqual(all, still, `SEED=${seed}`)
  }
})

test('200 seeds reach every kind of window, trigger, evictor and function', () => {
  const windows = Array.from({ length: 200 }, (_, seed) => windowsIn(randomProgram(seed, 10, { windows: 'all' }))).flat()
  const kinds = (of: (step: WindowStep) => string | undefined): number => new Set(windows.map(of).filter((kind) => kind !== undefined)).size
  assert.equal(
    kinds((step) => step.assigner.kind),
    6,
  )
  assert.equal(
    kinds((step) => step.trigger?.kind),
    5,
  )
  assert.equal(
    kinds((step) => step.evictor?.kind),
    3,
  )
  assert.equal(
    kinds((step) => step.fn.kind),
    6,
  )
  const sliding = windows.map((step) => step.assigner).filter((assigner) => assigner.kind === 'sliding')
  assert.ok(sliding.some(({ size, slide }) => slide > size) && sliding.some(({ size, slide }) => slide < size))
  assert.ok(sliding.some(({ offset }) => offset < 0) && sliding.some(({ time }) => time === 'processing'))
  assert.ok(windows.some(({ assigner }) => assigner.kind === 'session' && typeof assigner.gap === 'object'))
  assert.ok(windows.some((step) => step.allowedLateness > 0 && step.lateTag === undefined))
})

test('only the features that are asked for are drawn, and none without asking', () => {
  const of = (windows: Parameters<typeof randomProgram>[2]): WindowStep[] =>
    SEEDS.slice(0, 50).flatMap((seed) => windowsIn(randomProgram(seed, 8, windows)))
  const plain = of({ windows: ['tumbling', 'sliding'] })
  assert.ok(plain.length > 20)
  for (const { assigner, trigger, evictor, allowedLateness, fn } of plain) {
    assert.ok((assigner.kind === 'tumbling' || assigner.kind === 'sliding') && assigner.time === 'event')
    assert.deepEqual([trigger, evictor, allowedLateness, fn.kind], [undefined, undefined, 0, 'aggregate'])
  }
  assert.equal(of({}).length, 0)
})

test('a program with windows through JSON gives the same result', () => {
  for (const seed of SEEDS.slice(0, 30)) {
    const program = randomProgram(seed, 5, { windows: 'all' })
    const arrival = plainArrival(program)
    const [first, second] = [program, JSON.parse(JSON.stringify(program)) as Program].map((one) =>
      [...interpret(one, arrival).sinks.values()].flatMap((sink) => sink.emissions),
    )
    assert.equal(sameMultiset(first!, second!), undefined, `SEED=${seed}`)
  }
})
