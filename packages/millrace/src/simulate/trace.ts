/** Lines kept for whoever looks for the cause of a failure. */
const KEPT_LINES = 400

/** A hash over everything that happened, in order: two runs of one seed must give the same. */
export class Trace {
  #a = 0x811c9dc5
  #b = 0x1b873593
  #count = 0
  readonly #kept: string[] = []

  note(line: string): void {
    for (let index = 0; index < line.length; index++) {
      const code = line.charCodeAt(index)
      this.#a = Math.imul(this.#a ^ code, 0x01000193)
      this.#b = (Math.imul(this.#b, 31) + code) | 0
    }
    this.#a = Math.imul(this.#a ^ 10, 0x01000193)
    this.#kept[this.#count++ % KEPT_LINES] = line
  }

  get hash(): string {
    return `${hex(this.#a)}${hex(this.#b)}`
  }

  /** The last lines, oldest first. */
  get tail(): readonly string[] {
    const at = this.#count % KEPT_LINES
    return this.#count <= KEPT_LINES ? [...this.#kept] : [...this.#kept.slice(at), ...this.#kept.slice(0, at)]
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
