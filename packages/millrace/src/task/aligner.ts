/**
 * Aligns the barriers of several input channels. Pure: told what arrives, it says when a checkpoint may be taken.
 *
 * A1  A channel that has delivered barrier n is held back until every live channel has, or n is given up (TS-2).
 * A2  A channel that has ended counts as one that has delivered every barrier.
 * A3  A newer barrier gives up the alignment of an older one; barriers of what was taken or given up are ignored.
 */
export class BarrierAligner {
  readonly #isHeld: boolean[]
  readonly #hasEnded: boolean[]
  #aligning: number | undefined
  /** Checkpoints up to this one are taken or given up. */
  #doneUpTo = Number.NEGATIVE_INFINITY

  constructor(channelCount: number) {
    this.#isHeld = Array.from({ length: channelCount }, () => false)
    this.#hasEnded = Array.from({ length: channelCount }, () => false)
  }

  /** Nothing may be taken from this channel. */
  isBlocked(channel: number): boolean {
    return this.#isHeld[channel] === true
  }

  /** The checkpoint that can be taken now, if any. All channels stay held back until `release`. */
  onBarrier(channel: number, checkpoint: number): number | undefined {
    if (checkpoint <= this.#doneUpTo || this.#hasEnded[channel] === true) return undefined
    if (this.#aligning !== undefined && checkpoint < this.#aligning) return undefined
    if (checkpoint !== this.#aligning) this.#isHeld.fill(false)
    this.#aligning = checkpoint
    this.#isHeld[channel] = true
    return this.#aligned()
  }

  onEndOfInput(channel: number): number | undefined {
    this.#hasEnded[channel] = true
    this.#isHeld[channel] = false
    return this.#aligned()
  }

  /** Checkpoint n has been taken. */
  release(checkpoint: number): void {
    this.#giveUp(checkpoint)
  }

  /** Checkpoint n will not be taken: as if its barriers had never come. */
  abort(checkpoint: number): void {
    this.#giveUp(checkpoint)
  }

  #giveUp(checkpoint: number): void {
    this.#doneUpTo = Math.max(this.#doneUpTo, checkpoint)
    if (this.#aligning === undefined || this.#aligning > checkpoint) return
    this.#aligning = undefined
    this.#isHeld.fill(false)
  }

  #aligned(): number | undefined {
    if (this.#aligning === undefined) return undefined
    return this.#isHeld.every((isHeld, channel) => isHeld || this.#hasEnded[channel] === true) ? this.#aligning : undefined
  }
}
