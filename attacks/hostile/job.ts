/** A job in which one of its functions is hostile, once. `millrace run` runs it. */
import { existsSync, writeFileSync } from 'node:fs'
import { agg, aggregator, defineJob, eventTimers, outputTag, tumbling, valueState, type Out } from '../../packages/millrace/src/index.ts'
import { fileSink, jsonLines } from '../../packages/millrace/src/files.ts'
import { perform, type Act } from './acts.ts'
import { BUCKET_MS, rowOf, type HostileConfig, type HostileRow, type Place } from './places.ts'
import { striking } from './sink.ts'
import { pacedRows, type Strike } from './source.ts'

/** For places that see none. */
const NO_ROW = rowOf(0, 0)

interface History {
  readonly key: string
  readonly seq: number
  readonly sum: number
}
interface Closed {
  readonly key: string
  readonly end: number
  readonly seq: number
}

/** Strikes at one place once it was there often enough; an act that changes values does so from then on. */
function strikes({ marker, place, act, after, busyMs }: HostileConfig): (at: Place) => Strike {
  let left = after
  let hasStruck = existsSync(marker)
  return (at) => (value) => {
    if (at !== place || left-- > 0 || hasStruck) return undefined
    if (!existsSync(marker)) writeFileSync(marker, '')
    hasStruck = act !== 'mutate' && act !== 'mutate-state'
    return perform(act as Act, value, busyMs)
  }
}

export default defineJob('hostile', (job, config: HostileConfig) => {
  const strikeAt = strikes(config)
  const [schema, timestamp, map] = [strikeAt('schema'), strikeAt('timestamp'), strikeAt('map')]
  const [filter, flatMap] = [strikeAt('filter'), strikeAt('flatMap')]
  const [key, initial, onRecord, onTimer] = [strikeAt('key'), strikeAt('initial'), strikeAt('process'), strikeAt('timer')]
  const [add, result] = [strikeAt('window'), strikeAt('result')]
  const closed = outputTag<Closed>('closed')
  const sum = aggregator<HostileRow, number, number>({
    create: () => 0,
    add: (total, row) => (add(row) as undefined) ?? total + row.value,
    merge: (left, right) => left + right,
    result: (total) => (result(total as never) as undefined) ?? total,
  })
  const rows = job.from<HostileRow>(
    'rows',
    pacedRows({ open: strikeAt('source-open'), poll: strikeAt('source'), acknowledge: strikeAt('acknowledge') }),
    {
      schema: {
        '~standard': {
          version: 1,
          vendor: 'hostile',
          validate: (value) => (schema(value as HostileRow) as undefined) ?? { value: value as HostileRow },
        },
      },
      timestamp: (row) => (timestamp(row) as undefined) ?? row.at,
    },
  )
  const keyed = rows
    .map((row) => (map(row) as undefined) ?? { ...row, value: row.value * 3 })
    .filter((row) => (filter(row) as undefined) ?? true)
    .flatMap((row) => (flatMap(row) as undefined) ?? [row])
    .keyBy((row) => (key(row) as undefined) ?? row.key)
  const history = keyed.process('count', {
    state: { total: valueState({ initial: () => (initial(NO_ROW) as undefined) ?? { seq: 0, sum: 0 } }) },
    timers: { close: eventTimers() },
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
  history.to(
    'history',
    striking(fileSink<History>(`${config.output}/history`, jsonLines()), {
      open: strikeAt('sink-open'),
      write: strikeAt('sink'),
      seal: strikeAt('seal'),
      commit: strikeAt('commit'),
    }),
  )
  history.side(closed).to('closed', fileSink(`${config.output}/closed`, jsonLines()))
  keyed
    .window(tumbling(BUCKET_MS))
    .aggregate('windows', { count: agg.count(), sum })
    .to('windows', fileSink(`${config.output}/windows`, jsonLines()))
})
