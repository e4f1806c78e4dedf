// A small seeded generator of numbers: the same seed gives the same program everywhere.

/** Draws from one seed. Every range is inclusive at both ends. */
export interface Random {
  int(from: number, to: number): number
  chance(probability: number): boolean
  pick<T>(of: readonly T[]): T
  shuffled<T>(of: readonly T[]): T[]
}

/** @source mulberry32 (Tommy Ettinger, public domain). */
export function makeRandom(seed: number): Random {
  let state = seed | 0
  function unit(): number {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const int = (from: number, to: number): number => from + Math.floor(unit() * (to - from + 1))
  return {
    int,
    chance: (probability) => unit() < probability,
    pick: (of) => {
      if (of.length === 0) throw new Error('nothing to pick from')
      return of[int(0, of.length - 1)]!
    },
    shuffled: (of) =>
      of
        .map((value) => ({ value, at: unit() }))
        .sort((a, b) => a.at - b.at)
        .map(({ value }) => value),
  }
}
