/**
 * The demo's job: three million flights, out of order, become a running account of every airport and alerts when many
 * flights of one airport are very late within an hour.
 *
 * Run it by hand:
 * `millrace run examples/demo/job.ts --checkpoints DIR --config '{"input":".data/demo/1/input","output":"out"}'`
 */
import { defineJob } from 'millrace'
import { fileSink, fileSource, jsonLines } from 'millrace/files'
import { runningAccount } from './account.ts'
import { type Flight, VERY_LATE_MINUTES } from './flight.ts'
import { delayAlerts } from './alert.ts'

/** Folders: the flights are in the first, accounts and alerts go into two folders of the second. */
export interface Config {
  readonly input: string
  readonly output: string
}

export default defineJob('flights', (job, config: Config) => {
  const flights = job.from('flights', fileSource(`${config.input}/flights-*.jsonl`, jsonLines<Flight>()), {
    timestamp: (flight) => flight.at,
    outOfOrderness: '3h',
  })

  flights
    .keyBy((flight) => flight.origin)
    .process('accounts', runningAccount)
    .to('accounts', fileSink(`${config.output}/accounts`, jsonLines()))

  flights
    .filter((flight) => flight.delay >= VERY_LATE_MINUTES)
    .keyBy((flight) => flight.origin)
    .process('alerts', delayAlerts)
    .to('alerts', fileSink(`${config.output}/alerts`, jsonLines()))
})
