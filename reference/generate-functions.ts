// Random user functions as data.
import type { AggregateSpec, FilterSpec, FlatMapSpec, KeyedSpec, KeySpec, MapSpec, PlainSpec, ReduceSpec, TtlSpec } from './program.ts'
import type { Random } from './random.ts'

export function randomKey(random: Random): KeySpec {
  const int: KeySpec = { kind: 'int', field: 'key' }
  const string: KeySpec = { kind: 'string', field: 'tag' }
  return random.pick<KeySpec>([
    int,
    int,
    string,
    { kind: 'string', field: 'by' },
    { kind: 'tuple', fields: [int, string] },
    { kind: 'tuple', fields: [string] },
  ])
}

export function randomMap(random: Random): MapSpec {
  return random.pick<MapSpec>([
    { kind: 'addConst', field: 'value', add: random.int(-3, 10) },
    { kind: 'addConst', field: 'key', add: random.int(-1, 1) },
    { kind: 'mulMod', field: 'value', multiply: random.int(-7, 7), modulo: random.int(2, 50) },
    { kind: 'mulMod', field: 'key', multiply: random.int(1, 5), modulo: random.int(1, 7) },
    { kind: 'pickField', field: random.pick(['key', 'id', 'nothing']) },
  ])
}

export function randomFilter(random: Random): FilterSpec {
  const modulo = random.int(2, 5)
  return random.pick<FilterSpec>([
    { kind: 'modIs', field: random.pick(['value', 'id']), modulo, is: random.int(0, modulo - 1) },
    { kind: 'atLeast', field: 'value', least: random.int(-10, 60) },
    { kind: 'tagIs', tag: random.pick(['a', 'b', 'timer']) },
  ])
}

export function randomFlatMap(random: Random): FlatMapSpec {
  return random.pick<FlatMapSpec>([
    { kind: 'repeat', times: random.int(0, 3) },
    { kind: 'count', modulo: random.int(2, 4) },
    { kind: 'split', tags: random.pick([['a', 'b'], ['z'], []]) },
  ])
}

export function randomPlain(random: Random): PlainSpec {
  return random.pick<PlainSpec>([
    { kind: 'route', modulo: random.int(2, 4), tag: 'routed' },
    { kind: 'explode', modulo: random.int(2, 3), tag: 'none' },
    { kind: 'stamp' },
    { kind: 'late', tag: 'late' },
  ])
}

export function randomReduce(random: Random): ReduceSpec {
  return random.pick<ReduceSpec>([{ kind: 'sum' }, { kind: 'max' }, { kind: 'hash' }])
}

/** One to four aggregates; the first is numeric and named `n`. */
export function randomAggregates(random: Random): readonly AggregateSpec[] {
  const kinds = ['count', 'sum', 'min', 'max', 'avg', 'first', 'last', 'list', 'top', 'distinct', 'minBy', 'maxBy'] as const
  const more = random
    .shuffled(kinds)
    .slice(0, random.int(0, 3))
    .map((kind): AggregateSpec => {
      const spec = { name: `of_${kind}`, kind, field: random.pick(['value', 'key', 'id']) }
      return kind === 'top' ? { ...spec, n: random.int(1, 4) } : spec
    })
  return [{ name: 'n', kind: random.pick(['count', 'sum', 'distinct'] as const), field: 'value' }, ...more]
}

function randomTtl(random: Random): TtlSpec {
  const after = random.int(1, 200)
  return random.pick<TtlSpec>([after, { after, refreshOn: 'write' }, { after, refreshOn: 'read-and-write' }])
}

/** What a keyed process function does and keeps, drawn. With `conserving`, only functions that send each input on exactly once, id unchanged. */
export function randomKeyed(random: Random, { timed, conserving }: { readonly timed: boolean; readonly conserving: boolean }): KeyedSpec {
  const choices = [...conservingKeyed(random), ...(conserving ? [] : [...otherKeyed(random), ...(timed ? eventTimers(random) : [])])]
  return random.pick(choices)
}

function conservingKeyed(random: Random): KeyedSpec[] {
  return [
    { kind: 'counter', every: 1 },
    { kind: 'sequence' },
    { kind: 'previous', clearAt: random.int(2, 5) },
    { kind: 'router', modulo: random.int(2, 4), tag: 'nth' },
    { kind: 'lateness', tag: 'late' },
    { kind: 'inspect', clock: random.chance(0.3) },
    { kind: 'collect', keep: random.int(1, 4) },
    { kind: 'dedupe', ttl: randomTtl(random), tag: 'again' },
    { kind: 'recent', ttl: randomTtl(random) },
    { kind: 'recentByTag', ttl: randomTtl(random) },
  ]
}

function otherKeyed(random: Random): KeyedSpec[] {
  return [
    { kind: 'counter', every: random.int(2, 4) },
    { kind: 'tally', limit: random.int(2, 4), most: random.int(1, 3) },
    { kind: 'timeout', delay: random.int(1, 200) },
    { kind: 'polls', delay: random.int(1, 100), count: random.int(1, 3) },
  ]
}

function eventTimers(random: Random): KeyedSpec[] {
  return [
    { kind: 'buffer', delay: random.int(-20, 200), move: random.chance(0.5) },
    { kind: 'session', gap: random.int(1, 100), tag: 'late' },
    { kind: 'chain', delay: random.int(-50, 100), links: random.int(1, 4), step: random.pick([-30, 0, 1, 40]) },
    { kind: 'reminders', delay: random.int(0, 60), count: random.int(1, 3), cancel: random.int(2, 4) },
    { kind: 'cancel', delay: random.int(-10, 100), modulo: random.int(2, 4) },
    { kind: 'race', eventDelay: random.int(1, 100), processingDelay: random.int(1, 100) },
  ]
}
