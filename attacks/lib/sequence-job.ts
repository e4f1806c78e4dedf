/**
 * The job that most attacks break: of each key a sequence number and a hash over its history, counts per stretch of event time
 * that timers close, and silences that timers end. With `wide` also a reduce, an aggregate and state with a TTL, so that every
 * kind of state is in its checkpoints.
 *
 * Its results follow from the input alone, whatever the batches, watermarks and restarts are: they compare event times, and a
 * timer only ends what these comparisons no longer see.
 */
import { agg, defineJob, eventTimer, eventTimers, listState, mapState, outputTag, valueState } from '../../packages/millrace/src/index.ts'
import { csv, fileSink, fileSource, jsonLines } from '../../packages/millrace/src/files.ts'
import type { Job, JobBuilder, KeyedStream, Out, Sink, Source, Stream, Tag } from '../../packages/millrace/src/index.ts'
import type { InputFormat, InputRow } from './sequence-input.ts'
import { WINDOW_SINKS, windowSteps } from './window-steps.ts'

export const BUCKET_MS = 1_000
export const SILENCE_MS = 2_500
export const TTL_MS = 3_600_000
/** A list begins anew when it has so many elements. */
export const LIST_LENGTH = 5

export interface History {
  readonly key: string
  readonly seq: number
  readonly hash: number
  /** Sum over the list of the latest values. */
  readonly latest: number
  /** What the state with a TTL held: the sequence number before, if it has not expired. */
  readonly recent: number | null
  /** Processing time, where clocks may jump: by it the TTL passes. Else 0. */
  readonly now: number
  /** Never there: the watermark of an operator never goes back, also not by a restore. */
  readonly regressed?: true
}
export interface Bucket {
  readonly key: string
  readonly end: number
  readonly count: number
  readonly hash: number
}
export interface Silence {
  readonly key: string
  readonly since: number
  readonly seq: number
}
export interface SequencePaths {
  readonly input: string
  readonly output: string
}
export interface SequenceOptions extends SequencePaths {
  readonly wide: boolean
  /** Of the files of `input`; JSON Lines if not given. */
  readonly format?: InputFormat
  /** Parts stay open until they have so many bytes. */
  readonly partBytes?: number
  /** Rows that stray are in its input, and windows see them. */
  readonly windows?: boolean
  /** In the place of the files of `input`. */
  readonly source?: Source<InputRow>
  /** What becomes of each sink. */
  readonly through?: <T>(sink: Sink<T>) => Sink<T>
  /** Rows say when they were processed: without it no TTL passes. */
  readonly tellsNow?: boolean
  /** Of its sinks only these, with the steps that they need; all if not given. */
  readonly only?: ReadonlySet<string>
  /** More steps of the same job; `rows` are all that windows see. */
  readonly also?: (job: JobBuilder, rows: KeyedStream<InputRow, string>) => void
}

export function mixed(hash: number, value: number): number {
  return (Math.imul(hash ^ value, 0x01000193) + value) >>> 0
}

/** Sinks by the folder that they write. */
export function sinksOf(wide: boolean, windows: boolean = false): readonly string[] {
  return ['history', 'buckets', 'silences', ...(wide ? ['sums', 'statistics'] : []), ...(windows ? WINDOW_SINKS : [])]
}

