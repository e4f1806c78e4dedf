/**
 * Payments and flights: a timer, sliding windows with late payments, sessions, running totals, and hourly files, in one job.
 *
 * The windows go by the time in the records. What comes after its windows have gone leaves by the late output, as it came.
 */
import {
  agg,
  arraySource,
  type DeadLetter,
  defineJob,
  eventTimer,
  type KeyedStream,
  mapState,
  type Out,
  outputTag,
  printSink,
  session,
  sliding,
  type Stream,
  tumbling,
  valueState,
} from 'millrace'
import { fileSink, fileSource, jsonLines } from 'millrace/files'

export interface Payment {
  readonly id: string
  readonly card: string
  readonly amount: number
  /** ms since the Unix epoch. */
  readonly at: number
  readonly ok: boolean
}
export interface Flight {
  readonly date: string
  readonly delay: number
  readonly origin: string
}
export interface Config {
  readonly payments: readonly Payment[]
  readonly flights: string
  readonly output: string
}
interface Alert {
  readonly card: string
  readonly reason: string
}

const MINUTE_MS = 60_000

export default defineJob('fraud', (job, config: Config) => {
  const late = outputTag<Payment>('late')
  const broken = outputTag<DeadLetter>('broken')
  const payments = job.from('payments', arraySource(config.payments), {
    timestamp: (p) => p.at,
    outOfOrderness: '5s',
    idleness: '30s',
    invalid: broken,
  })
  const byCard = payments.keyBy((p) => p.card)
  payments.side(broken).to('broken', printSink())

  smallThenLarge(byCard).to('alerts', printSink())

  // What a card has spent in ten minutes, each minute anew; payments that are late by up to a minute give a better row.
  const spending = byCard
    .window(sliding('10m', '1m'))
    .allowedLateness('1m')
    .lateTo(late)
    .aggregate('spending', {
      payments: agg.count(),
      total: agg.sum((p) => p.amount),
      mean: agg.avg((p) => p.amount),
      largest: agg.top(3, (p) => p.amount),
    })
  spending
    .filter((s) => s.payments > 3 && s.total > 1_000)
    .map((s) => ({ card: s.key, from: s.window.start, mean: s.mean, ids: s.largest.map((p) => p.id) }))
    .to('spenders', printSink())
  spending.side(late).to('late', printSink())

  // Visits: payments of a card with less than a quarter of an hour between them. And everything that a card has ever paid.
  byCard
    .window(session('15m'))
    .aggregate('visits', { n: agg.count(), peak: agg.max((p) => p.amount) })
    .to('sessions', fileSink(`${config.output}/visits`, jsonLines()))
  payments
    .keyBy((p) => [p.card, p.ok])
    .aggregate('lifetime', { n: agg.count(), total: agg.sum((p) => p.amount) })
    .map(({ key: [card, ok], n }) => ({ card, ok, n }))
    .to('lifetimes', fileSink(`${config.output}/lifetimes`, jsonLines()))

  // Files in, files out, exactly once.
  job
    .from('flights', fileSource(`${config.flights}/flights-*.jsonl`, jsonLines<Flight>()), {
      timestamp: (f) => Date.parse(f.date),
      outOfOrderness: '3h',
    })
    .keyBy((f) => f.origin)
    .window(tumbling('1h'))
    .aggregate('hourly', { flights: agg.count(), delay: agg.avg((f) => f.delay) })
    .to('hourly-files', fileSink(`${config.output}/hourly`, jsonLines()))
})

/** A small payment, then a large one within a minute of the last small one, by their own times; the timer clears what is too old. */
function smallThenLarge(byCard: KeyedStream<Payment, string>): Stream<Alert> {
  return byCard.process('small-then-large', {
    state: { smallAt: valueState<number>(), seen: valueState({ initial: () => 0, ttl: '30d' }), perShop: mapState<string, number>() },
    timers: { forget: eventTimer() },
    onRecord(payment, { key, state, timers }, out: Out<Alert>) {
      state.seen.set(state.seen.get() + 1)
      const smallAt = state.smallAt.get()
      if (payment.amount > 500 && smallAt !== undefined && payment.at - smallAt <= MINUTE_MS)
        out.emit({ card: key, reason: 'small, then large' })
      if (payment.amount < 1) {
        state.smallAt.set(payment.at)
        timers.forget.set(payment.at + MINUTE_MS)
      }
    },
    onTimer: {
      forget(_at, { state }) {
        state.smallAt.clear()
      },
    },
  })
}
