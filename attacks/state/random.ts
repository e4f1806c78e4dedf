/** Seeded draws for `attack -- state`: the same seed gives the same run. */
import type { ModelKey } from './model.ts'

export class Draw {
  #state: number
  constructor(seed: number) {
    this.#state = seed | 0
  }
  /** In [0, 1); @source mulberry32 */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }
  chance(share: number): boolean {
    return this.next() < share
  }
  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }
}

/** A pool of keys of every kind, equal-looking ones of different kinds among them. */
export function keyPool(draw: Draw, count: number): ModelKey[] {
  const pool: ModelKey[] = [
    0,
    -0,
    Number.NaN,
    1,
    '1',
    1n,
    true,
    'true',
    false,
    '',
    '\0',
    '\0x',
    'é',
    '\ud800',
    2 ** 53,
    -1.5,
    Number.POSITIVE_INFINITY,
    [],
    [1],
    ['1'],
    [1, 'a'],
    [[1], 'a'],
    [1, ['a']],
    'x'.repeat(300),
    12345678901234567890n,
  ]
  while (pool.length < count) {
    const i = draw.below(1_000_000)
    pool.push(draw.of<ModelKey>([i, -i, i + 0.5, i * 2 ** 20, `key-${i}`, BigInt(i), [i, 'p'], i, `longer-key-of-a-user-${i}`]))
  }
  return pool
}

export function anyValue(draw: Draw): unknown {
  const i = draw.below(1000)
  switch (draw.below(14)) {
    case 0:
      return -i / 3
    case 1:
      return `text ${i}`
    case 2:
      return { id: i, name: `name ${i}` }
    case 3:
      return { id: i, tags: ['a', i], inner: { x: i / 7, y: null } }
    case 4:
      return draw.of([null, true, false, -0, Number.NaN, 10n ** 30n])
    case 5:
      return new Map<unknown, unknown>([[i, { deep: [i] }]])
    case 6:
      return new Set([i, 'b'])
    case 7:
      return new Date(i)
    case 8:
      return new Uint8Array([i & 255, 1, 2])
    case 9:
      // Another shape nearly every time: more than a row has room for.
      return { [`field${i}`]: i, [`more${i % 7}`]: 'x', ...(i % 3 === 0 ? { ['__proto__']: i } : {}) }
    case 10:
      return [i, undefined, 'z'.repeat(i % 200)]
    default:
      return i
  }
}
