import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildPlan } from '../api/job.ts'
import { agg, arraySource, defineJob, outputTag, printSink, type JobBuilder, type Out, type Stream } from '../index.ts'
import type { Plan, PlanNode } from './nodes.ts'
import { inputEdges, outputEdges, physicalPlan, type PhysicalPlan } from './physical.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
console.log(`SEED=${seed}`)

function planOf(build: (job: JobBuilder) => unknown): Plan {
  return buildPlan(
    defineJob('physical', (job) => {
      build(job)
    }),
    undefined,
  ).plan
}

/** One line per task and per edge, as in the tables below. */
function table({ tasks, edges }: PhysicalPlan): readonly string[] {
  return [
    ...tasks.map((task) => `${task.index}: ${task.name} ×${task.parallelism}`),
    ...edges.map((edge) => `${edge.from.task} ${edge.partitioning} ${edge.to.task}.${edge.to.input}${edge.timed ? '' : ' untimed'}`),
  ]
}

/** Words, counted by text. */
function counting(job: JobBuilder): void {
  const words = job.from('words', arraySource<string>([]), { timestamp: () => 0 })
  const counts = words
    .map((w) => w)
    .keyBy((w) => w)
    .aggregate('counts', { n: agg.count() })
  counts.filter(() => true).to('counts', printSink())
}

const rows: readonly (readonly [
  name: string,
  build: (job: JobBuilder) => unknown,
  options: { parallelism: number; chainKeyed: boolean },
  expected: readonly string[],
])[] = [
  ['one subtask, keyed steps chained', counting, { parallelism: 1, chainKeyed: true }, ['0: source/words → … → sink/counts (5 steps) ×1']],
  [
    'one subtask, cut at keys',
    counting,
    { parallelism: 1, chainKeyed: false },
    ['0: source/words → map#1 ×1', '1: step/counts → filter#2 → sink/counts ×1', '0 hash 1.0'],
  ],
  [
    'several subtasks',
    counting,
    { parallelism: 4, chainKeyed: true },
    ['0: source/words → map#1 ×4', '1: step/counts → filter#2 → sink/counts ×4', '0 hash 1.0'],
  ],
  [
    'readers of one node all join its task',
    (job) => {
      const words = job.from('words', arraySource<string>([]), { invalid: outputTag('broken') })
      words.to('all', printSink())
      words.map((w) => w).to('mapped', printSink())
      words.side(outputTag('broken')).to('broken', printSink())
    },
    { parallelism: 2, chainKeyed: false },
    ['0: source/words → … → sink/broken (5 steps) ×2'],
  ],
  [
    'a union has several inputs and so a task of its own, also of two paths from one task',
    (job) => {
      const words = job.from('words', arraySource<string>([]), { timestamp: () => 0 })
      const others = job.from('others', arraySource<string>([]))
      words
        .map((w) => w)
        .union(words, others)
        .to('all', printSink())
    },
    { parallelism: 2, chainKeyed: true },
    ['0: source/words → map#1 ×2', '1: source/others ×2', '2: sink/all ×2', '0 forward 2.0', '0 forward 2.1', '1 forward 2.2 untimed'],
  ],
  [
    'a stream united with itself',
    (job) => {
      const words = job.from('words', arraySource<string>([]), { timestamp: () => 0 })
      words
        .union(words)
        .keyBy((w) => w)
        .reduce('r', (a) => a)
    },
    { parallelism: 1, chainKeyed: true },
    ['0: source/words ×1', '1: step/r ×1', '0 hash 1.0', '0 hash 1.1'],
  ],
  [
    'other parallelism is another task, records round robin',
    (job) =>
      job
        .from('words', arraySource<string>([]), { timestamp: () => 0 })
        .parallelism(1)
        .map((w) => w)
        .parallelism(3)
        .filter(() => true),
    { parallelism: 2, chainKeyed: true },
    ['0: source/words ×1', '1: map#1 ×3', '2: filter#2 ×2', '0 rebalance 1.0', '1 rebalance 2.0'],
  ],
  [
    'a sink has the parallelism of what it reads',
    (job) => {
      const words = job.from('words', arraySource<string>([]), { timestamp: () => 0 })
      const one = words
        .keyBy((w) => w)
        .parallelism(1)
        .reduce('one', (a) => a)
      one.to('one', printSink())
      one.union(words).to('mixed', printSink())
    },
    { parallelism: 2, chainKeyed: true },
    ['0: source/words ×2', '1: step/one → sink/one ×1', '2: sink/mixed ×2', '0 hash 1.0', '1 rebalance 2.0', '0 forward 2.1'],
  ],
  [
    'PT-1: a step without state that reads by key gets its records by key, a sink too; one subtask needs no exchange',
    (job) => {
      const keyed = job.from('words', arraySource<string>([])).keyBy((w) => w)
      keyed.map((w) => w).filter(() => true)
      keyed.to('t', printSink())
      keyed.parallelism(1).to('one', printSink())
    },
    { parallelism: 2, chainKeyed: true },
    [
      '0: source/words ×2',
      '1: map#1 → filter#2 ×2',
      '2: sink/t ×2',
      '3: sink/one ×1',
      '0 hash 1.0 untimed',
      '0 hash 2.0 untimed',
      '0 hash 3.0 untimed',
    ],
  ],
  [
    'a keyed step of one subtask behind several is no chain',
    (job) =>
      job
        .from('words', arraySource<string>([]))
        .parallelism(2)
        .keyBy((w) => w)
        .parallelism(1)
        .reduce('r', (a) => a),
    { parallelism: 1, chainKeyed: true },
    ['0: source/words ×2', '1: step/r ×1', '0 hash 1.0 untimed'],
  ],
]

