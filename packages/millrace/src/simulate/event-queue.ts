export interface Event {
  readonly atMs: number
  readonly order: number
  readonly label: string
  /** Does not keep the simulation going. */
  readonly isIdle: boolean
  readonly run: () => void
  isCancelled: boolean
}

/** A binary heap of what will happen: earliest first, and in the order of scheduling at one time. */
export class EventQueue {
  readonly #heap: Event[] = []
  #order = 0
  #busyCount = 0

  /** How many events are left that are not idle. */
  get busyCount(): number {
    return this.#busyCount
  }

  add(atMs: number, label: string, run: () => void, isIdle: boolean = false): Event {
    const event: Event = { atMs, order: this.#order++, label, isIdle, run, isCancelled: false }
    this.#heap.push(event)
    this.#up(this.#heap.length - 1)
    if (!isIdle) this.#busyCount++
    return event
  }

  /** A cancelled event stays in the heap until it comes up. */
  cancel(event: Event): void {
    if (event.isCancelled) return
    event.isCancelled = true
    if (!event.isIdle) this.#busyCount--
  }

  /** The earliest event that is not cancelled, left in place. */
  peek(): Event | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (!first.isCancelled) return first
      this.#removeFirst()
    }
    return undefined
  }

  take(): Event | undefined {
    const event = this.peek()
    if (event === undefined) return undefined
    this.#removeFirst()
    event.isCancelled = true
    if (!event.isIdle) this.#busyCount--
    return event
  }

  #removeFirst(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#down(0)
  }

  #up(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #down(from: number): void {
    for (let at = from; ;) {
      const left = 2 * at + 1
      if (left >= this.#heap.length) return
      const child = left + 1 < this.#heap.length && this.#isBefore(left + 1, left) ? left + 1 : left
      if (!this.#isBefore(child, at)) return
      this.#swap(at, child)
      at = child
    }
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#heap[a] as Event
    const second = this.#heap[b] as Event
    return first.atMs < second.atMs || (first.atMs === second.atMs && first.order < second.order)
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a] as Event
    this.#heap[a] = this.#heap[b] as Event
    this.#heap[b] = kept
  }
}
