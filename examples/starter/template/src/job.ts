import { agg, type DeadLetter, defineJob, outputTag } from 'millrace'
import { fileSink, fileSource, jsonLines } from 'millrace/files'

interface Order {
  readonly id: number
  readonly shop: string
  readonly cents: number
}

/** Where to read and write: a test brings its own. */
export interface Config {
  readonly orders: string
  readonly out: string
}

const defaults: Config = { orders: 'orders', out: 'out' }

export default defineJob('shops', (job, config: Config | undefined) => {
  const { orders, out } = config ?? defaults
  const unreadable = outputTag<DeadLetter>('unreadable')
  const read = job.from('orders', fileSource(orders, jsonLines<Order>()), { invalid: unreadable })

  read
    .keyBy((order) => order.shop)
    .aggregate('totals', { orders: agg.count(), cents: agg.sum((order) => order.cents) })
    .to('totals', fileSink(`${out}/totals`, jsonLines()))

  read
    .side(unreadable)
    .map(({ position, message }) => ({ position, message }))
    .to('unreadable', fileSink(`${out}/unreadable`, jsonLines()))
})
