/** Seeded random numbers (mulberry32): the same seed gives the same demo. */

/** Numbers in [0, 1) that depend on the seed and on `purpose` alone, so that drawing for one thing never moves another. */
export function randomOf(seed: number, purpose: string): () => number {
  let state = seed >>> 0
  for (const letter of purpose) state = Math.imul(state ^ letter.charCodeAt(0), 0x9e3779b1) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
