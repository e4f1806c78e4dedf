/**
 * What a step sees of event time.
 *
 * A record is *late* if it comes when the watermark has passed it: `at <= watermark`. It is *ahead* as long as some split has not
 * come so far: `at > watermark + outOfOrderness + 1`, which is the least of the greatest times of the splits. What is ahead is what a
 * window has to hold because its files are not read in step; what outOfOrderness alone makes it hold is not counted.
 */
export class Ahead {
  readonly #slackMs: number
  /** A heap of the times that are ahead, the least first. */
  readonly #times: number[] = []
  taken = 0
  late = 0
  most = 0

  constructor(outOfOrdernessMs: number) {
    this.#slackMs = outOfOrdernessMs + 1
  }

  take(at: number, watermark: number): void {
    this.taken++
    if (at <= watermark) this.late++
    const reached = watermark + this.#slackMs
    while (this.#times.length > 0 && (this.#times[0] as number) <= reached) this.#shift()
    if (at > reached) this.#push(at)
    if (this.#times.length > this.most) this.most = this.#times.length
  }

  #push(at: number): void {
    const times = this.#times
    let place = times.length
    for (; place > 0; place = (place - 1) >> 1) {
      const above = times[(place - 1) >> 1] as number
      if (above <= at) break
      times[place] = above
    }
    times[place] = at
  }

  #shift(): void {
    const times = this.#times
    const last = times.pop() as number
    if (times.length === 0) return
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= times.length) break
      if (child + 1 < times.length && (times[child + 1] as number) < (times[child] as number)) child++
      if ((times[child] as number) >= last) break
      times[place] = times[child] as number
      place = child
    }
    times[place] = last
  }
}
