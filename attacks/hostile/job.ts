/** A job in which one of its functions is hostile, once: what most jobs have, and what opens, closes and restores. `millrace run` runs it. */
import {
  agg,
  aggregator,
  defineJob,
  eventTimers,
  outputTag,
  tumbling,
  valueState,
  type Out,
  type Sink,
  type Source,
} from '../../packages/millrace/src/index.ts'
import { fileSink, jsonLines } from '../../packages/millrace/src/files.ts'
import { BUCKET_MS, rowOf, type HostileConfig, type HostileRow } from './places.ts'
import { striking } from './sink.ts'
import { pacedRows } from './source.ts'
import { strikes, strikingSchema } from './strikes.ts'

/** For places that see none. */
const NO_ROW = rowOf(0, 0)

interface History {
  readonly key: string
  readonly seq: number
  readonly sum: number
}
interface Total {
  readonly seq: number
  readonly sum: number
}
interface Closed {
  readonly key: string
  readonly end: number
  readonly seq: number
}

const checkedConfig = strikingSchema<HostileConfig>((config) => strikes(config)('config')(config))

export default defineJob<HostileConfig>('hostile', { config: checkedConfig }, (job, config) => {
  const strikeAt = strikes(config)
  const refused = strikeAt('factory')(NO_ROW)
  if (refused !== undefined) return refused as never
  const [schema, timestamp, map] = [strikeAt('schema'), strikeAt('timestamp'), strikeAt('map')]
  const [filter, flatMap] = [strikeAt('filter'), strikeAt('flatMap')]
  const [key, initial, onRecord, onTimer] = [strikeAt('key'), strikeAt('initial'), strikeAt('process'), strikeAt('timer')]
  const [add, result] = [strikeAt('window'), strikeAt('result')]
  const [migrate, stored] = [strikeAt('migrate'), strikeAt('state-schema')]
  const [open, close] = [strikeAt('step-open'), strikeAt('step-close')]
  const closed = outputTag<Closed>('closed')
  const sum = aggregator<HostileRow, number, number>({
    create: () => 0,
    add: (total, row) => (add(row) as undefined) ?? total + row.value,
    merge: (left, right) => left + right,
    result: (total) => (result(total as never) as undefined) ?? total,
  })
  const rows = job.from<HostileRow>('rows', hostileSource(strikeAt), {
    schema: strikingSchema<HostileRow>(schema),
    timestamp: (row) => (timestamp(row) as undefined) ?? row.at,
  })
  const keyed = rows
    .map((row) => (map(row) as undefined) ?? { ...row, value: row.value * 3 })
    .filter((row) => (filter(row) as undefined) ?? true)
    .flatMap((row) => (flatMap(row) as undefined) ?? [row])
    .keyBy((row) => (key(row) as undefined) ?? row.key)
  const history = keyed.process('count', {
    state: {
      total: valueState<Total>({
        initial: () => (initial(NO_ROW) as undefined) ?? { seq: 0, sum: 0 },
        version: config.stateVersion,
        migrate: (old) => (migrate(old) as undefined) ?? (old as Total),
        schema: strikingSchema<Total>(stored),
      }),
    },
    timers: { close: eventTimers() },
    open: () => open(NO_ROW) as undefined,
    close: () => close(NO_ROW),
    onRecord(row, { state, timers }, out: Out<History>) {
      const before = state.total.get()
      const next = { seq: before.seq + 1, sum: before.sum + row.value }
      state.total.set(next)
      timers.close.add((Math.floor(row.at / BUCKET_MS) + 1) * BUCKET_MS)
      const emitted = { key: row.key, ...next }
      out.emit(emitted)
      return onRecord((config.act === 'mutate-state' ? next : emitted) as never) as undefined
    },
    onTimer: {
      close(end, { key: of, state }, out) {
        const made = { key: of, end, seq: state.total.get().seq }
        out.side(closed, made)
        return onTimer(made as never) as undefined
      },
    },
  })
  history.to('history', hostileSink(`${config.output}/history`, strikeAt))
  history.side(closed).to('closed', fileSink(`${config.output}/closed`, jsonLines()))
  keyed
    .window(tumbling(BUCKET_MS))
    .aggregate('windows', { count: agg.count(), sum })
    .to('windows', fileSink(`${config.output}/windows`, jsonLines()))
})

type StrikeAt = ReturnType<typeof strikes>

function hostileSource(strikeAt: StrikeAt): Source<HostileRow> {
  return pacedRows({
    open: strikeAt('source-open'),
    poll: strikeAt('source'),
    progress: strikeAt('progress'),
    acknowledge: strikeAt('acknowledge'),
    close: strikeAt('source-close'),
  })
}

function hostileSink(folder: string, strikeAt: StrikeAt): Sink<History> {
  return striking(fileSink<History>(folder, jsonLines()), {
    open: strikeAt('sink-open'),
    write: strikeAt('sink'),
    seal: strikeAt('seal'),
    close: strikeAt('sink-close'),
    commit: strikeAt('commit'),
    openCommitter: strikeAt('committer-open'),
    withdraw: strikeAt('withdraw'),
    closeCommitter: strikeAt('committer-close'),
  })
}
