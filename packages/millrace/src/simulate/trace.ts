/** Lines kept for whoever looks for the cause of a failure. */
const KEPT_LINES = 400

/** A hash over everything that happened, in order and with its time: two runs of one seed must give the same. */
export class Trace {
  #a = 0x811c9dc5
  #b = 0x1b873593
  #count = 0
  readonly #times = new Float64Array(KEPT_LINES)
  readonly #texts: string[] = []
  readonly #time = new Float64Array(1)
  readonly #words = new Int32Array(this.#time.buffer)

  /** The time is hashed by its bits: printing it would cost more than all else that the simulator does for an event. */
  note(atMs: number, text: string): void {
    this.#time[0] = atMs
    this.#mix(this.#words[0] as number)
    this.#mix(this.#words[1] as number)
    for (let index = 0; index < text.length; index++) this.#mix(text.charCodeAt(index))
    const at = this.#count++ % KEPT_LINES
    this.#times[at] = atMs
    this.#texts[at] = text
  }

  get hash(): string {
    return `${hex(this.#a)}${hex(this.#b)}`
  }

  /** The last lines, oldest first. */
  get tail(): readonly string[] {
    const lines = this.#texts.map((text, index) => `${(this.#times[index] as number).toFixed(3)} ${text}`)
    const at = this.#count % KEPT_LINES
    return this.#count <= KEPT_LINES ? lines : [...lines.slice(at), ...lines.slice(0, at)]
  }

  #mix(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x01000193)
    this.#b = (Math.imul(this.#b, 31) + word) | 0
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
