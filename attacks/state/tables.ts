/** The states under attack, and how each is read and written, by the engine and by the model. */
import { isDeepStrictEqual } from 'node:util'
import type { KeyedState, StateDeclaration } from '../../packages/millrace/src/state/contract.ts'
import { createHeapState } from '../../packages/millrace/src/state/heap-state.ts'
import { id, type Model, type ModelKey } from './model.ts'
import { anyValue, type Draw } from './random.ts'

export const KEY_GROUPS = 32
const ttl = (refreshOn: 'write' | 'read-and-write', expired: 'never-returned' | 'until-cleaned') => ({ afterMs: 50, refreshOn, expired })

export const declarations: Readonly<Record<string, StateDeclaration>> = {
  number: { kind: 'value', version: 1 },
  value: { kind: 'value', version: 1 },
  valueTtl: { kind: 'value', version: 1, ttl: ttl('read-and-write', 'never-returned') },
  valueTtlOnce: { kind: 'value', version: 1, ttl: ttl('write', 'until-cleaned') },
  list: { kind: 'list', version: 1 },
  listTtl: { kind: 'list', version: 1, ttl: ttl('write', 'never-returned') },
  listTtlOnce: { kind: 'list', version: 1, ttl: ttl('read-and-write', 'until-cleaned') },
  map: { kind: 'map', version: 1 },
  mapTtl: { kind: 'map', version: 1, ttl: ttl('read-and-write', 'never-returned') },
  mapTtlOnce: { kind: 'map', version: 1, ttl: ttl('write', 'until-cleaned') },
  accumulator: { kind: 'accumulator', version: 1 },
  event: { kind: 'timer', domain: 'event', version: 1 },
  events: { kind: 'timers', domain: 'event', version: 1 },
  processing: { kind: 'timer', domain: 'processing', version: 1 },
  processings: { kind: 'timers', domain: 'processing', version: 1 },
}
export const names: readonly string[] = Object.keys(declarations)
/** At most one thing a key. */
export const singleCells: readonly string[] = names.filter((name) =>
  ['value', 'accumulator', 'timer'].includes(declarations[name]?.kind as string),
)
export const timersOf = (domain: string): string[] => names.filter((name) => declarations[name]?.domain === domain)

/** The states as version `version` of the job declares them: values of older ones are migrated. */
export function newState(version: number): KeyedState {
  const versioned = Object.entries(declarations).map(([name, declaration]): [string, StateDeclaration] => [
    name,
    isVersioned(name) ? { ...declaration, version, migrate: (old, from) => migrated(old, from, version) } : declaration,
  ])
  return createHeapState({ declarations: Object.fromEntries(versioned), maxParallelism: KEY_GROUPS, freeze: 'always' })
}

function isVersioned(name: string): boolean {
  return ['value', 'list', 'map'].includes(declarations[name]?.kind as string)
}

interface Migrated {
  readonly steps: readonly string[]
  readonly value: unknown
}

/** Says which way a value has come: one that was migrated twice, or from a version that is long gone, does not look as expected. */
function migrated(old: unknown, from: number, to: number): Migrated {
  const before = typeof old === 'object' && old !== null && 'steps' in old ? (old as Migrated) : { steps: [], value: old }
  return { steps: [...before.steps, `${from}-${to}`], value: before.value }
}

/** The model as version `to` of the job finds it. */
export function upgraded(model: Model, from: number, to: number): Model {
  const copy = model.clone()
  if (from === to) return copy
  for (const [name, byKey] of Object.entries(copy.content))
    if (isVersioned(name)) for (const kept of byKey.values()) for (const each of kept.values()) each.v = migrated(each.v, from, to)
  return copy
}

export class Difference extends Error {}

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return
  throw new Difference(`${what}: the engine has ${show(actual)}, the model ${show(expected)}`)
}
const show = (value: unknown): string =>
  JSON.stringify(value, (_name, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v instanceof Map ? [...v] : v)) ?? String(value)

const sorted = (entries: readonly (readonly [ModelKey, unknown])[]) =>
  entries.map(([k, v]) => [id(k), v] as const).sort((a, b) => (a[0] < b[0] ? -1 : 1))

/** Reads a state of a key from both and compares. */
export function compareRead(state: KeyedState, model: Model, name: string, key: ModelKey): void {
  const what = `${name} of ${id(key)} at ${model.now}`
  switch (declarations[name]?.kind) {
    case 'value':
      return expectEqual(state.value(name).get(), model.read(name, key)[0]?.v, what)
    case 'list':
      return expectEqual(
        [...state.list(name)],
        model.read(name, key).map(({ v }) => v),
        what,
      )
    case 'map': {
      const expected = model.read(name, key).map(({ k, v }): [ModelKey, unknown] => [k, v])
      return expectEqual(sorted([...state.map(name)]), sorted(expected), what)
    }
    case 'accumulator':
      return expectEqual(state.accumulator(name).get(state.slotOf(state.key as never)), model.read(name, key)[0]?.v, what)
    case 'timer':
      return expectEqual(state.timer(name).at, model.read(name, key)[0]?.v, what)
    default:
      // The times of `timers` cannot be read; the counts are compared, and they fire.
      return undefined
  }
}

