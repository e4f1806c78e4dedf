/** Speed over the last moments, from counts that only grow: steady enough to read, quick enough to show a stall. */
export class RateMeter {
  readonly #windowMs: number
  readonly #samples: { readonly atMs: number; readonly count: number }[] = []

  constructor(windowMs: number = 3_000) {
    this.#windowMs = windowMs
  }

  /** Per second, up to this sample; 0 before there are two. `atMs` never goes back. */
  add(atMs: number, count: number): number {
    const samples = this.#samples
    samples.push({ atMs, count })
    // The oldest one is at the edge of the window or before it, so that the window is covered as a whole.
    while (samples.length > 2 && (samples[1] as { atMs: number }).atMs <= atMs - this.#windowMs) samples.shift()
    const [first] = samples
    if (first === undefined || first.atMs === atMs) return 0
    return ((count - first.count) / (atMs - first.atMs)) * 1_000
  }
}
