// Keyed process functions with state and without timers.
import { fromRecord, int, modulo, MODULUS, text, watermarkText } from './fields.ts'
import type { KeyedBehaviour, ListHandle, MapHandle, TagOf, TypedKeyedBehaviour, ValueHandle } from './handles.ts'
import type { KeyedSpec, Row } from './program.ts'

/** The spec of one kind. */
export type SpecOf<K extends KeyedSpec['kind']> = Extract<KeyedSpec, { readonly kind: K }>
type None = Record<never, never>

/** Forgets the types of the handles, which only the function itself needs. */
export function behaviour<S, M>(typed: TypedKeyedBehaviour<S, M>): KeyedBehaviour {
  return typed as unknown as KeyedBehaviour
}

/** Counts the key's records; every `every`-th goes on with the count as its value. State: value with an initial one. */
export function counter(spec: SpecOf<'counter'>): KeyedBehaviour {
  return behaviour<{ n: ValueHandle<number, never> }, None>({
    states: { n: { kind: 'value', initial: 0 } },
    timers: {},
    onTimer: {},
    onRecord(value, { key, state }, out) {
      state.n.update((n) => n + 1)
      const n = state.n.get()
      if (n % spec.every === 0) out.emit(fromRecord(value, key, { value: n }))
    },
  })
}

/** Numbers the key's records 1..n and hashes their values in order: shows what is lost, doubled or out of order. */
export function sequence(): KeyedBehaviour {
  return behaviour<{ at: ValueHandle<{ n: number; hash: number }> }, None>({
    states: { at: { kind: 'value' } },
    timers: {},
    onTimer: {},
    onRecord(value, { key, state }, out) {
      const { n, hash } = state.at.get() ?? { n: 0, hash: 7 }
      const next = { n: n + 1, hash: modulo(hash * 31 + int(value, 'value'), MODULUS) }
      state.at.set(next)
      out.emit(fromRecord(value, key, { seq: next.n, hash: next.hash }))
    },
  })
}

/** Each record with the value before it (null without one); a value divisible by `clearAt` is forgotten at once. State: value without initial, `clear`. */
export function previous(spec: SpecOf<'previous'>): KeyedBehaviour {
  return behaviour<{ last: ValueHandle<number> }, None>({
    states: { last: { kind: 'value' } },
    timers: {},
    onTimer: {},
    onRecord(value, { key, state }, out) {
      const now = int(value, 'value')
      out.emit(fromRecord(value, key, { before: state.last.get() ?? null }))
      state.last.set(now)
      if (modulo(now, spec.clearAt) === 0) state.last.clear()
    },
  })
}

/** The key's n-th record with n divisible by `modulo` goes to the tag, the others on. */
export function router(spec: SpecOf<'router'>, tagOf: TagOf): KeyedBehaviour {
  return behaviour<{ n: ValueHandle<number, never> }, None>({
    states: { n: { kind: 'value', initial: 0 } },
    timers: {},
    onTimer: {},
    onRecord(value, { key, state }, out) {
      const n = state.n.get() + 1
      state.n.set(n)
      const routed = fromRecord(value, key, { nth: n })
      if (n % spec.modulo === 0) out.side(tagOf(spec.tag), routed)
      else out.emit(routed)
    },
  })
}

/** A record at or below the watermark goes to the tag, any other on: which ones do shows what the watermark was. */
export function lateness(spec: SpecOf<'lateness'>, tagOf: TagOf): KeyedBehaviour {
  return behaviour<None, None>({
    states: {},
    timers: {},
    onTimer: {},
    onRecord(value, { key, timestamp, watermark }, out) {
      const seen = fromRecord(value, key, {})
      if (timestamp !== undefined && timestamp <= watermark) out.side(tagOf(spec.tag), seen)
      else out.emit(seen)
    },
  })
}

/** Each record with all that its context says of time; the clock only if asked for. */
export function inspect(spec: SpecOf<'inspect'>): KeyedBehaviour {
  return behaviour<None, None>({
    states: {},
    timers: {},
    onTimer: {},
    onRecord(value, { key, timestamp, watermark, now }, out) {
      const clock: Row = spec.clock ? { now } : {}
      out.emit(fromRecord(value, key, { seen: { timestamp: timestamp ?? null, watermark: watermarkText(watermark), ...clock } }))
    },
  })
}

/** Keeps the key's last `keep` values and sends each record on with them. State: list, `add` and `replace`. */
export function collect(spec: SpecOf<'collect'>): KeyedBehaviour {
  return behaviour<{ values: ListHandle<number> }, None>({
    states: { values: { kind: 'list' } },
    timers: {},
    onTimer: {},
    onRecord(value, { key, state }, out) {
      state.values.add(int(value, 'value'))
      if (state.values.size > spec.keep) state.values.replace([...state.values].slice(-spec.keep))
      out.emit(fromRecord(value, key, { kept: [...state.values] }))
    },
  })
}

/** Counts by tag within the key. A tag that reaches `limit` is deleted and sent on; more than `most` tags clear them all. State: map, `update`, `delete`, `clear`. */
export function tally(spec: SpecOf<'tally'>): KeyedBehaviour {
  return behaviour<{ counts: MapHandle<string, number> }, None>({
    states: { counts: { kind: 'map' } },
    timers: {},
    onTimer: {},
    onRecord(value, { key, state }, out) {
      const tag = text(value, 'tag')
      state.counts.update(tag, (n) => (n ?? 0) + 1)
      if ((state.counts.get(tag) ?? 0) >= spec.limit) {
        state.counts.delete(tag)
        out.emit(fromRecord(value, key, { full: tag, left: sorted(state.counts), has: state.counts.has(tag) }))
      }
      if (state.counts.size > spec.most) state.counts.clear()
    },
  })
}

/** Entries of a map in the order of their keys, which no engine has to keep otherwise. */
function sorted(map: MapHandle<string, number>): [string, number][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** The first record of each key goes on, later ones to the tag, until the state's time to live is over. */
export function dedupe(spec: SpecOf<'dedupe'>, tagOf: TagOf): KeyedBehaviour {
  return behaviour<{ seen: ValueHandle<boolean> }, None>({
    states: { seen: { kind: 'value', ttl: spec.ttl } },
    timers: {},
    onTimer: {},
    onRecord(value, { key, state }, out) {
      const isFirst = state.seen.get() !== true
      if (isFirst) state.seen.set(true)
      if (isFirst) out.emit(fromRecord(value, key, {}))
      else out.side(tagOf(spec.tag), fromRecord(value, key, {}))
    },
  })
}

/** Each record with the key's values that have not expired, its own included: elements expire one by one (TT-3). */
export function recent(spec: SpecOf<'recent'>): KeyedBehaviour {
  return behaviour<{ values: ListHandle<number> }, None>({
    states: { values: { kind: 'list', ttl: spec.ttl } },
    timers: {},
    onTimer: {},
    onRecord(value, { key, state }, out) {
      state.values.add(int(value, 'value'))
      out.emit(fromRecord(value, key, { recent: [...state.values] }))
    },
  })
}

/** Each record with the key's counts by tag that have not expired: entries expire one by one (TT-3). */
export function recentByTag(spec: SpecOf<'recentByTag'>): KeyedBehaviour {
  return behaviour<{ counts: MapHandle<string, number> }, None>({
    states: { counts: { kind: 'map', ttl: spec.ttl } },
    timers: {},
    onTimer: {},
    onRecord(value, { key, state }, out) {
      state.counts.update(text(value, 'tag'), (n) => (n ?? 0) + 1)
      out.emit(fromRecord(value, key, { recent: sorted(state.counts) }))
    },
  })
}
