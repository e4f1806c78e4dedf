import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainArrival, randomArrival } from './arrival.ts'
import { keyedProcess } from './behaviours.ts'
import { conserved, describe, idsOf, sameMultiset } from './check.ts'
import { randomProgram } from './generate.ts'
import { interpret, type Arrival } from './interpret.ts'
import { determinacy, problems, replayDeterminacy } from './plan.ts'
import type { Program } from './program.ts'
import { keyedJob, rec } from './testing.ts'

/** `SEED=…` runs that one alone; failures name it. */
const SEEDS = process.env['SEED'] === undefined ? Array.from({ length: 200 }, (_, i) => i + 1) : [Number(process.env['SEED'])]
const idsIn = (program: Program): number[] =>
  program.sources.flatMap((source) => source.splits.flatMap((split) => split.records.map((record) => record.id)))
const isComplete = (arrival: Arrival, program: Program): boolean =>
  arrival.reduce((sum, event) => sum + (event.kind === 'batch' ? event.count : 0), 0) === idsIn(program).length

test('a seed gives the same program and arrival, as data that survives JSON', () => {
  for (const seed of SEEDS.slice(0, 50)) {
    const program = randomProgram(seed, 6)
    assert.deepEqual(randomProgram(seed, 6), program, `SEED=${seed}`)
    assert.deepEqual(JSON.parse(JSON.stringify(program)), program, `SEED=${seed}`)
    assert.deepEqual(randomArrival(program, seed), randomArrival(program, seed), `SEED=${seed}`)
  }
})

test('random programs are programs, run, and have ids used once', () => {
  for (const seed of SEEDS) {
    const program = randomProgram(seed, 1 + (seed % 10))
    assert.deepEqual(problems(program), [], `SEED=${seed}`)
    const ids = idsIn(program)
    assert.equal(new Set(ids).size, ids.length, `SEED=${seed}`)
    const arrival = randomArrival(program, seed)
    assert.ok(isComplete(arrival, program), `SEED=${seed}`)
    const sinks = interpret(program, arrival).sinks
    assert.ok(sinks.size > 0, `SEED=${seed}`)
    assert.deepEqual([...determinacy(program).keys()], [...sinks.keys()], `SEED=${seed}`)
    assert.deepEqual([...replayDeterminacy(program).keys()], [...sinks.keys()], `SEED=${seed}`)
  }
})

test('rules 1.2e: conserving programs send each input on exactly once, late or not', () => {
  for (const seed of SEEDS) {
    const program = randomProgram(seed, 1 + (seed % 8), { conserving: true })
    const out = [...interpret(program, randomArrival(program, seed)).sinks.values()].flatMap((one) => one.emissions)
    const difference = conserved(idsIn(program), idsOf(out))
    assert.equal(difference, undefined, `SEED=${seed} ${describe(difference)}`)
  }
})

test('a program through JSON gives the same result', () => {
  for (const seed of SEEDS.slice(0, 30)) {
    const program = randomProgram(seed, 5)
    const arrival = plainArrival(program)
    const [first, second] = [program, JSON.parse(JSON.stringify(program)) as Program].map((one) =>
      [...interpret(one, arrival).sinks.values()].flatMap((sink) => sink.emissions),
    )
    assert.equal(sameMultiset(first!, second!), undefined, `SEED=${seed}`)
  }
})

test('200 seeds reach every layout and every kind of step and function', () => {
  const programs = Array.from({ length: 200 }, (_, seed) => randomProgram(seed, 10))
  const kinds = new Set(programs.flatMap((program) => program.steps.map((step) => step.kind)))
  assert.equal(kinds.size, 11)
  const keyed = new Set(
    programs.flatMap((program) => program.steps.filter((step) => step.kind === 'keyedProcess').map((step) => step.fn.kind)),
  )
  assert.equal(keyed.size, 19)
  const aggregates = new Set(
    programs.flatMap((program) =>
      program.steps.filter((step) => step.kind === 'aggregate').flatMap((step) => step.aggregates.map((one) => one.kind)),
    ),
  )
  assert.equal(aggregates.size, 12)
  const sources = programs.flatMap((program) => program.sources)
  assert.ok(sources.some((source) => source.splits.length >= 100))
  assert.ok(sources.some((source) => source.splits.length === 0))
  assert.ok(sources.some((source) => !source.timed))
  assert.ok(sources.some((source) => source.splits.length > 1 && source.splits.some((split) => split.records.length === 0)))
  assert.ok(programs.some((program) => program.steps.some((step) => step.kind === 'union' && new Set(step.from).size < step.from.length)))
})

test('determinacy: order is lost in unions, and after timers for all but each key', () => {
  const of = (fn: Parameters<typeof keyedJob>[0]): unknown => determinacy(keyedJob(fn, [rec(1, 1)])).get('out')
  assert.equal(of({ kind: 'sequence' }), 'total')
  assert.equal(of({ kind: 'session', gap: 1, tag: 't' }), 'per-key')
  const program = keyedJob({ kind: 'sequence' }, [rec(1, 1)])
  const united: Program = {
    ...program,
    steps: [
      { kind: 'union', id: 'u', from: ['s', 's'] },
      ...(program.steps.map((step) => (step.id === 'k' ? { ...step, from: 'u' } : step)) as Program['steps']),
    ],
  }
  assert.equal(determinacy(united).get('out'), 'open')
  assert.equal(replayDeterminacy(united).get('out'), 'per-key')
})

test('a tag is made by whoever runs the function', () => {
  const sent: unknown[] = []
  const made = { id: 't', engine: true }
  const { onRecord } = keyedProcess({ kind: 'lateness', tag: 't' }, () => made)
  onRecord(
    rec(1, 5),
    { key: 1, state: {}, timers: {}, timestamp: 5, watermark: 5, now: 0 },
    { emit() {}, side: (tag) => void sent.push(tag) },
  )
  assert.deepEqual(sent, [made])
})