export function sequenceJob(options: SequenceOptions): Job<void, unknown> {
  const { input, output, wide, windows = false, through = (sink) => sink } = options
  const { partBytes, only } = options
  const has = (sink: string): boolean => only?.has(sink) ?? true
  const parts = partBytes === undefined ? {} : { rollAfter: { checkpoint: false, bytes: partBytes } }
  const folder = <T>(name: string): Sink<T> => through(fileSink<T>(`${output}/${name}`, jsonLines(), parts))
  return defineJob('sequence', (job) => {
    const tags = { buckets: outputTag<Bucket>('buckets'), silences: outputTag<Silence>('silences') }
    const rows = job.from('rows', options.source ?? filesOf(input, options.format), { timestamp: (row) => row.at })
    const keyed = (windows ? rows.filter((row) => row.stray !== true) : rows).keyBy((row) => row.key)
    const all = rows.keyBy((row) => row.key)
    if (windows) windowSteps(all, folder, has)
    options.also?.(job, all)
    const history = sequence(keyed, tags, options.tellsNow ?? false)
    history.to('history', folder('history'))
    if (has('buckets')) history.side(tags.buckets).to('buckets', folder('buckets'))
    if (has('silences')) history.side(tags.silences).to('silences', folder('silences'))
    if (!wide) return
    if (has('sums')) keyed.reduce('sum', (sum, row) => ({ ...row, value: sum.value + row.value })).to('sums', folder('sums'))
    if (!has('statistics')) return
    keyed
      .aggregate('statistics', { count: agg.count(), best: agg.top(3, (row) => row.value), last: agg.last() })
      .to('statistics', folder('statistics'))
  })
}

/** The files of `input`. */
export function filesOf(input: string, format: InputFormat = 'jsonl'): Source<InputRow> {
  const columns = { key: String, at: Number, value: Number, n: Number, stray: (text: string) => text === 'yes' }
  if (format === 'csv') return fileSource(`${input}/*.csv`, csv({ columns })) as Source<InputRow>
  return fileSource(`${input}/*.${format}`, jsonLines<InputRow>())
}

interface Tags {
  readonly buckets: Tag<Bucket>
  readonly silences: Tag<Silence>
}

function sequence(keyed: KeyedStream<InputRow, string>, { buckets, silences }: Tags, tellsNow: boolean): Stream<History> {
  return keyed.process('sequence', {
    state: {
      last: valueState({ initial: () => ({ seq: 0, hash: 17, watermark: Number.NEGATIVE_INFINITY }) }),
      open: mapState<number, { count: number; hash: number }>(),
      latest: listState<number>(),
      recent: valueState<number>({ ttl: TTL_MS }),
    },
    timers: { close: eventTimers(), quiet: eventTimer() },
    onRecord(row, { state, timers, now, watermark }, out: Out<History>) {
      const { seq, hash, watermark: before } = state.last.get()
      state.last.set({ seq: seq + 1, hash: mixed(hash, row.value), watermark })
      if (state.latest.size >= LIST_LENGTH) state.latest.replace([row.value])
      else state.latest.add(row.value)
      const recent = state.recent.get() ?? null
      state.recent.set(seq + 1)
      const end = bucketEndOf(row.at)
      state.open.update(end, (bucket) => ({ count: (bucket?.count ?? 0) + 1, hash: mixed(bucket?.hash ?? 0, row.value) }))
      timers.close.add(end)
      // The timer may or may not have fired by now: only its time counts.
      const due = timers.quiet.at
      if (due !== undefined && due < row.at) out.side(silences, { key: row.key, since: due, seq })
      timers.quiet.set(row.at + SILENCE_MS)
      let latest = 0
      for (const value of state.latest) latest += value
      out.emit({
        key: row.key,
        seq: seq + 1,
        hash: mixed(hash, row.value),
        latest,
        recent,
        now: tellsNow ? now : 0,
        ...(watermark < before ? { regressed: true } : {}),
      })
    },
    onTimer: {
      close(end, { key, state }, out) {
        const bucket = state.open.get(end)
        if (bucket === undefined) throw new Error(`${key} has no bucket ${end}`)
        out.side(buckets, { key, end, ...bucket })
        state.open.delete(end)
      },
      quiet(since, { key, state }, out) {
        out.side(silences, { key, since, seq: state.last.get().seq })
      },
    },
  })
}

/** The first moment that is no longer in the bucket. */
export function bucketEndOf(at: number): number {
  return (Math.floor(at / BUCKET_MS) + 1) * BUCKET_MS
}