/** One random write to a state of a key, to both. */
export function write(draw: Draw, state: KeyedState, model: Model, name: string, key: ModelKey): void {
  switch (declarations[name]?.kind) {
    case 'value':
      return writeValue(draw, state, model, name, key)
    case 'list':
      return writeList(draw, state, model, name, key)
    case 'map':
      return writeMap(draw, state, model, name, key)
    case 'accumulator':
      return writeAccumulator(draw, state, model, name, key)
    default:
      return writeTimer(draw, state, model, name, key)
  }
}

function writeValue(draw: Draw, state: KeyedState, model: Model, name: string, key: ModelKey): void {
  const handle = state.value(name)
  const value = name === 'number' ? draw.of([draw.below(100), draw.next(), -0, Number.NaN]) : anyValue(draw)
  if (draw.chance(0.2)) {
    if (draw.chance(0.5)) handle.clear()
    else handle.set(undefined)
    model.clear(name, key)
  } else if (draw.chance(0.3) && name === 'number') {
    handle.update((now) => ((now as number | undefined) ?? 0) + 1)
    model.put(name, key, 0, ((model.read(name, key)[0]?.v as number | undefined) ?? 0) + 1)
  } else {
    handle.set(value)
    model.put(name, key, 0, value)
  }
}

let elements = 0
function writeList(draw: Draw, state: KeyedState, model: Model, name: string, key: ModelKey): void {
  const handle = state.list(name)
  const values = Array.from({ length: draw.chance(0.02) ? 300 : draw.below(4) }, () => anyValue(draw))
  const what = draw.next()
  if (what < 0.25) {
    if (what < 0.15) handle.replace(values)
    else handle.clear()
    model.clear(name, key)
  } else for (const value of values) handle.add(value)
  if (what < 0.15 || what >= 0.25) for (const value of values) model.put(name, key, elements++, value)
  if (declarations[name]?.ttl === undefined) expectEqual(handle.size, model.read(name, key).length, `size of ${name}`)
}

function writeMap(draw: Draw, state: KeyedState, model: Model, name: string, key: ModelKey): void {
  const handle = state.map(name)
  const subkey = draw.of<ModelKey>([draw.below(6), `s${draw.below(4)}`, [draw.below(2), 'x'], true])
  if (draw.chance(0.05)) {
    handle.clear()
    model.clear(name, key)
  } else if (draw.chance(0.3)) {
    handle.delete(subkey)
    model.remove(name, key, subkey)
  } else if (draw.chance(0.2)) {
    expectEqual(handle.get(subkey), model.read(name, key, subkey)[0]?.v, `${name} at ${id(subkey)}`)
  } else {
    const value = draw.chance(0.05) ? undefined : anyValue(draw)
    handle.set(subkey, value)
    model.put(name, key, subkey, value)
  }
  if (declarations[name]?.ttl === undefined) expectEqual(handle.size, model.read(name, key).length, `size of ${name}`)
}

interface Account {
  count: number
  readonly seen: number[]
}
function writeAccumulator(draw: Draw, state: KeyedState, model: Model, name: string, key: ModelKey): void {
  const column = state.accumulator(name)
  const slot = state.slotOf(state.key as never)
  const now = column.get(slot)
  if (draw.chance(0.1)) {
    column.clear(slot)
    model.clear(name, key)
  } else if (now === undefined || draw.chance(0.1)) {
    const fresh = draw.chance(0.3) ? draw.below(100) : { count: 1, seen: [draw.below(10)] }
    column.put(slot, structuredClone(fresh))
    model.put(name, key, 0, fresh)
  } else if (typeof now === 'number') {
    column.put(slot, now + 1)
    model.put(name, key, 0, now + 1)
  } else {
    column.touch(slot)
    const seen = draw.below(100)
    for (const account of [now, model.read(name, key)[0]?.v] as Account[]) {
      account.count++
      if (account.seen.push(seen) > 5) account.seen.shift()
    }
  }
}

function writeTimer(draw: Draw, state: KeyedState, model: Model, name: string, key: ModelKey): void {
  const at = model.now + draw.below(200) - (draw.chance(0.05) ? 500 : 0)
  const single = declarations[name]?.kind === 'timer'
  const clears = draw.chance(0.1)
  if (clears || (single && draw.chance(0.1))) {
    if (single) state.timer(name).clear()
    else state.timers(name).clear()
    return model.clear(name, key)
  }
  if (single) {
    state.timer(name).set(at)
    model.put(name, key, 0, at)
  } else if (draw.chance(0.3)) {
    const pending = model.read(name, key).map(({ v }) => v as number)
    const time = pending.length > 0 ? draw.of(pending) : at
    state.timers(name).delete(time)
    model.remove(name, key, time)
  } else {
    state.timers(name).add(at)
    model.put(name, key, at, at)
  }
}
