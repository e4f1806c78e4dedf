/**
 * A number of 53 bits for plain data, equal for equal data. Worlds share most of their parts, so what each part has given is
 * remembered. Two different worlds among a million get the same number with a probability of about 1 : 20,000.
 *
 * Both halves are kept as whole numbers of 32 bits: this is where most of the time of a search goes.
 */
export class Identity {
  /** Place of a known object or text in `#ones` and `#others`. */
  readonly #objects = new WeakMap<object, number>()
  readonly #texts = new Map<string, number>()
  readonly #ones: number[] = []
  readonly #others: number[] = []
  #one = 0
  #other = 0

  of(value: unknown): number {
    this.#enter(value)
    return (this.#other & 0x1f_ffff) * 0x1_0000_0000 + (this.#one >>> 0)
  }

  /** Leaves the halves of a value in `#one` and `#other`. */
  #enter(value: unknown): void {
    switch (typeof value) {
      case 'object':
        return value === null ? this.#small(1) : this.#enterObject(value)
      case 'number':
        return Number.isInteger(value) ? this.#small(value + 1_000) : this.#enterText(String(value))
      case 'string':
        return this.#enterText(value)
      case 'boolean':
        return this.#small(value ? 2 : 3)
      case 'undefined':
        return this.#small(4)
      default:
        return this.#small(5)
    }
  }

  #small(number: number): void {
    this.#one = number | 0
    this.#other = (number / 0x1_0000_0000) | 0
  }

  #enterObject(value: object): void {
    const known = this.#objects.get(value)
    if (known !== undefined) return this.#recall(known)
    let one = Array.isArray(value) ? 10 : 9
    let other = 0
    if (Array.isArray(value)) {
      for (const element of value as unknown[]) {
        this.#enter(element)
        this.#mix(one, other)
        one = this.#one
        other = this.#other
      }
    } else {
      const names = Object.keys(value)
      const values = Object.values(value) as unknown[]
      for (let i = 0; i < names.length; i++) {
        this.#enterText(names[i] as string)
        this.#mix(one, other)
        one = this.#one
        other = this.#other
        this.#enter(values[i])
        this.#mix(one, other)
        one = this.#one
        other = this.#other
      }
    }
    this.#one = one
    this.#other = other
    this.#objects.set(value, this.#remember())
  }

  #enterText(text: string): void {
    const known = this.#texts.get(text)
    if (known !== undefined) return this.#recall(known)
    let one = text.length
    let other = 0
    for (let i = 0; i < text.length; i++) {
      this.#small(text.charCodeAt(i))
      this.#mix(one, other)
      one = this.#one
      other = this.#other
    }
    this.#texts.set(text, this.#remember())
  }

  #remember(): number {
    this.#others.push(this.#other)
    return this.#ones.push(this.#one) - 1
  }

  #recall(place: number): void {
    this.#one = this.#ones[place] as number
    this.#other = this.#others[place] as number
  }

  /** What was there before, and what was entered last. */
  #mix(one: number, other: number): void {
    let x = Math.imul(one ^ this.#one, 0x9e3779b1)
    let y = Math.imul(other ^ this.#other ^ 0x5bd1e995, 0x85ebca6b)
    x = Math.imul(x ^ (x >>> 15) ^ y, 0xc2b2ae35)
    y = Math.imul(y ^ (y >>> 13) ^ x, 0x27d4eb2f)
    this.#one = x ^ (y >>> 16)
    this.#other = y ^ ((x ^ (y >>> 16)) >>> 14)
  }
}
