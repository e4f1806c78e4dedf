// What one instance of a step does: records, watermarks, the clock and the end go in; records come out.
import { aggregates, filterFn, flatMapFn, keyedProcess, keySelector, mapFn, plainProcess, reducer } from './behaviours.ts'
import { deepFreeze, keyText } from './canonical.ts'
import { aggregateResult } from './aggregate.ts'
import type { KeyedBehaviour, KeyedContext } from './handles.ts'
import { assertNever, type Key, type KeySpec, type Row, type Step } from './program.ts'
import { outOf, type Outlet, type Runtime } from './runtime.ts'
import { makeState, type Clock } from './state.ts'
import { domainOf, makeTimer, TimerList, type Pending } from './timers.ts'
import { WindowRuntime } from './windows.ts'

/** `key` is for keyed steps only. */
export function makeRuntime(step: Step, key: KeySpec | undefined, clock: Clock, outlet: Outlet): Runtime {
  switch (step.kind) {
    case 'map': {
      const map = mapFn(step.fn)
      return stateless((value, timestamp) => outlet.emit(map(value), timestamp))
    }
    case 'filter': {
      const keeps = filterFn(step.fn)
      return stateless((value, timestamp) => void (keeps(value) && outlet.emit(value, timestamp)))
    }
    case 'flatMap': {
      const flatMap = flatMapFn(step.fn)
      return stateless((value, timestamp) => flatMap(value).forEach((one) => outlet.emit(one, timestamp)))
    }
    case 'union':
    case 'keyBy':
    case 'side':
    case 'sink':
      return stateless((value, timestamp) => outlet.emit(value, timestamp))
    case 'process':
      return plainRuntime(plainProcess(step.fn).onRecord, clock, outlet)
    case 'keyedProcess':
      return new KeyedRuntime(keyedProcess(step.fn), keySelector(key!), clock, outlet)
    case 'reduce':
      return rolling(keySelector(key!), reducer(step.fn), outlet)
    case 'aggregate':
      return aggregating(keySelector(key!), step, outlet)
    case 'window':
      return new WindowRuntime(step, keySelector(key!), clock, outlet)
    default:
      return assertNever(step)
  }
}

function stateless(record: Runtime['record']): Runtime {
  return { record, watermark() {}, restored() {}, time() {}, end() {} }
}

function plainRuntime(onRecord: ReturnType<typeof plainProcess>['onRecord'], clock: Clock, outlet: Outlet): Runtime {
  let watermark = -Infinity
  return {
    record: (value, timestamp) =>
      onRecord(value, { timestamp: timestamp ?? undefined, watermark, now: clock.now }, outOf(outlet, timestamp)),
    watermark(at) {
      watermark = Math.max(watermark, at)
    },
    restored(at) {
      watermark = at
    },
    time() {},
    end() {},
  }
}

/** One output per input (DS-2): the first record of a key as it is, then what the reducer makes of it. */
function rolling(keyOf: (value: Row) => Key, reduce: (accumulated: Row, value: Row) => Row, outlet: Outlet): Runtime {
  const accumulated = new Map<string, Row>()
  return stateless((value, timestamp) => {
    const key = keyText(keyOf(value))
    const before = accumulated.get(key)
    const after = before === undefined ? value : deepFreeze(reduce(before, value))
    accumulated.set(key, after)
    outlet.emit(after, timestamp)
  })
}

/** One row per input: the key and all results so far. */
function aggregating(keyOf: (value: Row) => Key, step: Parameters<typeof aggregates>[0], outlet: Outlet): Runtime {
  const seen = new Map<string, Row[]>()
  return stateless((value, timestamp) => {
    const key = keyOf(value)
    const values = [...(seen.get(keyText(key)) ?? []), value]
    seen.set(keyText(key), values)
    const results = aggregates(step).map((spec) => [spec.name, aggregateResult(spec, values)])
    outlet.emit(deepFreeze({ key, ...Object.fromEntries(results) }), timestamp)
  })
}

type Handles = Pick<KeyedContext, 'state' | 'timers'>

/** A keyed process function with the handles of each key it has seen. */
class KeyedRuntime implements Runtime {
  readonly #behaviour: KeyedBehaviour
  readonly #keyOf: (value: Row) => Key
  readonly #clock: Clock
  readonly #outlet: Outlet
  readonly #timers = { event: new TimerList(), processing: new TimerList() }
  readonly #keys = new Map<string, Handles>()
  #watermark = -Infinity

  constructor(behaviour: KeyedBehaviour, keyOf: (value: Row) => Key, clock: Clock, outlet: Outlet) {
    this.#behaviour = behaviour
    this.#keyOf = keyOf
    this.#clock = clock
    this.#outlet = outlet
  }

  record(value: Row, timestamp: number | null): void {
    const context = this.#contextOf(this.#keyOf(value), timestamp ?? undefined)
    this.#behaviour.onRecord(value, context, outOf(this.#outlet, timestamp))
  }

  watermark(at: number): void {
    if (at > this.#watermark) this.#fireEventTimers(at)
  }

  restored(at: number): void {
    this.#watermark = at
  }

  /** A processing timer for T fires when the clock is past T (TM-4), one that is set in the past during the pass in the same pass. */
  time(): void {
    for (;;) {
      const due = this.#timers.processing.takeEarliest((at) => at < this.#clock.now)
      if (due === undefined) return
      this.#fire(due, null)
    }
  }

  end(): void {
    this.#fireEventTimers(Infinity)
    this.#timers.processing.clear()
  }

  /** The watermark is set first; then timers fire in order of time, those included that are registered meanwhile at or below it (TM-2). */
  #fireEventTimers(watermark: number): void {
    this.#watermark = watermark
    for (;;) {
      const due = this.#timers.event.takeEarliest((at) => at <= watermark)
      if (due === undefined) return
      this.#fire(due, due.at)
    }
  }

  /** A timer that fires is no longer pending when its function runs. */
  #fire(due: Pending, outputTimestamp: number | null): void {
    this.#behaviour.onTimer[due.name]!(due.at, this.#contextOf(due.key, due.at), outOf(this.#outlet, outputTimestamp))
  }

  #contextOf(key: Key, timestamp: number | undefined): KeyedContext {
    return { key, ...this.#handlesOf(key), timestamp, watermark: this.#watermark, now: this.#clock.now }
  }

  #handlesOf(key: Key): Handles {
    const known = this.#keys.get(keyText(key))
    if (known !== undefined) return known
    const states = Object.entries(this.#behaviour.states).map(([name, declaration]) => [name, makeState(declaration, this.#clock)])
    const timers = Object.entries(this.#behaviour.timers).map(([name, declaration]) => [
      name,
      makeTimer(declaration, this.#timers[domainOf(declaration)], key, name),
    ])
    const handles: Handles = { state: Object.fromEntries(states), timers: Object.fromEntries(timers) }
    this.#keys.set(keyText(key), handles)
    return handles
  }
}
