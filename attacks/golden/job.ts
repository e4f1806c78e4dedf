/**
 * The job of the golden checkpoints: every kind of state and timer, every kind of window, a sink that commits with each checkpoint and
 * one whose parts stay open. What it has held shows in its output. Changed only together with the format: what is stored was made by it.
 */
import {
  agg,
  countWindow,
  defineJob,
  eventTimer,
  eventTimers,
  listState,
  mapState,
  processingTimer,
  processingTimers,
  session,
  sliding,
  tumbling,
  valueState,
} from '../../packages/millrace/src/index.ts'
import type { Job, Out } from '../../packages/millrace/src/index.ts'
import { defineSource, type Batch, type Reader, type Source, type SourceContext } from '../../packages/millrace/src/connect.ts'
import { fileSink, jsonLines } from '../../packages/millrace/src/files.ts'
import { readyAfter } from '../lib/ready-after.ts'

export interface GoldenRow {
  readonly n: number
  readonly key: string
  readonly at: number
}

export const ROWS = 48
const KEYS = ['a', 'b', 'é']
export const STEP_MS = 10
export const TUMBLING_MS = 100
export const SLIDING_MS = 90
export const SLIDE_MS = 30
export const GAP_MS = 45
export const COUNT = 4
export const DAY_MS = 86_400_000
/** Long after the job runs. */
const ALARM_MS = Date.UTC(2010, 0, 1)

/** A pause now and then, so that sessions end. */
export function goldenRows(): readonly GoldenRow[] {
  return Array.from({ length: ROWS }, (_, n) => ({
    n,
    key: KEYS[(n * 7) % KEYS.length === 0 ? n % 2 : n % KEYS.length] as string,
    at: STEP_MS * n + 50 * Math.floor(n / 8),
  }))
}

export function goldenJob(options: { readonly output: string; readonly gate: { allowed: number } }): Job<void, unknown> {
  return defineJob('golden', (job) => {
    const rows = job.from('rows', gatedRows(options.gate), { timestamp: (row) => row.at })
    const keyed = rows.keyBy((row) => row.key)
    const held = keyed.process('held', {
      state: {
        sum: valueState({ initial: () => 0 }),
        last: valueState<GoldenRow>(),
        list: listState<number>(),
        map: mapState<string, { n: number }>(),
        brief: valueState<bigint>({ ttl: '30d' }),
        briefList: listState<string>({ ttl: '30d' }),
        briefMap: mapState<number, Date>({ ttl: { after: '30d', refreshOn: 'read-and-write' } }),
      },
      timers: { due: eventTimer(), dues: eventTimers(), alarm: processingTimer(), alarms: processingTimers() },
      onRecord(row, { key, state, timers }, out: Out<unknown>) {
        const { sum, last, list, map, brief, briefList, briefMap } = state
        out.emit([
          'record',
          key,
          row.n,
          [sum.get(), last.get()?.n ?? null, [...list], byName(map, ({ n }) => n)],
          [String(brief.get() ?? null), [...briefList], byName(briefMap, (date) => date.getTime())],
          [timers.due.at ?? null, timers.alarm.at ?? null],
        ])
        sum.update((value) => value + row.n)
        last.set(row)
        list.add(row.n)
        map.update(`m${row.n % 4}`, (was) => ({ n: (was?.n ?? 0) + 1 }))
        brief.set(BigInt(row.n) << 64n)
        briefList.add(`ñ${row.n}`)
        briefMap.set(row.n % 3, new Date(row.at))
        timers.due.set(row.at + DAY_MS)
        timers.dues.add(row.at + 2 * DAY_MS)
        timers.alarm.set(ALARM_MS + row.n)
        timers.alarms.add(ALARM_MS + row.n)
      },
      onTimer: {
        due: (at, { key }, out) => out.emit(['due', key, at]),
        dues: (at, { key }, out) => out.emit(['dues', key, at]),
        alarm: (at, { key }, out) => out.emit(['alarm', key, at]),
        alarms: (at, { key }, out) => out.emit(['alarms', key, at]),
      },
    })
    const sums = keyed.reduce('sum', (sum, row) => ({ ...row, n: sum.n + row.n })).map(({ key, n }) => ['sum', key, n])
    const statistics = keyed
      .aggregate('statistics', { count: agg.count(), best: agg.top(2, (row) => row.n) })
      .map(({ key, count, best }) => ['statistics', key, count, best.map(({ n }) => n)])
    const all = { rows: agg.list<GoldenRow>() }
    const windowed = (name: string) => (row: { readonly key: string; readonly window: unknown; readonly rows: readonly GoldenRow[] }) =>
      [name, row.key, row.window, row.rows.map(({ n }) => n)] as unknown
    const tumbled = keyed.window(tumbling(TUMBLING_MS)).aggregate('tumbling', all).map(windowed('tumbling'))
    const slid = keyed.window(sliding(SLIDING_MS, SLIDE_MS)).aggregate('sliding', all).map(windowed('sliding'))
    const visits = keyed.window(session(GAP_MS)).aggregate('sessions', all).map(windowed('session'))
    const counted = keyed
      .window(countWindow(COUNT))
      .aggregate('counts', all)
      .map((row) => ['count', row.key, row.rows.map(({ n }) => n)])
    held.union(sums, statistics).to('each', fileSink(`${options.output}/each`, jsonLines()))
    tumbled
      .union(slid, visits, counted)
      .to('open', fileSink(`${options.output}/open`, jsonLines(), { rollAfter: { checkpoint: false, bytes: 1_000_000 } }))
  })
}

/** In which order a map gives its entries is not settled. */
export function byName<K extends string | number, V>(entries: Iterable<readonly [K, V]>, of: (value: V) => unknown): unknown[] {
  return [...entries].map(([name, value]) => [name, of(value)] as const).sort(([a], [b]) => (a < b ? -1 : 1))
}

function gatedRows(gate: { allowed: number }): Source<GoldenRow> {
  return defineSource<GoldenRow, { readonly index: number; readonly note: string }>({
    kind: 'golden',
    bounded: true,
    replayable: true,
    timestamps: false,
    open: (context) => Promise.resolve(gatedReader(gate, context)),
  })
}

type Position = { readonly index: number; readonly note: string }

function gatedReader(gate: { allowed: number }, context: SourceContext<Position>): Reader<GoldenRow, Position> {
  const rows = goldenRows()
  const splits = new Map<string, Position>()
  if (context.owns('only') && !context.ended.has('only')) splits.set('only', context.restored.get('only') ?? { index: 0, note: '' })
  const poll = (): Batch<GoldenRow, Position> | 'wait' | 'end' => {
    const at = splits.get('only')?.index
    if (at === undefined) return 'end'
    if (at >= gate.allowed) return 'wait'
    const next = { index: at + 1, note: `after row ${at}` }
    const splitEnded = next.index === rows.length
    if (splitEnded) splits.delete('only')
    else splits.set('only', next)
    return { split: 'only', values: rows.slice(at, next.index), next, splitEnded }
  }
  return { splits, poll, ready: readyAfter(context, 1), close: async () => undefined }
}
