import { refusePromise } from '../core/errors.ts'
import type { Emit, KeySelector, Operator, Specialize } from '../operator/contract.ts'
import type { AccumulatorColumn, Key, KeyedState, ListSlots } from '../state/contract.ts'
import type { CountWindows } from '../windows/assigner.ts'
import { WINDOW_COUNT } from '../windows/names.ts'
import type { AggregateFunctions, WindowContents } from './window-contents.ts'

function template(counts: Counts): (select: KeySelector) => Emit {
  return (select) => (value, timestamp) => {
    counts.take(select(value), value, timestamp)
  }
}

/**
 * Windows of so many records of a key (WA-9). Results carry the timestamp of the record that completes them: there is no end of a
 * window that could.
 */
export function countWindowOperator(
  specialize: Specialize,
  state: KeyedState,
  windows: CountWindows,
  contents: WindowContents,
  selectors: readonly KeySelector[],
): Operator {
  const input = specialize(template, new Counts(state, windows, contents))
  return { inputs: selectors.map((select) => input(select)) }
}

class Counts {
  readonly #state: KeyedState
  readonly #windows: CountWindows
  readonly #contents: WindowContents
  readonly #counts: AccumulatorColumn

  constructor(state: KeyedState, windows: CountWindows, contents: WindowContents) {
    this.#state = state
    this.#windows = windows
    this.#contents = contents
    this.#counts = state.accumulator(WINDOW_COUNT)
  }

  take(key: Key, value: unknown, timestamp: number): void {
    const slot = this.#state.slotOf(key)
    this.#contents.add(slot, value)
    const count = ((this.#counts.get(slot) as number | undefined) ?? 0) + 1
    if (count < this.#windows.slide) {
      if (!this.#counts.replaceNumber(slot, count)) this.#counts.put(slot, count)
      return
    }
    this.#counts.clear(slot)
    this.#contents.fire(slot, key, undefined, timestamp)
    if (this.#windows.slide === this.#windows.size) this.#contents.clear(slot)
  }
}

/** The last so many values of a key; what came before them goes when the window fires (EV-1). */
export function lastValues(list: ListSlots, size: number, of: WindowContents): WindowContents {
  return {
    ...of,
    add: (slot, value) => list.addTo(slot, value),
    fire(slot, key, window, timestamp) {
      if (list.countOf(slot) > size) list.replaceAt(slot, [...list.valuesOf(slot)].slice(-size))
      of.fire(slot, key, window, timestamp)
    },
  }
}

/** Aggregates that are computed from the values when the window fires. */
export function aggregatesOfValues(list: ListSlots, next: Emit, aggregates: Readonly<Record<string, AggregateFunctions>>): WindowContents {
  const all = Object.entries(aggregates)
  return {
    add: (slot, value) => list.addTo(slot, value),
    fire(slot, key, _window, timestamp) {
      const row: Record<string, unknown> = { key }
      for (const [name, aggregate] of all) {
        let accumulator = settled(aggregate.create())
        for (const value of list.valuesOf(slot)) accumulator = settled(aggregate.add(accumulator, value))
        row[name] = settled(aggregate.result(accumulator))
      }
      next(row, timestamp)
    },
    merge: () => undefined,
    clear: (slot) => list.replaceAt(slot, []),
  }
}

function settled(given: unknown): unknown {
  if (typeof given === 'object' && given !== null) refusePromise(given)
  return given
}
