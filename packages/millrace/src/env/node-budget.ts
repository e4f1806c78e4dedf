import { performance } from 'node:perf_hooks'
import type { Budget } from '../core/env.ts'

/**
 * Time for one slice or turn, from its creation on.
 *
 * The clock is read only every few asks: reading it costs 30 to 160 ns, an ask that does not 2 to 3 ns. The stride starts at 1
 * and doubles while eight more strides would fit into what is left, so one that is asked rarely (once a batch) does not
 * overshoot by much, and one that is asked for each record costs next to nothing.
 */
export class NodeBudget implements Budget {
  #asksLeft = 1
  #stride = 1
  #readMs: number
  readonly #endMs: number

  constructor(lengthMs: number) {
    this.#readMs = performance.now()
    this.#endMs = this.#readMs + lengthMs
  }

  hasLeft(): boolean {
    return --this.#asksLeft > 0 || this.#read()
  }

  #read(): boolean {
    const nowMs = performance.now()
    const leftMs = this.#endMs - nowMs
    const tookMs = nowMs - this.#readMs
    this.#readMs = nowMs
    if (leftMs <= 0) return this.#end()
    if (tookMs * 8 > leftMs) this.#stride = Math.max(1, this.#stride >> 2)
    else if (this.#stride < MAX_STRIDE) this.#stride <<= 1
    this.#asksLeft = this.#stride
    return true
  }

  /** Stays ended: the next ask reads the clock again, which never goes back. */
  #end(): false {
    this.#asksLeft = 1
    return false
  }
}

const MAX_STRIDE = 128
