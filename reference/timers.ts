// The reference's own timers: one plain list per step and time domain.
import type { TimerDeclaration, TimerHandle, TimersHandle } from './handles.ts'
import type { Key } from './program.ts'
import { keyText } from './canonical.ts'

/** A pending time. */
export interface Pending {
  readonly key: Key
  readonly keyText: string
  readonly name: string
  readonly at: number
}
export type TimerDomain = 'event' | 'processing'

/** The pending times of one step in one domain, in the order in which they were set. */
export class TimerList {
  #pending: Pending[] = []

  /** At most one timer per key, name and time: setting it again changes nothing (TM-1). */
  add(pending: Pending): void {
    if (!this.#pending.some((other) => isSame(other, pending) && other.at === pending.at)) this.#pending.push(pending)
  }

  /** Forgets those of a key and name, or just the one at that time; a missing one is no error (TM-1). */
  remove(keyText: string, name: string, at?: number): void {
    this.#pending = this.#pending.filter((one) => !isSame(one, { keyText, name }) || (at !== undefined && one.at !== at))
  }

  /** The time of a single-pending timer. */
  timeOf(keyText: string, name: string): number | undefined {
    return this.#pending.find((one) => isSame(one, { keyText, name }))?.at
  }

  /** Takes out the earliest of all timers for which `isDue` holds; of equal times the one set first, an order that nobody may rely on (TM-2). */
  takeEarliest(isDue: (at: number) => boolean): Pending | undefined {
    let first: Pending | undefined
    for (const one of this.#pending) if (isDue(one.at) && (first === undefined || one.at < first.at)) first = one
    if (first !== undefined) this.#pending.splice(this.#pending.indexOf(first), 1)
    return first
  }

  /** Drops everything (TM-6). */
  clear(): void {
    this.#pending = []
  }
}

function isSame(
  one: { readonly keyText: string; readonly name: string },
  other: { readonly keyText: string; readonly name: string },
): boolean {
  return one.keyText === other.keyText && one.name === other.name
}

export function domainOf(declaration: TimerDeclaration): TimerDomain {
  return declaration === 'event' || declaration === 'events' ? 'event' : 'processing'
}

/** The handle that a key's function sees for one declared timer. */
export function makeTimer(declaration: TimerDeclaration, list: TimerList, key: Key, name: string): TimerHandle | TimersHandle {
  const text = keyText(key)
  const add = (at: number): void => list.add({ key, keyText: text, name, at: checked(at, name) })
  const clear = (): void => list.remove(text, name)
  if (declaration === 'events' || declaration === 'processings') return { add, delete: (at) => list.remove(text, name, at), clear }
  return {
    get at() {
      return list.timeOf(text, name)
    },
    set(at) {
      clear()
      add(at)
    },
    clear,
  }
}

function checked(at: number, name: string): number {
  if (!Number.isSafeInteger(at)) throw new Error(`timer '${name}' was set to ${at}, which is no time`)
  return at
}
