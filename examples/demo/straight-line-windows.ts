/**
 * The windows of the job by plain loops: no watermark, no lateness, no merging, and no code of job.ts. Every flight counts, whenever
 * it was reported; what the job sends to its late output is settled where the two are compared.
 */
import type { Departure } from './departure.ts'

const HOUR_MS = 3_600_000

/** Flights of one airport that depart within one hour, or within six. */
export interface ExpectedHours {
  flights: number
  /** Of these reported within three hours. */
  inTime: number
  minutes: number
  worst: number
}

/** [start, end): very late flights of one airport, no two neighbours more than two hours apart. */
export interface ExpectedBadWeather {
  readonly start: number
  end: number
  flights: number
  minutes: number
  worst: number
}

type PerAirport<T> = ReadonlyMap<string, T>

export class ExpectedWindows {
  /** By hours since the Unix epoch. */
  readonly hours: Map<string, Map<number, ExpectedHours>> = new Map()
  /** Flights that were not reported within three hours, by number. */
  readonly stragglers: Map<number, Departure> = new Map()
  readonly #veryLate = new Map<string, Departure[]>()

  add(departure: Departure): void {
    const { id, at, origin, delay, lag } = departure
    let airport = this.hours.get(origin)
    if (airport === undefined) this.hours.set(origin, (airport = new Map()))
    const hour = Math.floor(at / HOUR_MS)
    let tally = airport.get(hour)
    if (tally === undefined) airport.set(hour, (tally = { flights: 0, inTime: 0, minutes: 0, worst: -Infinity }))
    tally.flights += 1
    tally.minutes += delay
    if (delay > tally.worst) tally.worst = delay
    if (lag < 180) tally.inTime += 1
    else this.stragglers.set(id, departure)
    if (delay < 60) return
    const veryLate = this.#veryLate.get(origin)
    if (veryLate === undefined) this.#veryLate.set(origin, [departure])
    else veryLate.push(departure)
  }

  /** Six hours from each full hour on, by hours since the Unix epoch; only those with flights. */
  sixHours(): PerAirport<ReadonlyMap<number, ExpectedHours>> {
    return new Map([...this.hours].map(([airport, hours]) => [airport, sixHoursOf(hours)]))
  }

  /** In order of time. */
  badWeather(): PerAirport<readonly ExpectedBadWeather[]> {
    return new Map([...this.#veryLate].map(([airport, flights]) => [airport, stretchesOf(flights)]))
  }
}

function sixHoursOf(hours: ReadonlyMap<number, ExpectedHours>): ReadonlyMap<number, ExpectedHours> {
  const windows = new Map<number, ExpectedHours>()
  for (const [hour, { flights, inTime, minutes, worst }] of hours) {
    for (let start = hour - 5; start <= hour; start++) {
      const window = windows.get(start)
      if (window === undefined) windows.set(start, { flights, inTime, minutes, worst })
      else {
        window.flights += flights
        window.inTime += inTime
        window.minutes += minutes
        window.worst = Math.max(window.worst, worst)
      }
    }
  }
  return windows
}

function stretchesOf(flights: readonly Departure[]): readonly ExpectedBadWeather[] {
  const stretches: ExpectedBadWeather[] = []
  for (const { at, delay } of flights.toSorted((a, b) => a.at - b.at)) {
    const last = stretches.at(-1)
    if (last === undefined || at > last.end) {
      stretches.push({ start: at, end: at + 2 * HOUR_MS, flights: 1, minutes: delay, worst: delay })
      continue
    }
    last.end = at + 2 * HOUR_MS
    last.flights += 1
    last.minutes += delay
    last.worst = Math.max(last.worst, delay)
  }
  return stretches
}
