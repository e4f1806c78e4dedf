// How user functions read rows and make new ones: lenient, total, the same for every shape.
import { keyText } from './canonical.ts'
import type { Key, Row } from './program.ts'

/** Keeps numbers small enough that no sum ever leaves the safe integers. */
export const MODULUS = 1_000_003

/** The field as a safe integer, else 0; never -0. */
export function int(row: Row, field: string): number {
  const found = row[field]
  return typeof found === 'number' && Number.isSafeInteger(found) ? found + 0 : 0
}

/** The field as a string, else ''. */
export function text(row: Row, field: string): string {
  const found = row[field]
  return typeof found === 'string' ? found : ''
}

/** The remainder in [0, modulo). */
export function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}

/** A small number that depends on nothing but the key. */
export function keyNumber(key: Key): number {
  if (typeof key === 'number') return modulo(key, MODULUS)
  if (typeof key === 'string') return [...key].reduce((sum, letter) => modulo(sum * 31 + (letter.codePointAt(0) ?? 0), MODULUS), key.length)
  return key.reduce<number>((sum, part) => modulo(sum * 37 + keyNumber(part), MODULUS), key.length)
}

/** The record on its way out of a keyed step: its id stays, `by` says which key saw it. */
export function fromRecord(row: Row, key: Key, changes: Row): Row {
  return { ...row, ...changes, by: keyText(key) }
}

/** A record that no input record stands for. `ts` is the event time of the timer, null for processing time. */
export function fromTimer(key: Key, ts: number | null, changes: Row): Row {
  return { id: -1, key: keyNumber(key), value: 0, ts, tag: 'timer', by: keyText(key), ...changes }
}

/** A watermark as a value of a stream: the ends of time have names. */
export function watermarkText(watermark: number): number | string {
  if (watermark === -Infinity) return 'start'
  return watermark === Infinity ? 'end' : watermark
}
