import { PAGE_BITS } from './pages.ts'

/** Who knows whether a timer is set. */
export interface TimerOwner {
  /**
   * When the timer of an entry is to fire: the entry's own time, a later one (the timer was moved; the entry will be given that
   * time), or NaN (it was cleared, or another entry stands for it).
   */
  due(slot: number, time: number): number
  /** As `due`, but one of equal entries only gets an answer in each round. */
  keep(slot: number, time: number, round: number): number
}

/**
 * Pending timers of one domain, the earliest first. It does not know which of them are still set: whoever owns a timer is asked
 * when one comes up, so setting later or clearing costs nothing here.
 *
 * Q1  Order: by time, then slot, then position of the timer among the declarations. So two timers of one key at one time fire in
 *     the order of their declaration, before and after a restore.
 * Q2  One heap for each page of slots, so that growing or compacting one never takes long.
 * Q3  A heap has at most twice as many entries as there are timers set, plus a constant.
 * Q4  The page with the earliest entry is known at any time; it takes the logarithm of the pages when the first of one changes.
 */
export class TimerQueue {
  private readonly heaps: TimerHeap[] = []
  /**
   * Q4, a tournament: the second half has a place for each page, with its number, or -1 while its heap is empty; each place before
   * that has the better of the places at twice its number and the next, so the first one has the winner.
   */
  private winners: Int32Array = Int32Array.of(-1, -1)
  /** By position among the declarations. */
  private readonly owners: readonly TimerOwner[]
  private rounds: number = 0

  constructor(owners: readonly TimerOwner[]) {
    this.owners = owners
  }

  push(time: number, slot: number, timer: number): void {
    const heap = this.heapOf(slot)
    if (heap.size >= 2 * heap.live + SLACK) this.compact(heap)
    const id = slot * this.owners.length + timer
    heap.push(time, id)
    if (heap.id(0) === id) this.changed(heap)
  }

  /** So many timers of this slot are set that were not before; negative: are no longer set. */
  count(slot: number, change: number): void {
    const heap = this.heapOf(slot)
    heap.live += change
    if (change < 0 && heap.size > 2 * heap.live + SLACK) this.compact(heap)
  }

  private heapOf(slot: number): TimerHeap {
    const page = slot >>> PAGE_BITS
    while (this.heaps.length <= page) this.addPage()
    return this.heaps[page] as TimerHeap
  }

  get live(): number {
    return this.heaps.reduce((sum, heap) => sum + heap.live, 0)
  }

  get size(): number {
    return this.heaps.reduce((sum, heap) => sum + heap.size, 0)
  }

  /** Time of the earliest timer that is set, or +Infinity. */
  earliest(): number {
    const heap = this.settled()
    return heap === undefined ? Number.POSITIVE_INFINITY : heap.time(0)
  }

  /** Slot and timer of the earliest one as `slot * count of timers + timer`; only after `earliest` gave a finite time. */
  takeEarliest(): number {
    const heap = this.settled() as TimerHeap
    const id = heap.id(0)
    heap.pop()
    this.changed(heap)
    return id
  }

  /** The heap whose first entry is the earliest of all and set; entries that are not are dropped or moved on the way. */
  private settled(): TimerHeap | undefined {
    for (;;) {
      const heap = this.heaps[this.winners[1] as number]
      if (heap === undefined) return undefined
      const time = heap.time(0)
      const due = this.dueOf(heap.id(0), time)
      if (due === time) return heap
      if (due === due) heap.moveFirst(due)
      else heap.pop()
      this.changed(heap)
    }
  }

  private addPage(): void {
    const places = this.winners.length >> 1
    if (this.heaps.length === places) {
      this.winners = new Int32Array(places * 4).fill(-1)
      for (const heap of this.heaps) this.changed(heap)
    }
    this.heaps.push(new TimerHeap(this.heaps.length))
  }

