/**
 * Fraud in miniature: a payment of less than one, then one of more than five hundred from the same card within a minute.
 *
 * State and timers are declared, belong to one card, and survive a crash. The timer clears what is too old; the comparison
 * looks at the payments' own times, so the alert does not depend on when the timer fires.
 */
import { arraySource, defineJob, eventTimer, type Out, printSink, valueState } from 'millrace'

interface Payment {
  readonly card: string
  readonly amount: number
  /** ms since the Unix epoch. */
  readonly at: number
}

interface Alert {
  readonly card: string
  readonly amount: number
  readonly secondsAfter: number
}

const MINUTE_MS = 60_000

const payments: readonly Payment[] = [
  { card: 'A', amount: 0.5, at: 1_000 },
  { card: 'B', amount: 900, at: 2_000 }, // large, but nothing small before it
  { card: 'A', amount: 700, at: 31_000 }, // 30 s after the small one
  { card: 'C', amount: 0.9, at: 40_000 },
  { card: 'C', amount: 800, at: 140_000 }, // 100 s after the small one
]

export default defineJob('fraud', (job) => {
  job
    .from('payments', arraySource(payments), { timestamp: (payment) => payment.at, outOfOrderness: '5s' })
    .keyBy((payment) => payment.card)
    .process('small-then-large', {
      state: { smallAt: valueState<number>() },
      timers: { forget: eventTimer() },
      onRecord({ amount, at }, { key, state, timers }, out: Out<Alert>) {
        const smallAt = state.smallAt.get()
        if (amount > 500 && smallAt !== undefined && at - smallAt <= MINUTE_MS) {
          out.emit({ card: key, amount, secondsAfter: (at - smallAt) / 1_000 })
        }
        if (amount >= 1) return
        state.smallAt.set(at)
        timers.forget.set(at + MINUTE_MS) // setting it again moves it
      },
      onTimer: {
        forget(_at, { state }) {
          state.smallAt.clear()
        },
      },
    })
    .to('alerts', printSink())
})
