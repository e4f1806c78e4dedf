import { StreamError } from '../core/errors.ts'
import { ByteWriter } from '../serde/bytes.ts'
import { deepFreeze } from '../serde/freeze.ts'
import { kindOf } from '../serde/kind.ts'
import { encodeValue } from '../serde/value.ts'
import type { Key, ListHandle, MapHandle, ValueHandle } from './contract.ts'
import { textOfKey } from './upgrade.ts'

/**
 * What handles gave out with `check: true`. Everything is frozen; a Map, Set, Date or array of bytes, which cannot be, is compared
 * with what it was when it was read or written: at the next use of a handle, and at the end of the turn at the latest. So a change that no
 * `set` follows, which would be in memory and missing after a restart, is found where it was made (S1).
 */
export class Lent {
  readonly #owner: string
  readonly #keyNow: () => Key | undefined
  #open: { readonly value: unknown; readonly bytes: Uint8Array; readonly state: string; readonly key: Key | undefined }[] = []

  constructor(owner: string, keyNow: () => Key | undefined) {
    this.#owner = owner
    this.#keyNow = keyNow
  }

  lend(value: unknown, state: string): unknown {
    if (typeof value !== 'object' || value === null) return value
    deepFreeze(value)
    if (!isOpen(value)) return value
    const isKnown = this.#open.some((each) => each.value === value)
    if (!isKnown) this.#open.push({ value, bytes: bytesOf(value), state, key: this.#keyNow() })
    return value
  }

  /** @throws {FROZEN_RECORD} naming step, state and key */
  check(): void {
    if (this.#open.length === 0) return
    const lent = this.#open
    this.#open = []
    for (const { value, bytes, state, key } of lent) {
      if (isEqual(bytes, bytesOf(value))) continue
      throw new StreamError(
        'FROZEN_RECORD',
        `A value of the state ${JSON.stringify(state)} of ${this.#owner} was changed in place after it had been read or written, for the key ${textOfKey(key)}. Make a new one and write it: state.${state}.set(new Map(old).set(…)).`,
        { details: { step: this.#owner, state, key: textOfKey(key) } },
      )
    }
  }
}

/** It reaches something that cannot be frozen. */
function isOpen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const kind = kindOf(value)
  return kind === 'plain' || kind === 'array' ? Object.values(value).some(isOpen) : true
}

function bytesOf(value: unknown): Uint8Array {
  const writer = new ByteWriter(256)
  encodeValue(writer, value)
  return writer.take()
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** The iterator has begun: what it goes over is what there was when it was asked for. */
function* eachOf<T, O>(begun: Iterator<T>, give: (value: T) => O): Generator<O, void, undefined> {
  for (const value of { [Symbol.iterator]: () => begun }) yield give(value)
}

export class LentValue implements ValueHandle {
  readonly #handle: ValueHandle
  readonly #lent: Lent
  readonly #name: string

  constructor(handle: ValueHandle, lent: Lent, name: string) {
    this.#handle = handle
    this.#lent = lent
    this.#name = name
  }

  get(): unknown {
    this.#lent.check()
    return this.#lent.lend(this.#handle.get(), this.#name)
  }

  set(value: unknown): void {
    this.#lent.check()
    this.#handle.set(value)
    this.#lent.lend(value, this.#name)
  }

  update(change: (now: unknown) => unknown): void {
    this.set(change(this.get()))
  }

  clear(): void {
    this.#lent.check()
    this.#handle.clear()
  }
}

export class LentList implements ListHandle {
  readonly #handle: ListHandle
  readonly #lent: Lent
  readonly #name: string

  constructor(handle: ListHandle, lent: Lent, name: string) {
    this.#handle = handle
    this.#lent = lent
    this.#name = name
  }

  get size(): number {
    return this.#handle.size
  }

  [Symbol.iterator](): Iterator<unknown> {
    return eachOf(this.#handle[Symbol.iterator](), (value) => this.#lent.lend(value, this.#name))
  }

  add(value: unknown): void {
    this.#lent.check()
    this.#handle.add(value)
    this.#lent.lend(value, this.#name)
  }

  replace(values: Iterable<unknown>): void {
    const all = [...values]
    this.#lent.check()
    this.#handle.replace(all)
    for (const value of all) this.#lent.lend(value, this.#name)
  }

  clear(): void {
    this.#lent.check()
    this.#handle.clear()
  }
}

export class LentMap implements MapHandle {
  readonly #handle: MapHandle
  readonly #lent: Lent
  readonly #name: string

  constructor(handle: MapHandle, lent: Lent, name: string) {
    this.#handle = handle
    this.#lent = lent
    this.#name = name
  }

  get size(): number {
    return this.#handle.size
  }

  get(key: Key): unknown {
    this.#lent.check()
    return this.#lent.lend(this.#handle.get(key), this.#name)
  }

  has(key: Key): boolean {
    return this.#handle.has(key)
  }

  keys(): Iterable<Key> {
    return this.#handle.keys()
  }

  values(): Iterable<unknown> {
    return eachOf(this.#handle.values()[Symbol.iterator](), (value) => this.#lent.lend(value, this.#name))
  }

  [Symbol.iterator](): Iterator<[Key, unknown]> {
    return eachOf(this.#handle[Symbol.iterator](), ([key, value]): [Key, unknown] => [key, this.#lent.lend(value, this.#name)])
  }

  set(key: Key, value: unknown): void {
    this.#lent.check()
    this.#handle.set(key, value)
    this.#lent.lend(value, this.#name)
  }

  update(key: Key, change: (now: unknown) => unknown): void {
    this.set(key, change(this.get(key)))
  }

  delete(key: Key): void {
    this.#lent.check()
    this.#handle.delete(key)
  }

  clear(): void {
    this.#lent.check()
    this.#handle.clear()
  }
}
