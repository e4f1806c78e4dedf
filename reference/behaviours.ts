// User functions as data, made callable: the oracle hands the same ones to the engine.
import { canonical } from './canonical.ts'
import { int, keyNumber, modulo, MODULUS, text, watermarkText } from './fields.ts'
import type { KeyedBehaviour, OutHandle, PlainBehaviour, PlainContext, TagOf } from './handles.ts'
import { counter, collect, dedupe, inspect, lateness, previous, recent, recentByTag, router, sequence, tally } from './keyed-behaviours.ts'
import {
  assertNever,
  type AggregateSpec,
  type FilterSpec,
  type FlatMapSpec,
  type Json,
  type Key,
  type KeyedSpec,
  type KeySpec,
  type MapSpec,
  type PlainSpec,
  type ReduceSpec,
  type Row,
  type SourceSpec,
} from './program.ts'
import { buffer, cancel, chain, polls, race, reminders, session, timeout } from './timer-behaviours.ts'

/** What `from` is given as `timestamp`; undefined for an untimed source. */
export function timestampOf(source: SourceSpec): ((value: Row) => number) | undefined {
  return source.timed ? (value) => value['ts'] as number : undefined
}

export function keySelector(spec: KeySpec): (value: Row) => Key {
  switch (spec.kind) {
    case 'int':
      return (value) => int(value, spec.field)
    case 'string':
      return (value) => text(value, spec.field)
    case 'any':
      return (value) => keyIn(value, spec.field)
    case 'tuple': {
      const parts = spec.fields.map(keySelector)
      return (value) => parts.map((part) => part(value))
    }
    default:
      return assertNever(spec)
  }
}

export function mapFn(spec: MapSpec): (value: Row) => Row {
  switch (spec.kind) {
    case 'addConst':
      return (value) => ({ ...value, [spec.field]: int(value, spec.field) + spec.add })
    case 'mulMod':
      return (value) => ({ ...value, [spec.field]: modulo(int(value, spec.field) * spec.multiply, spec.modulo) })
    case 'pickField':
      return (value) => ({ ...value, value: int(value, spec.field) })
    case 'fromRow':
      return (value) => recordFromRow(value, spec.field)
    default:
      return assertNever(spec)
  }
}

function recordFromRow(row: Row, field: string): Row {
  const key = keyIn(row, 'key')
  return {
    id: int(row, 'id'),
    key: keyNumber(key),
    value: modulo(int(row, field), MODULUS),
    ts: row['ts'] ?? null,
    tag: text(row, 'tag'),
    by: canonical(key),
  }
}

function keyIn(row: Row, field: string): Key {
  const found = row[field]
  return isKey(found) ? found : 0
}

function isKey(value: Json | undefined): value is Key {
  if (Array.isArray(value)) return value.every(isKey)
  return typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value))
}

export function filterFn(spec: FilterSpec): (value: Row) => boolean {
  switch (spec.kind) {
    case 'modIs':
      return (value) => modulo(int(value, spec.field), spec.modulo) === spec.is
    case 'atLeast':
      return (value) => int(value, spec.field) >= spec.least
    case 'tagIs':
      return (value) => text(value, 'tag') === spec.tag
    default:
      return assertNever(spec)
  }
}

export function flatMapFn(spec: FlatMapSpec): (value: Row) => readonly Row[] {
  switch (spec.kind) {
    case 'repeat':
      return (value) => copies(value, spec.times)
    case 'count':
      return (value) => copies(value, modulo(int(value, 'value'), spec.modulo))
    case 'split':
      return (value) => spec.tags.map((tag) => ({ ...value, tag }))
    default:
      return assertNever(spec)
  }
}

function copies(value: Row, times: number): Row[] {
  return Array.from({ length: times }, (_, part) => ({ ...value, part }))
}

/** A process function on a stream without keys. */
export function plainProcess(spec: PlainSpec, tagOf: TagOf = (id) => ({ id })): PlainBehaviour {
  switch (spec.kind) {
    case 'route':
      return {
        onRecord(value, _context, out) {
          if (modulo(int(value, 'value'), spec.modulo) === 0) out.side(tagOf(spec.tag), value)
          else out.emit(value)
        },
      }
    case 'explode':
      return {
        onRecord(value, _context, out) {
          const made = copies(value, modulo(int(value, 'value'), spec.modulo))
          if (made.length === 0) out.side(tagOf(spec.tag), value)
          for (const copy of made) out.emit(copy)
        },
      }
    case 'stamp':
      return { onRecord: stamp }
    case 'late':
      return {
        onRecord(value, { timestamp, watermark }, out) {
          if (timestamp !== undefined && timestamp <= watermark) out.side(tagOf(spec.tag), value)
          else out.emit(value)
        },
      }
    default:
      return assertNever(spec)
  }
}

function stamp(value: Row, context: PlainContext, out: OutHandle): void {
  out.emit({ ...value, seen: { timestamp: context.timestamp ?? null, watermark: watermarkText(context.watermark) } })
}

/** A keyed process function; its `states` and `timers` are declarations as data. */
export function keyedProcess(spec: KeyedSpec, tagOf: TagOf = (id) => ({ id })): KeyedBehaviour {
  switch (spec.kind) {
    case 'counter':
      return counter(spec)
    case 'sequence':
      return sequence()
    case 'previous':
      return previous(spec)
    case 'router':
      return router(spec, tagOf)
    case 'lateness':
      return lateness(spec, tagOf)
    case 'inspect':
      return inspect(spec)
    case 'collect':
      return collect(spec)
    case 'tally':
      return tally(spec)
    case 'dedupe':
      return dedupe(spec, tagOf)
    case 'recent':
      return recent(spec)
    case 'recentByTag':
      return recentByTag(spec)
    case 'buffer':
      return buffer(spec)
    case 'session':
      return session(spec, tagOf)
    case 'chain':
      return chain(spec)
    case 'reminders':
      return reminders(spec)
    case 'cancel':
      return cancel(spec)
    case 'timeout':
      return timeout(spec)
    case 'polls':
      return polls(spec)
    case 'race':
      return race(spec)
    default:
      return assertNever(spec)
  }
}

/** (accumulated, value) of a rolling reduce. */
export function reducer(spec: ReduceSpec): (accumulated: Row, value: Row) => Row {
  switch (spec.kind) {
    case 'sum':
      return (accumulated, value) => ({ ...value, value: modulo(int(accumulated, 'value') + int(value, 'value'), MODULUS) })
    case 'max':
      return (accumulated, value) => (int(value, 'value') > int(accumulated, 'value') ? value : accumulated)
    case 'hash':
      return (accumulated, value) => ({ ...value, value: modulo(int(accumulated, 'value') * 31 + int(value, 'value'), MODULUS) })
    default:
      return assertNever(spec)
  }
}

/** The aggregates of a step, for whoever maps them to the engine's `agg`: the function `of` reads `field` with `fieldReader`. */
export function aggregates(step: { readonly aggregates: readonly AggregateSpec[] }): readonly AggregateSpec[] {
  return step.aggregates
}

/** The `of` or `by` of an aggregate. */
export function fieldReader(field: string): (value: Row) => number {
  return (value) => int(value, field)
}

/** How far two values are apart: `distance` of delta triggers and of evictors. */
export function distanceBy(field: string): (one: Row, other: Row) => number {
  return (one, other) => Math.abs(int(one, field) - int(other, field))
}