  /** Q4; to be called when the first entry of a heap is another one. */
  private changed(heap: TimerHeap): void {
    const { winners } = this
    let at = (winners.length >> 1) + heap.page
    winners[at] = heap.size === 0 ? -1 : heap.page
    for (at >>= 1; at > 0; at >>= 1) winners[at] = this.earlier(winners[at << 1] as number, winners[(at << 1) | 1] as number)
  }

  /** Of two pages that with the earlier first entry; -1 is none. */
  private earlier(page: number, other: number): number {
    if (page < 0 || other < 0) return Math.max(page, other)
    const a = this.heaps[page] as TimerHeap
    const b = this.heaps[other] as TimerHeap
    return isBefore(b.time(0), b.id(0), a.time(0), a.id(0)) ? other : page
  }

  private dueOf(id: number, time: number): number {
    const { owners } = this
    // `%` of numbers that V8 does not know to be small takes ten times as long.
    const slot = Math.floor(id / owners.length)
    return (owners[id - slot * owners.length] as TimerOwner).due(slot, time)
  }

  private compact(heap: TimerHeap): void {
    const { owners } = this
    const round = ++this.rounds
    heap.rebuild((id, time) => {
      const slot = Math.floor(id / owners.length)
      return (owners[id - slot * owners.length] as TimerOwner).keep(slot, time, round)
    })
    this.changed(heap)
  }
}

const SLACK = 64

/**
 * A heap of (time, id) in one array, the earliest first; of equal times the lower id. An entry has four below it, which lie side by
 * side: a large heap then waits for memory half as often as one of two.
 */
export class TimerHeap {
  readonly page: number
  size: number = 0
  live: number = 0
  private items: Float64Array = new Float64Array(32)

  constructor(page: number) {
    this.page = page
  }

  time(index: number): number {
    return this.items[index << 1] as number
  }

  id(index: number): number {
    return this.items[(index << 1) + 1] as number
  }

  push(time: number, id: number): void {
    if (this.size << 1 === this.items.length) {
      const larger = new Float64Array(this.items.length * 2)
      larger.set(this.items)
      this.items = larger
    }
    this.up(this.size++, time, id)
  }

  pop(): void {
    const last = --this.size
    if (last > 0) this.down(0, this.time(last), this.id(last))
  }

  /** Gives the first entry a later time. */
  moveFirst(time: number): void {
    this.down(0, time, this.id(0))
  }

  /** Keeps what `due` gives a time. */
  rebuild(due: (id: number, time: number) => number): void {
    let kept = 0
    for (let i = 0; i < this.size; i++) {
      const time = due(this.id(i), this.time(i))
      if (time !== time) continue
      this.set(kept++, time, this.id(i))
    }
    this.size = kept
    for (let i = (kept - 2) >> 2; i >= 0; i--) this.down(i, this.time(i), this.id(i))
  }

  private set(index: number, time: number, id: number): void {
    this.items[index << 1] = time
    this.items[(index << 1) + 1] = id
  }

  private up(index: number, time: number, id: number): void {
    let at = index
    while (at > 0) {
      const parent = (at - 1) >> 2
      if (!isBefore(time, id, this.time(parent), this.id(parent))) break
      this.set(at, this.time(parent), this.id(parent))
      at = parent
    }
    this.set(at, time, id)
  }

  private down(index: number, time: number, id: number): void {
    let at = index
    for (let first = 4 * at + 1; first < this.size; first = 4 * at + 1) {
      const child = this.earliestOf(first, Math.min(first + 4, this.size))
      if (!isBefore(this.time(child), this.id(child), time, id)) break
      this.set(at, this.time(child), this.id(child))
      at = child
    }
    this.set(at, time, id)
  }

  private earliestOf(first: number, end: number): number {
    let earliest = first
    for (let at = first + 1; at < end; at++) if (isBefore(this.time(at), this.id(at), this.time(earliest), this.id(earliest))) earliest = at
    return earliest
  }
}

function isBefore(time: number, id: number, otherTime: number, otherId: number): boolean {
  return time < otherTime || (time === otherTime && id < otherId)
}
