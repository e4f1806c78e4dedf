/**
 * A small seeded generator for test data, simulation and schedules. Never for secrets.
 *
 * Two streams of one seed with different labels are independent of each other, so that a new draw in one component does not
 * shift those of another.
 * @source sfc32 of PractRand (Chris Doty-Humphrey); its state is filled by splitmix32 steps
 */
export class SeededRandom {
  #a = 0
  #b = 0
  #c = 0
  #count = 1

  constructor(seed: number, stream: string | number = 0) {
    this.restart(seed, stream)
  }

  /** Begins a stream again; cheap enough to be called for each record. */
  restart(seed: number, stream: string | number): void {
    let mixed = mix((seed | 0) ^ mix(Math.floor(seed / 2 ** 32) | 0))
    if (typeof stream === 'number') mixed = mix(mixed ^ mix(stream | 0) ^ Math.floor(stream / 2 ** 32))
    else for (let index = 0; index < stream.length; index++) mixed = mix(mixed ^ stream.charCodeAt(index))
    this.#a = mix(mixed + 0x9e3779b9)
    this.#b = mix(mixed + 0x3c6ef372)
    this.#c = mix(mixed + 0xdaa66d2b)
    this.#count = 1
    for (let round = 0; round < 8; round++) this.word()
  }

  /** 32 bits, signed. */
  word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#count) | 0
    this.#count = (this.#count + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum
  }

  /** In [0, 1), 53 bits. */
  next(): number {
    return (this.word() >>> 5) / 2 ** 27 + (this.word() >>> 6) / 2 ** 53
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }

  /** 16 lower-case hex digits. */
  id(): string {
    return hex(this.word()) + hex(this.word())
  }
}

function mix(value: number): number {
  let z = (value + 0x9e3779b9) | 0
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
  return z ^ (z >>> 15)
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
