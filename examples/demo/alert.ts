/**
 * Alerts: at least eight flights of one airport, each an hour late or more, planned to depart within one hour. Of flights that
 * are reported days later they know nothing: the job sends only those that are in time.
 *
 * The flights come out of order. So that the alerts depend on the flights alone, and not on when watermarks come:
 *
 * A1  What is compared are the flights' own times, never the watermark or a clock.
 * A2  A timer only clears what no comparison can see any more. When an event timer for T has fired, every flight still
 *     to come departs after T (none is late: those in time are out of order by less than the watermark's three hours).
 */
import {
  type KeyedProcess,
  type MapState,
  type Out,
  type StateSpec,
  type Timer,
  type Timers,
  type TimerSpec,
  type ValueState,
  eventTimer,
  eventTimers,
  mapState,
  valueState,
} from 'millrace'
import type { Flight } from './flight.ts'

const HOUR_MS = 3_600_000
const ENOUGH_FLIGHTS = 8
/** Alerts of one airport follow each other in a run if no more than this lies between two of them. */
const RUN_GAP_MS = 3 * HOUR_MS

/** The very late flights of one minute. */
interface Tally {
  readonly flights: number
  readonly minutes: number
}

/** A row of the output: what the hour before the flight `id` looked like when it came. */
export interface Alert {
  readonly airport: string
  readonly id: number
  /** Planned departure of the flight, ms since the Unix epoch. */
  readonly at: number
  /** Very late flights of the hour, and their delays together. */
  readonly flights: number
  readonly minutes: number
  /** The how manyth alert of a run this is. */
  readonly run: number
}

interface States {
  readonly [name: string]: StateSpec<unknown>
  /** Very late flights by their minute of departure. */
  readonly tallies: StateSpec<MapState<number, Tally>>
  /** The newest alert. */
  readonly newest: StateSpec<ValueState<{ readonly at: number; readonly run: number }>>
}

interface Timing {
  readonly [name: string]: TimerSpec<unknown>
  readonly forget: TimerSpec<Timers>
  readonly calm: TimerSpec<Timer>
}

export const delayAlerts: KeyedProcess<Flight, string, States, Timing, Alert> = {
  state: { tallies: mapState<number, Tally>(), newest: valueState<{ readonly at: number; readonly run: number }>() },
  timers: { forget: eventTimers(), calm: eventTimer() },

  onRecord({ id, at, delay }, { key, state, timers }, out: Out<Alert>) {
    state.tallies.update(at, (tally) => ({ flights: (tally?.flights ?? 0) + 1, minutes: (tally?.minutes ?? 0) + delay }))
    timers.forget.add(at + HOUR_MS)

    const newest = state.newest.get()
    if (newest !== undefined && at < newest.at + HOUR_MS) return // this hour, or one before it, has had its alert
    const { flights, minutes } = hourUpTo(at, state.tallies)
    if (flights < ENOUGH_FLIGHTS) return
    const run = newest !== undefined && at <= newest.at + RUN_GAP_MS ? newest.run + 1 : 1
    state.newest.set({ at, run })
    timers.calm.set(at + RUN_GAP_MS)
    out.emit({ airport: key, id, at, flights, minutes, run })
  },

  onTimer: {
    /** A2: flights still to come look back at less than an hour, to after `at - HOUR_MS`. */
    forget(at, { state }) {
      state.tallies.delete(at - HOUR_MS)
    },
    /** A2: flights still to come depart after the gap of the newest alert, so they neither meet its hour nor go on with its run. */
    calm(_at, { state }) {
      state.newest.clear()
    },
  },
}

/** All of (at - 1 h, at]. */
function hourUpTo(at: number, tallies: MapState<number, Tally>): Tally {
  let flights = 0
  let minutes = 0
  for (const [minute, tally] of tallies) {
    if (minute <= at - HOUR_MS || minute > at) continue
    flights += tally.flights
    minutes += tally.minutes
  }
  return { flights, minutes }
}
