/**
 * The job whose checkpoints are damaged: every kind of state, timer and aggregate, positions, committables and what writers
 * seal. Its output says what its state was, so that a state that differs gives another output.
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
  valueState,
} from '../../packages/millrace/src/index.ts'
import type { Job, Key, KeyedStream, Out, Sink, Source, Stream } from '../../packages/millrace/src/index.ts'
import { keyOf, type FlipRow } from './rows.ts'

const DAY_MS = 86_400_000
/** Long after the jobs run. Not counted from `now`: a start that waits for a lease must give the same output. */
const ALARMS_MS = Date.UTC(2010, 0, 1)

interface Known {
  readonly at: Date
  readonly tags: ReadonlySet<string>
  readonly counts: ReadonlyMap<string, number>
  readonly path: readonly (string | number | bigint | boolean | null)[]
  readonly bytes: Uint8Array
}

export function flipJob(source: Source<FlipRow>, sink: Sink<string>): Job<void, unknown> {
  return defineJob('flip', (job) => {
    const rows = job.from('rows', source, { timestamp: (row) => row.at })
    const keyed = rows.keyBy(keyOf)
    const everything = keyed.process('everything', {
      state: {
        number: valueState({ initial: () => 0 }),
        text: valueState<string>(),
        object: valueState<Known>(),
        list: listState<number>(),
        map: mapState<string, { n: number }>(),
        brief: valueState<number>({ ttl: '30d' }),
        briefList: listState<string>({ ttl: '30d' }),
        briefMap: mapState<number, string>({ ttl: { after: '30d', refreshOn: 'read-and-write' } }),
      },
      timers: { due: eventTimer(), dues: eventTimers(), alarm: processingTimer(), alarms: processingTimers() },
      onRecord(row, { key, state, timers }, out: Out<string>) {
        const { number, text, object, list, map, brief, briefList, briefMap } = state
        const held = [number.get(), text.get(), object.get(), [...list], [...map], brief.get(), [...briefList], [...briefMap]]
        out.emit(shown('record', key, row.n, [...held, timers.due.at, timers.alarm.at]))
        number.update((n) => n + row.n)
        text.set(`row ${row.n} of ${shown(key)}`)
        object.set(known(row))
        if (list.size > 2) list.replace([row.n])
        else list.add(row.n)
        map.update(`m${row.n % 3}`, (was) => ({ n: (was?.n ?? 0) + row.n }))
        if (row.n % 5 === 0) map.delete('m0')
        brief.set(row.n / 3)
        if (briefList.size < 3) briefList.add(`é${row.n}`)
        briefMap.set(row.n % 3, 'ñ'.repeat(1 + (row.n % 3)))
        timers.due.set(row.at + DAY_MS)
        timers.dues.add(row.at + DAY_MS + row.n)
        timers.alarm.set(ALARMS_MS + row.n)
        timers.alarms.add(ALARMS_MS + DAY_MS + row.n)
      },
      onTimer: {
        due: (at, { key }, out) => out.emit(shown('due', key, at)),
        dues: (at, { key }, out) => out.emit(shown('dues', key, at)),
        alarm: (at, { key }, out) => out.emit(shown('alarm', key, at)),
        alarms: (at, { key }, out) => out.emit(shown('alarms', key, at)),
      },
    })
    const sums = keyed.reduce('sum', (sum, row) => ({ ...row, n: sum.n + row.n })).map((row) => shown('sum', row))
    const statistics = keyed
      .aggregate('statistics', {
        count: agg.count(),
        mean: agg.avg((row) => row.n),
        least: agg.minBy((row) => row.at),
        best: agg.top(2, (row) => row.n),
        different: agg.distinct((row) => row.n % 4),
      })
      .map((row) => shown('statistics', row))
    everything.union(sums, statistics, ...windows(keyed)).to('out', sink)
  })
}

/** Some end while checkpoints are taken, others are open in each. */
function windows(keyed: KeyedStream<FlipRow, Key>): readonly Stream<string>[] {
  const slides = keyed
    .window(sliding(200, 50))
    .allowedLateness(100)
    .aggregate('slides', { n: agg.count(), sum: agg.sum((row) => row.n) })
  const hops = keyed.window(sliding(90, 60)).aggregate('hops', { first: agg.first(), different: agg.distinct((row) => row.n % 3) })
  const visits = keyed.window(session(70)).process('visits', ({ key, window }, rows, out: Out<string>) => {
    out.emit(shown('visit', key, window, [...rows]))
  })
  const few = keyed.window(countWindow(3, 2)).aggregate('few', { all: agg.list() })
  return [slides.map((row) => shown('slides', row)), hops.map((row) => shown('hops', row)), visits, few.map((row) => shown('few', row))]
}

function known({ n, at }: FlipRow): Known {
  return {
    at: new Date(at),
    tags: new Set([`t${n % 2}`]),
    counts: new Map([['n', n]]),
    path: [n, 'x', 2n ** 70n, true, null, Number.NaN],
    bytes: Uint8Array.of(n, 255),
  }
}

/** Of all kinds of values, also those that JSON does not know. */
export function shown(...values: readonly unknown[]): string {
  return JSON.stringify(values, (_name, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`
    if (value instanceof Map || value instanceof Set) return [...value]
    if (value instanceof Uint8Array) return [...value]
    return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
  })
}