for (const [name, build, options, expected] of rows) {
  test(name, () => assert.deepEqual(table(physicalPlan(planOf(build), options)), expected))
}

test('edges say what they read, with which key, and are found by task', () => {
  const key = (w: string): string => w
  const plan = planOf((job) =>
    job
      .from('words', arraySource<string>([]), { invalid: outputTag('broken') })
      .process('p', {
        onRecord(w, _c, out: Out<string>) {
          out.emit(w)
        },
      })
      .side(outputTag<string>('t'))
      .keyBy(key)
      .reduce('r', (a) => a),
  )
  const physical = physicalPlan(plan, { parallelism: 2, chainKeyed: true })
  const edge = {
    index: 0,
    from: { task: 0, node: 1, output: { tag: 't' } },
    to: { task: 1, input: 0, node: 2 },
    partitioning: 'hash',
    key,
    timed: false,
  }
  assert.deepEqual(physical.edges, [edge])
  assert.deepEqual([outputEdges(physical, 0), inputEdges(physical, 0), inputEdges(physical, 1)], [[edge], [], [edge]])
  assert.deepEqual(
    physical.tasks.map((task) => task.head),
    [
      { kind: 'source', node: 0 },
      { kind: 'inputs', node: 2, inputs: 1 },
    ],
  )
})

/** A random job: each step reads earlier streams, some of them united, some by key, some with a parallelism of its own. */
const anySteps = fc.array(
  fc.record({
    of: fc.array(fc.nat(30), { minLength: 1, maxLength: 3 }),
    kind: fc.constantFrom('map', 'filter', 'keyed', 'sink', 'side'),
    parallelism: fc.constantFrom(undefined, 1, 2, 3),
  }),
  { maxLength: 12 },
)

test('P1 to P3 hold for random jobs', () => {
  fc.assert(
    fc.property(anySteps, fc.constantFrom(1, 2, 4), fc.boolean(), (steps, parallelism, chainKeyed) => {
      const plan = planOf((job) => {
        const streams: Stream<string>[] = [
          job.from('a', arraySource<string>([])),
          job.from('b', arraySource<string>([]), { timestamp: () => 0 }).parallelism(2),
        ]
        for (const [index, step] of steps.entries()) addStep(streams, step, index)
      })
      checkPhysical(plan, physicalPlan(plan, { parallelism, chainKeyed }), { parallelism, chainKeyed })
    }),
    { seed },
  )
})

function addStep(
  streams: Stream<string>[],
  step: { of: readonly number[]; kind: string; parallelism: number | undefined },
  index: number,
): void {
  const [first, ...rest] = step.of.map((of) => streams[of % streams.length] as Stream<string>) as [Stream<string>, ...Stream<string>[]]
  const input = first.union(...rest)
  if (step.kind === 'sink') return input.to(`s${index}`, printSink())
  const made =
    step.kind === 'map'
      ? input.map((w) => w)
      : step.kind === 'filter'
        ? input.filter(() => true)
        : step.kind === 'keyed'
          ? input.keyBy((w) => w).reduce(`r${index}`, (a) => a)
          : input.process(`p${index}`, {
              onRecord(w, _c, out: Out<string>) {
                out.emit(w)
              },
            })
  if (step.parallelism !== undefined) made.parallelism(step.parallelism)
  streams.push(step.kind === 'side' ? made.side(outputTag<string>('t')) : made)
}

function checkPhysical(plan: Plan, physical: PhysicalPlan, options: { readonly parallelism: number; readonly chainKeyed: boolean }): void {
  const taskOf = new Map(physical.tasks.flatMap((task) => task.nodes.map((node) => [node, task] as const)))
  assert.equal(physical.tasks.flatMap((task) => task.nodes).length, plan.nodes.length, 'P1: each node in one task')
  assert.equal(taskOf.size, plan.nodes.length)
  assert.equal(new Set(physical.tasks.map((task) => task.name)).size, physical.tasks.length, 'names are unique')
  for (const [index, edge] of physical.edges.entries()) assert.equal(edge.index, index)
  for (const [index, node] of plan.nodes.entries()) {
    const task = taskOf.get(index) as PhysicalPlan['tasks'][number]
    const edges = inputEdges(physical, task.index)
    if (task.head.node === index) {
      assert.deepEqual(
        edges.map((edge) => [edge.to.input, edge.from.node]),
        node.inputs.map((edge, input) => [input, edge.from]),
        'P3',
      )
      for (const edge of edges) assert.equal(taskOf.get(edge.from.node)?.index, edge.from.task)
      assert.equal(couldChain(node, task.parallelism, taskOf, options.chainKeyed), false, 'P2: a head could not have been chained')
    } else {
      assert.equal(node.inputs.length, 1, 'P1')
      assert.equal(taskOf.get(node.inputs[0]?.from as number), task, 'P1')
      assert.equal(couldChain(node, task.parallelism, taskOf, options.chainKeyed), true, 'P2')
    }
    assert.equal(task.parallelism, node.parallelism ?? (node.kind === 'sink' ? task.parallelism : options.parallelism))
  }
}

function couldChain(
  node: PlanNode,
  parallelism: number,
  taskOf: ReadonlyMap<number, PhysicalPlan['tasks'][number]>,
  chainKeyed: boolean,
): boolean {
  const before = node.inputs.map((edge) => taskOf.get(edge.from)?.parallelism)
  if (before.length !== 1 || before[0] !== parallelism) return false
  return node.inputs[0]?.key === undefined || (chainKeyed && parallelism === 1)
}
