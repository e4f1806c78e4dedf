/** What may be written and not handed over, in units: room for as many rows, or for some 4 MiB of them. */
export const BACKLOG_UNITS = 8_192
const UNIT_BYTES = 512

/**
 * The rows of one writer that have not been handed over. They are in memory, and in every manifest until they have been: so
 * there may not be many of them.
 */
export class Backlog {
  /** Units that were written and not sealed. */
  #open = 0
  #openRows = 0
  /** Units that were sealed and not handed over. */
  #sealed = 0
  readonly #parts = new Map<number, { readonly rows: number; readonly units: number; left: number }>()
  #room: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined

  /** A row of so many bytes. False: full. */
  add(bytes: number): boolean {
    this.#open += 1 + Math.floor(bytes / UNIT_BYTES)
    this.#openRows++
    return !this.isFull
  }

  get isFull(): boolean {
    return this.#open + this.#sealed >= BACKLOG_UNITS
  }

  /** Full, and a checkpoint would help: it would take what no seal has taken yet. */
  get awaitsSeal(): boolean {
    return this.#openRows > 0 && this.isFull
  }

  /** What was written since the last seal is part number `count`. */
  seal(count: number): void {
    this.#parts.set(count, { rows: this.#openRows, units: this.#open, left: this.#open })
    this.#sealed += this.#open
    this.#open = 0
    this.#openRows = 0
  }

  /** So many rows of a part have been handed over. */
  handedOver(count: number, rows: number): void {
    const part = this.#parts.get(count)
    if (part === undefined) return
    const left = part.units * (1 - Math.min(1, rows / part.rows))
    this.#sealed -= part.left - left
    part.left = left
    if (rows >= part.rows) this.#parts.delete(count)
    // No sum of fractions may keep it from being empty.
    if (this.#parts.size === 0) this.#sealed = 0
    if (this.#room !== undefined && this.#open + this.#sealed <= BACKLOG_UNITS / 2) this.#giveRoom()
  }

  /** Resolves at once unless it is full; then when half of it has been handed over. */
  room(): Promise<void> {
    if (!this.isFull) return Promise.resolve()
    this.#room ??= Promise.withResolvers<void>()
    return this.#room.promise
  }

  #giveRoom(): void {
    this.#room?.resolve()
    this.#room = undefined
  }
}
