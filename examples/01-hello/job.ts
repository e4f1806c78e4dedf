/** The smallest job: numbers a source by key. Run it with `npm run example -- 01` or `millrace run examples/01-hello/job.ts`. */
import { agg, arraySource, defineJob, printSink } from 'millrace'

const words = ['to', 'be', 'or', 'not', 'to', 'be']

export default defineJob('hello', (job) => {
  job
    .from('words', arraySource(words))
    .keyBy((word) => word)
    .aggregate('counts', { times: agg.count() })
    .map(({ key, times }) => `${key} ${times}`)
    .to('screen', printSink())
})
