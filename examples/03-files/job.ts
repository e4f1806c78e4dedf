/** JSON Lines in, JSON Lines out, exactly once: the folders come from the job's config. */
import { agg, defineJob } from 'millrace'
import { fileSink, fileSource, jsonLines } from 'millrace/files'

export interface Config {
  readonly input: string
  readonly output: string
}

export interface Order {
  readonly shop: string
  readonly cents: number
}

export default defineJob('orders', (job, config: Config) => {
  job
    .from('orders', fileSource(`${config.input}/*.jsonl`, jsonLines<Order>()))
    .keyBy((order) => order.shop)
    .aggregate('totals', { orders: agg.count(), cents: agg.sum((order) => order.cents) })
    .to('totals', fileSink(`${config.output}/totals`, jsonLines()))
})
