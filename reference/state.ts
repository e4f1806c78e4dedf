// The reference's own state: plain arrays and Maps, each stored value with the time of its last access.
import type { ListHandle, MapHandle, StateDeclaration, ValueHandle } from './handles.ts'
import type { Json, TtlSpec } from './program.ts'

/** Processing time as the step sees it: it never goes back (rules 1.17). */
export interface Clock {
  now: number
}

/** A stored value; `touched` is the last access that counts for its time to live. */
interface Cell {
  value: Json
  touched: number
}

/** How cells of one state age. Without a time to live they never do. */
interface Aging {
  readonly after: number
  readonly onRead: boolean
  readonly returnedOnce: boolean
  readonly clock: Clock
}

export type StateHandle = ValueHandle<Json> | ListHandle<Json> | MapHandle<string | number, Json>

/** Fresh, empty state for one key. */
export function makeState(declaration: StateDeclaration, clock: Clock): StateHandle {
  const aging = agingOf(declaration.ttl, clock)
  if (declaration.kind === 'value') return makeValue(declaration.initial, aging)
  return declaration.kind === 'list' ? makeList(aging) : makeMap(aging)
}

function agingOf(ttl: TtlSpec | undefined, clock: Clock): Aging {
  const { after, refreshOn, expired } = typeof ttl === 'object' ? ttl : { after: ttl ?? Infinity, refreshOn: undefined, expired: undefined }
  return { after, onRead: refreshOn === 'read-and-write', returnedOnce: expired === 'until-cleaned', clock }
}

/** TT-1. */
function isExpired(cell: Cell, aging: Aging): boolean {
  return cell.touched + aging.after <= aging.clock.now
}

/** Reads a cell (TT-2): undefined when it is not to be seen; `keep` says whether it stays. */
function read(cell: Cell, aging: Aging): { seen: boolean; keep: boolean } {
  if (isExpired(cell, aging)) return { seen: aging.returnedOnce, keep: false }
  if (aging.onRead) cell.touched = aging.clock.now
  return { seen: true, keep: true }
}

function makeValue(initial: Json | undefined, aging: Aging): ValueHandle<Json> {
  let cell: Cell | undefined
  const handle: ValueHandle<Json> = {
    get() {
      const now = cell
      if (now === undefined) return initial
      const { seen, keep } = read(now, aging)
      if (!keep) cell = undefined
      return seen ? now.value : initial
    },
    set(value) {
      cell = { value, touched: aging.clock.now }
    },
    update(change) {
      handle.set(change(handle.get()))
    },
    clear() {
      cell = undefined
    },
  }
  return handle
}

function makeList(aging: Aging): ListHandle<Json> {
  let cells: Cell[] = []
  /** All elements to be seen; the expired ones go. */
  function readAll(): Json[] {
    const seen: Json[] = []
    const kept: Cell[] = []
    for (const cell of cells) {
      const found = read(cell, aging)
      if (found.seen) seen.push(cell.value)
      if (found.keep) kept.push(cell)
    }
    cells = kept
    return seen
  }
  return {
    get size() {
      return cells.filter((cell) => aging.returnedOnce || !isExpired(cell, aging)).length
    },
    add(value) {
      cells.push({ value, touched: aging.clock.now })
    },
    replace(values) {
      cells = [...values].map((value) => ({ value, touched: aging.clock.now }))
    },
    clear() {
      cells = []
    },
    [Symbol.iterator]: () => readAll()[Symbol.iterator](),
  }
}

function makeMap(aging: Aging): MapHandle<string | number, Json> {
  const cells = new Map<string | number, Cell>()
  function readOne(key: string | number): Json | undefined {
    const cell = cells.get(key)
    if (cell === undefined) return undefined
    const { seen, keep } = read(cell, aging)
    if (!keep) cells.delete(key)
    return seen ? cell.value : undefined
  }
  /** All entries to be seen, as they are now: changing the map while going through them is fine. */
  function readAll(): [string | number, Json][] {
    const seen: [string | number, Json][] = []
    for (const [key, cell] of [...cells]) {
      const found = read(cell, aging)
      if (found.seen) seen.push([key, cell.value])
      if (!found.keep) cells.delete(key)
    }
    return seen
  }
  const handle: MapHandle<string | number, Json> = {
    get size() {
      return [...cells.values()].filter((cell) => aging.returnedOnce || !isExpired(cell, aging)).length
    },
    get: readOne,
    has: (key) => readOne(key) !== undefined,
    keys: () => readAll().map(([key]) => key),
    values: () => readAll().map(([, value]) => value),
    set(key, value) {
      cells.set(key, { value, touched: aging.clock.now })
    },
    update(key, change) {
      handle.set(key, change(readOne(key)))
    },
    delete(key) {
      cells.delete(key)
    },
    clear() {
      cells.clear()
    },
    [Symbol.iterator]: () => readAll()[Symbol.iterator](),
  }
  return handle
}
