/** One line of a job that must not compile, the compiler's code for it and a piece of what the compiler must say. */
export type Case = readonly [code: string, error: `TS${number}`, says: string]

/**
 * Goes before every case: what the lines talk about. All of it compiles.
 */
export const prelude: string = `
import { agg, aggregator, arraySource, callbackSink, collectSink, countWindow, defineJob, durationMs, eventTimer, eventTimers, generatorSource, listState, mapState, outputTag, printSink, processingTimer, run, session, sliding, start, tumbling, valueState } from 'millrace'
import { simulate, stepSuite, testJob, testStep, type TestJob } from 'millrace/testing'
import { csv, fileSink } from 'millrace/files'
import type { DeadLetter, Job, JobBuilder, Key, Out, RunningJob, RunOptions, Sink, Stream, Tag, TimeWindow } from 'millrace'
interface Payment { id: string; card: string; amount: number; at: number; ok: boolean; items: string[] }
declare const job: JobBuilder
declare const numbers: Sink<number>
declare const named: Tag<string>
declare const latePayments: Tag<Payment>
declare const running: RunningJob
declare const needsConfig: Job<{ in: string }>
declare const t: TestJob<{ payments: Stream<Payment>; sums: Stream<number> }>
declare const handles: Job<void, { payments: Stream<Payment> }>
declare const stringSchema: { '~standard': { version: 1; vendor: 'x'; validate(value: unknown): unknown; types?: { input: unknown; output: string } } }
const payments = job.from('payments', arraySource<Payment>([]), { timestamp: (p) => p.at })
const keyed = payments.keyBy((p) => p.card)
const windowed = keyed.window(tumbling('1h'))
void [agg, aggregator, arraySource, callbackSink, collectSink, countWindow, csv, defineJob, durationMs, eventTimer, eventTimers, fileSink, generatorSource, listState, mapState, outputTag, printSink, processingTimer, run, session, sliding, start, tumbling, valueState, simulate, stepSuite, testJob, testStep]
`
