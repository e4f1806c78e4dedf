/**
 * Start of the window of `size` that a timestamp falls into, when windows begin at multiples of `size` from `offset`. Right for
 * times before 1970 too: `%` has the sign of the dividend, as in Java.
 *
 * @source Flink `TimeWindow.getWindowStartWithOffset`; vectors in scripts/vectors.ts
 */
export function windowStart(timestamp: number, offset: number, size: number): number {
  const past = (timestamp - offset) % size
  return past < 0 ? timestamp - (past + size) : timestamp - past
}
