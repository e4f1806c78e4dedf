/**
 * All input channels of one task: takes their elements in rotation, holds back those that have delivered a barrier, and turns
 * watermarks, idle marks and ends into what the whole input says.
 */
import { BarrierAligner } from './aligner.ts'
import type { BarrierReason, RecordBatch, StreamElement } from './messages.ts'
import type { TaskChannel } from './task-spec.ts'
import { WatermarkCombiner } from './watermark-combiner.ts'

export type Taken =
  | { readonly kind: 'batch'; readonly batch: RecordBatch; readonly channel: number }
  | { readonly kind: 'watermark'; readonly at: number }
  | { readonly kind: 'idle' }
  | { readonly kind: 'aligned'; readonly checkpoint: number; readonly reason: BarrierReason }
  | { readonly kind: 'ended' }

/** Elements in the order of arrival; bounded by the credits of the sender. */
class Queue {
  #elements: StreamElement[] = []
  #head = 0

  push(element: StreamElement): void {
    this.#elements.push(element)
  }

  shift(): StreamElement | undefined {
    const element = this.#elements[this.#head]
    if (element === undefined) return undefined
    if (++this.#head === this.#elements.length) {
      this.#elements = []
      this.#head = 0
    }
    return element
  }
}

export class InputGate {
  readonly #channels: readonly TaskChannel[]
  readonly #queues: readonly Queue[]
  readonly #aligner: BarrierAligner
  readonly #combiner: WatermarkCombiner
  /** What follows from the element taken last and has not been given out yet. */
  #pending: Taken[] = []
  #reason: BarrierReason = 'checkpoint'
  #next = 0
  #liveCount: number

  constructor(channels: readonly TaskChannel[]) {
    this.#channels = channels
    this.#queues = channels.map(() => new Queue())
    this.#aligner = new BarrierAligner(channels.length)
    this.#combiner = new WatermarkCombiner(channels.map(({ timed }) => timed))
    this.#liveCount = channels.length
  }

  push(channel: number, element: StreamElement): void {
    this.#queues[channel]?.push(element)
  }

  /** The next thing to do, from any channel that is not held back; undefined when there is none. */
  next(): Taken | undefined {
    for (;;) {
      const pending = this.#pending.shift()
      if (pending !== undefined) return pending
      const taken = this.#takeFromChannels()
      if (taken === undefined) return undefined
      if (taken.element.kind === 'batch') return { kind: 'batch', batch: taken.element, channel: taken.channel }
      this.#apply(taken.channel, taken.element)
    }
  }

  /** Checkpoint n has been taken: the channels that were held back go on. */
  release(checkpoint: number): void {
    this.#aligner.release(checkpoint)
  }

  abort(checkpoint: number): void {
    this.#aligner.abort(checkpoint)
    // What the end of a channel has aligned may still wait behind that end's watermark.
    this.#pending = this.#pending.filter((taken) => taken.kind !== 'aligned' || taken.checkpoint > checkpoint)
  }

  #takeFromChannels(): { readonly channel: number; readonly element: StreamElement } | undefined {
    const count = this.#channels.length
    for (let tried = 0; tried < count; tried++) {
      const channel = this.#next
      this.#next = channel + 1 === count ? 0 : channel + 1
      if (this.#aligner.isBlocked(channel)) continue
      const element = this.#queues[channel]?.shift()
      if (element !== undefined) return { channel, element }
    }
    return undefined
  }

  #apply(channel: number, element: Exclude<StreamElement, RecordBatch>): void {
    switch (element.kind) {
      case 'watermark':
        this.#say(this.#combiner.advance(channel, element.at))
        return
      case 'idle':
        this.#say(this.#combiner.markIdle(channel))
        return
      case 'barrier':
        this.#reason = element.reason
        this.#aligned(this.#aligner.onBarrier(channel, element.checkpoint))
        return
      case 'end':
        this.#liveCount--
        this.#say(this.#combiner.end(channel))
        this.#aligned(this.#aligner.onEndOfInput(channel))
        if (this.#liveCount === 0) this.#pending.push({ kind: 'ended' })
    }
  }

  #aligned(checkpoint: number | undefined): void {
    if (checkpoint !== undefined) this.#pending.push({ kind: 'aligned', checkpoint, reason: this.#reason })
  }

  #say(news: { readonly watermark?: number | undefined; readonly idle?: boolean }): void {
    if (news.watermark !== undefined) this.#pending.push({ kind: 'watermark', at: news.watermark })
    if (news.idle === true) this.#pending.push({ kind: 'idle' })
  }
}
