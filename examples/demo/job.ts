/**
 * The demo's job: three million flights, out of order, become a running account of every airport, alerts when many flights of one
 * airport are very late within an hour, and windows: hours, the last six hours, and stretches of bad weather.
 *
 * Run it by hand:
 * `millrace run examples/demo/job.ts --checkpoints DIR --config '{"input":".data/demo/1/input","output":"out"}'`
 */
import { agg, aggregator, defineJob, outputTag, session, sliding, tumbling } from 'millrace'
import type { KeyedStream, Sink } from 'millrace'
import { fileSink, fileSource, jsonLines } from 'millrace/files'
import { runningAccount } from './account.ts'
import { type Flight, IN_TIME_MINUTES, VERY_LATE_MINUTES } from './flight.ts'
import { delayAlerts } from './alert.ts'

/** Folders: the flights are in the first; each output is a folder of the second. */
export interface Config {
  readonly input: string
  readonly output: string
}

/** For longer than any report takes. */
const LONGEST_LAG = '5d'

export default defineJob('flights', (job, config: Config) => {
  const folder = <T>(name: string): Sink<T> => fileSink<T>(`${config.output}/${name}`, jsonLines())
  const flights = job.from('flights', fileSource(`${config.input}/flights-*.jsonl`, jsonLines<Flight>()), {
    timestamp: (flight) => flight.at,
    outOfOrderness: '3h',
  })
  const byAirport = flights.keyBy((flight) => flight.origin)
  const veryLate = flights.filter((flight) => flight.delay >= VERY_LATE_MINUTES)

  byAirport.process('accounts', runningAccount).to('accounts', folder('accounts'))
  veryLate
    .filter((flight) => flight.lag < IN_TIME_MINUTES)
    .keyBy((flight) => flight.origin)
    .process('alerts', delayAlerts)
    .to('alerts', folder('alerts'))

  hours(byAirport, folder)
  byAirport
    .window(sliding('6h', '1h'))
    .allowedLateness(LONGEST_LAG)
    .aggregate('six-hours', { flights: agg.count(), average: agg.avg((flight) => flight.delay), worst: agg.max((flight) => flight.delay) })
    .to('six-hours', folder('six-hours'))
  veryLate
    .keyBy((flight) => flight.origin)
    .window(session('2h'))
    .allowedLateness(LONGEST_LAG)
    .aggregate('bad-weather', {
      flights: agg.count(),
      minutes: agg.sum((flight) => flight.delay),
      worst: agg.max((flight) => flight.delay),
    })
    .to('bad-weather', folder('bad-weather'))
})

/** Without lateness: an hour comes out once, and what is reported after that goes to files of its own. */
function hours(byAirport: KeyedStream<Flight, string>, folder: <T>(name: string) => Sink<T>): void {
  const late = outputTag<Flight>('late')
  const perHour = byAirport
    .window(tumbling('1h'))
    .lateTo(late)
    .aggregate('hours', {
      flights: agg.count(),
      minutes: agg.sum((flight) => flight.delay),
      worst: agg.max((flight) => flight.delay),
      ids,
    })
  perHour.to('hours', folder('hours'))
  perHour.side(late).to('late', folder('late'))
}

/** Which flights they are. */
const ids = aggregator<Flight, number[], readonly number[]>({
  create: () => [],
  add(all, flight) {
    all.push(flight.id)
    return all
  },
  merge: (before, after) => before.concat(after),
  result: (all) => all.slice(),
})
