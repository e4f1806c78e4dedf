/**
 * The watermark of a task's input, from those of its channels. Pure.
 *
 * W1  The minimum over the channels that are active and aligned, never less than what left before (WM-9).
 * W2  Channels behind which nothing gives event time take no part (rules 1.13). One at +Infinity takes no part either, until all
 *     that do are there: only then does +Infinity leave.
 * W3  A channel that goes idle is left out; when the last one does, the greatest watermark leaves first if it was the one that
 *     held the others back (ID-3, ID-4).
 * W4  A watermark on an idle channel makes it active; below what left before it stays out until it has caught up (ID-5). An output
 *     that was idle says so by a watermark, if need be the last one once more (ID-2).
 */
interface Channel {
  readonly isTimed: boolean
  watermark: number
  isIdle: boolean
  isAligned: boolean
}

/** What leaves: first the watermark, then the idle mark. */
export interface WatermarkNews {
  readonly watermark?: number | undefined
  readonly idle?: boolean
}

const NOTHING: WatermarkNews = {}

export class WatermarkCombiner {
  readonly #channels: readonly Channel[]
  #last = Number.NEGATIVE_INFINITY
  #isIdle = false

  /** Per channel whether a source behind it can give event time. */
  constructor(timed: readonly boolean[]) {
    this.#channels = timed.map((isTimed) => ({ isTimed, watermark: Number.NEGATIVE_INFINITY, isIdle: false, isAligned: true }))
  }

  advance(channel: number, at: number): WatermarkNews {
    const moved = this.#channels[channel] as Channel
    if (!moved.isTimed) return NOTHING
    if (moved.isIdle) {
      moved.isIdle = false
      moved.isAligned = false
    }
    if (at > moved.watermark) moved.watermark = at
    if (moved.watermark >= this.#last) moved.isAligned = true
    return this.#news()
  }

  markIdle(channel: number): WatermarkNews {
    const silent = this.#channels[channel] as Channel
    if (!silent.isTimed || silent.isIdle || silent.watermark === Number.POSITIVE_INFINITY) return NOTHING
    silent.isIdle = true
    if (this.#isIdle || this.#open().some(({ isIdle }) => !isIdle)) return this.#news()
    this.#isIdle = true
    if (silent.watermark !== this.#last) return { idle: true }
    const most = this.#open().reduce((greatest, { watermark }) => Math.max(greatest, watermark), this.#last)
    if (most === this.#last) return { idle: true }
    this.#last = most
    return { watermark: most, idle: true }
  }

  /** Nothing follows on this channel. */
  end(channel: number): WatermarkNews {
    return this.advance(channel, Number.POSITIVE_INFINITY)
  }

  #news(): WatermarkNews {
    const open = this.#open()
    const active = open.filter(({ isIdle }) => !isIdle)
    if (open.length > 0 && active.length === 0) {
      if (this.#isIdle) return NOTHING
      this.#isIdle = true
      return { idle: true }
    }
    const wasIdle = this.#isIdle
    this.#isIdle = false
    const at = this.#combined(open.length === 0, active)
    if (at > this.#last) {
      this.#last = at
      return { watermark: at }
    }
    return wasIdle ? { watermark: this.#last } : NOTHING
  }

  #combined(isOver: boolean, active: readonly Channel[]): number {
    const holding = active.filter(({ isAligned }) => isAligned)
    if (isOver) return Number.POSITIVE_INFINITY
    if (holding.length === 0) return Number.NEGATIVE_INFINITY
    return holding.reduce((least, { watermark }) => Math.min(least, watermark), Number.POSITIVE_INFINITY)
  }

  /** Those that can still move. */
  #open(): readonly Channel[] {
    return this.#channels.filter(({ isTimed, watermark }) => isTimed && watermark < Number.POSITIVE_INFINITY)
  }
}
