/** CSV in, compressed or not, JSON Lines out: typed columns, rows that cannot be read to files of their own, parts that grow. */
import { type DeadLetter, defineJob, outputTag } from 'millrace'
import { csv, fileSink, fileSource, jsonLines } from 'millrace/files'

export interface Config {
  readonly input: string
  readonly output: string
}

const trips = csv({ columns: { id: Number, station: String, startedAt: Date.parse, minutes: Number } })

export default defineJob('trips', (job, config: Config) => {
  const unreadable = outputTag<DeadLetter>('unreadable')
  const all = job.from('trips', fileSource(`${config.input}/*.{csv,csv.gz}`, trips), {
    timestamp: (trip) => trip.startedAt,
    invalid: unreadable,
  })
  all
    .filter((trip) => trip.minutes > 0)
    // A part ends when it has 64 MiB or is ten minutes old, not with each checkpoint.
    .to('json', fileSink(`${config.output}/trips`, jsonLines(), { rollAfter: { checkpoint: false, bytes: 64 << 20, age: '10m' } }))
  all
    .side(unreadable)
    .map(({ message, input }) => ({ message, input: String(input) }))
    .to('unreadable', fileSink(`${config.output}/unreadable`, csv()))
})
