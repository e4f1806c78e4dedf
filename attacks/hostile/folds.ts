/** The other job in which one of its functions is hostile, once: what folds many records into one. */
import { agg, aggregator, countWindow, defineJob, session, sliding, tumbling } from '../../packages/millrace/src/index.ts'
import { fileSink, jsonLines } from '../../packages/millrace/src/files.ts'
import { BUCKET_MS, EVERY_ROWS, gapOf, LAST_ROWS, OUT_OF_ORDER_MS, rowOf, timeOf, type HostileConfig, type HostileRow } from './places.ts'
import { pacedRows } from './source.ts'
import { strikes } from './strikes.ts'

/** For places that see none. */
const NO_ROW = rowOf(0, 0)
const quiet = (): undefined => undefined

/** What `flatMap` reads, record by record. */
function* each(row: HostileRow, next: (row: HostileRow) => unknown): Generator<HostileRow> {
  yield (next(row) as undefined) ?? row
}

export default defineJob('hostile', (job, config: HostileConfig) => {
  const strikeAt = strikes(config)
  const [next, reduce, gap] = [strikeAt('iterable'), strikeAt('reduce'), strikeAt('gap')]
  const [create, merge, of, onWindow] = [strikeAt('create'), strikeAt('merge'), strikeAt('selector'), strikeAt('window-process')]
  const [countAdd, rank] = [strikeAt('count-add'), strikeAt('ranker')]
  const total = aggregator<HostileRow, number, number>({
    create: () => 0,
    add: (sum, row) => (countAdd(row) as undefined) ?? sum + row.value,
    merge: (left, right) => left + right,
    result: (sum) => sum,
  })
  // The accumulator is an object, which `add` and `merge` change in place: they may.
  const sum = aggregator<HostileRow, { sum: number }, number>({
    create: () => (create(NO_ROW) as undefined) ?? { sum: 0 },
    add(total, row) {
      total.sum += row.value
      return total
    },
    merge(left, right) {
      const instead = merge(left) as undefined
      left.sum += right.sum
      return instead ?? left
    },
    result: (total) => total.sum,
  })
  const keyed = job
    .from('rows', pacedRows({ open: quiet, poll: quiet, progress: quiet, acknowledge: quiet, close: quiet }), {
      timestamp: timeOf,
      outOfOrderness: OUT_OF_ORDER_MS,
    })
    .flatMap((row) => each(row, next))
    .keyBy((row) => row.key)
  keyed
    .reduce('reduced', (left, right) => (reduce(left) as undefined) ?? { ...right, value: left.value + right.value })
    .to('reduced', fileSink(`${config.output}/reduced`, jsonLines()))
  keyed
    .window(sliding(2 * BUCKET_MS, BUCKET_MS))
    .aggregate('slides', { total: agg.sum((row: HostileRow) => (of(row) as undefined) ?? row.value) })
    .to('slides', fileSink(`${config.output}/slides`, jsonLines()))
  keyed
    .window(session((row: HostileRow) => (gap(row) as undefined) ?? gapOf(row)))
    .aggregate('sessions', { count: agg.count(), sum })
    .to('sessions', fileSink(`${config.output}/sessions`, jsonLines()))
  keyed
    .window(tumbling(BUCKET_MS))
    .process<{ key: string; end: number; rows: number[] }>('listed', ({ key, window }, values, out) => {
      const made = { key, end: window.end, rows: Array.from(values, ({ n }) => n) }
      out.emit(made)
      return onWindow(made) as undefined
    })
    .to('listed', fileSink(`${config.output}/listed`, jsonLines()))
  keyed
    .window(countWindow(LAST_ROWS, EVERY_ROWS))
    .aggregate('lasts', { total, largest: agg.maxBy((row: HostileRow) => (rank(row) as undefined) ?? row.value) })
    .to('lasts', fileSink(`${config.output}/lasts`, jsonLines()))
})
