// The two places where watermarks meet: splits of a source, and inputs of a step. Both give what leaves as a list of signals.

/** What travels between records. `end` says that nothing follows. */
export type Signal =
  | { readonly kind: 'watermark'; readonly at: number }
  | { readonly kind: 'idle' }
  | { readonly kind: 'active' }
  | { readonly kind: 'end' }

interface SplitClock {
  maxTs: number
  isIdle: boolean
  hasEnded: boolean
}

/**
 * The watermark of one timed source: the minimum over its splits that are neither idle nor ended of max(ts) - outOfOrderness - 1 (WM-2, WM-7, rules 1.13).
 * A split that has had no batch stands at -Infinity and so holds the source back. What left never regresses; no maximum is sent when the last split goes idle (ID-4: the split multiplexer does not).
 */
export class SourceWatermark {
  readonly #splits: Map<string, SplitClock>
  readonly #outOfOrdernessMs: number
  #last = -Infinity
  #isIdle = false

  constructor(splits: readonly string[], outOfOrdernessMs: number) {
    this.#splits = new Map(splits.map((split) => [split, { maxTs: -Infinity, isIdle: false, hasEnded: false }]))
    this.#outOfOrdernessMs = outOfOrdernessMs
  }

  /** A batch with records begins: its split is active again (ID-1). */
  batchBegan(split: string, timestamps: readonly number[]): Signal[] {
    const clock = this.#splits.get(split)!
    if (timestamps.length > 0) clock.isIdle = false
    clock.maxTs = Math.max(clock.maxTs, ...timestamps)
    return this.#status()
  }

  /** The batch's records have left: the watermark follows, if it advanced (rules 1.2d). */
  batchEnded(): Signal[] {
    return this.#advance()
  }

  splitWentIdle(split: string): Signal[] {
    this.#splits.get(split)!.isIdle = true
    return [...this.#advance(), ...this.#status()]
  }

  splitEnded(split: string): Signal[] {
    this.#splits.get(split)!.hasEnded = true
    return [...this.#advance(), ...this.#status()]
  }

  #advance(): Signal[] {
    const holding = [...this.#splits.values()].filter((split) => !split.isIdle && !split.hasEnded)
    if (holding.length === 0) return []
    const at = Math.min(...holding.map((split) => split.maxTs)) - this.#outOfOrdernessMs - 1
    if (at <= this.#last) return []
    this.#last = at
    return [{ kind: 'watermark', at }]
  }

  #status(): Signal[] {
    const left = [...this.#splits.values()].filter((split) => !split.hasEnded)
    if (left.length === 0) return []
    const isIdle = left.every((split) => split.isIdle)
    if (isIdle === this.#isIdle) return []
    this.#isIdle = isIdle
    return [{ kind: isIdle ? 'idle' : 'active' }]
  }
}

interface Channel {
  watermark: number
  isActive: boolean
  isAligned: boolean
  hasEnded: boolean
  readonly isTimed: boolean
}

/**
 * The inputs of one step (WM-9, ID-3 to ID-5): the minimum over those that are active and aligned, never less than what left before.
 * Inputs that no timed source feeds take no part (rules 1.13). One at +Infinity takes no part either, until all are: only then does +Infinity leave.
 * `end` leaves when every input, timed or not, has ended; +Infinity leaves before it at the latest.
 */
export class InputWatermark {
  readonly #channels: Channel[]
  #last = -Infinity
  #isIdle = false

  /** One entry per input: whether a timed source feeds it. */
  constructor(timed: readonly boolean[]) {
    this.#channels = timed.map((isTimed) => ({ watermark: -Infinity, isActive: true, isAligned: true, hasEnded: false, isTimed }))
  }

  receive(input: number, signal: Signal): Signal[] {
    const channel = this.#channels[input]!
    if (signal.kind === 'end') return this.#ended(channel)
    if (!channel.isTimed) return []
    if (signal.kind === 'watermark') return this.#moved(channel, signal.at)
    return signal.kind === 'idle' ? this.#wentIdle(channel) : this.#becameActive(channel)
  }

  /** Watermarks of an idle input, and those that do not advance, are ignored (ID-5, WM-1). */
  #moved(channel: Channel, at: number): Signal[] {
    if (!channel.isActive || at <= channel.watermark) return []
    channel.watermark = at
    if (at >= this.#last) channel.isAligned = true
    return this.#advance()
  }

  #advance(): Signal[] {
    const timed = this.#channels.filter((channel) => channel.isTimed)
    if (timed.length > 0 && timed.every((channel) => channel.watermark === Infinity)) return this.#leave(Infinity)
    const holding = timed.filter((channel) => channel.isActive && channel.isAligned && channel.watermark < Infinity)
    return holding.length === 0 ? [] : this.#leave(Math.min(...holding.map((channel) => channel.watermark)))
  }

  /** A watermark wakes an output that was idle (ID-2). */
  #leave(at: number): Signal[] {
    if (at <= this.#last) return []
    this.#last = at
    const woken: Signal[] = this.#isIdle ? [{ kind: 'active' }] : []
    this.#isIdle = false
    return [...woken, { kind: 'watermark', at }]
  }

  #open(): Channel[] {
    return this.#channels.filter((channel) => channel.isTimed && channel.watermark < Infinity)
  }

  #wentIdle(channel: Channel): Signal[] {
    channel.isActive = false
    if (this.#open().some((one) => one.isActive)) return this.#advance()
    return this.#allIdle(channel.watermark === this.#last)
  }

  /** ID-4: when the last one goes idle, and it was the one that held, the maximum leaves first. */
  #allIdle(wasHolding: boolean): Signal[] {
    if (this.#isIdle) return []
    const most = Math.max(...this.#open().map((channel) => channel.watermark))
    const moved = wasHolding ? this.#leave(most) : []
    this.#isIdle = true
    return [...moved, { kind: 'idle' }]
  }

  /** ID-5: active at once, but out of the minimum until it has caught up. */
  #becameActive(channel: Channel): Signal[] {
    channel.isActive = true
    channel.isAligned = channel.watermark >= this.#last
    if (!this.#isIdle) return []
    this.#isIdle = false
    return [{ kind: 'active' }]
  }

  #ended(channel: Channel): Signal[] {
    channel.hasEnded = true
    channel.isActive = true
    const moved = channel.isTimed ? this.#moved(channel, Infinity) : []
    if (this.#channels.every((one) => one.hasEnded)) return [...moved, ...this.#leave(Infinity), { kind: 'end' }]
    const open = this.#open()
    const idled = channel.isTimed && !this.#isIdle && open.length > 0 && open.every((one) => !one.isActive)
    if (idled) this.#isIdle = true
    return idled ? [...moved, { kind: 'idle' }] : moved
  }
}
