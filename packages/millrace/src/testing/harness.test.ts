/** The jobs that tests of the kit feed. */
import assert from 'node:assert/strict'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { valueState } from '../api/state-specs.ts'
import type { Stream } from '../api/stream-types.ts'
import { eventTimer, processingTimer } from '../api/timers.ts'
import { defineSource, type Source } from '../connect/contract.ts'
import { collectSink } from '../connectors/collect-sink.ts'
import type { ErrorCode } from '../core/error-codes.ts'
import { StreamError } from '../core/errors.ts'

export interface Payment {
  readonly card: string
  readonly cents: number
  readonly at: number
}

export const MINUTE: number = 60_000
export const TEN: number = Date.UTC(2026, 2, 1, 10)

/** A source that nobody may open: the kit replaces it. */
export function unreachable<T>(is: { readonly timestamps?: boolean; readonly replayable?: boolean } = {}): Source<T> {
  return defineSource<T, number>({
    kind: 'unreachable',
    bounded: false,
    replayable: is.replayable ?? true,
    timestamps: is.timestamps ?? false,
    open: () => Promise.reject(new Error('it was opened')),
  })
}

export const nowhere = <T>(): ReturnType<typeof collectSink<T>> => collectSink<T>([])

export function pay(card: string, cents: number, at: number = TEN): Payment {
  return { card, cents, at }
}

export type Sums = Readonly<Record<'payments' | 'sums', Stream<unknown>>>

/** Sums by card; an amount of 13 is an error. */
export function sumJob(): Job<void, { payments: Stream<Payment>; sums: Stream<{ card: string; sum: number }> }> {
  return defineJob('sums', (job) => {
    const payments = job.from('payments', unreachable<Payment>(), { timestamp: (payment) => payment.at })
    const sums = payments
      .keyBy((payment) => payment.card)
      .process('sum', {
        state: { sum: valueState({ initial: () => 0 }) },
        onRecord(payment, { key, state }, out: Out<{ card: string; sum: number }>) {
          if (payment.cents === 13) throw new Error('thirteen')
          state.sum.update((sum) => sum + payment.cents)
          out.emit({ card: key, sum: state.sum.get() })
        },
      })
    sums.to('sums', nowhere())
    return { payments, sums }
  })
}

/** Says when it was told, by which timer. */
export function reminderJob(): Job<void, { orders: Stream<Payment>; told: Stream<string> }> {
  return defineJob('reminders', (job) => {
    const orders = job.from('orders', unreachable<Payment>(), { timestamp: (order) => order.at, outOfOrderness: '10s' })
    const told = orders
      .keyBy((order) => order.card)
      .process('remind', {
        timers: { event: eventTimer(), clock: processingTimer() },
        onRecord(_order, { timers, timestamp, now }) {
          timers.event.set((timestamp as number) + MINUTE)
          timers.clock.set(now + MINUTE)
        },
        onTimer: {
          event: (at, _context, out: Out<string>) => out.emit(`event ${at - TEN}`),
          clock: (at, { now }, out) => out.emit(`clock ${at - TEN} at ${now - TEN}`),
        },
      })
    return { orders, told }
  })
}

export async function rejects(promise: Promise<unknown>, code: ErrorCode, ...texts: readonly RegExp[]): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(StreamError.is(error), String(error))
    assert.equal(error.code, code, error.message)
    for (const text of texts) assert.match(error.message, text)
    return true
  })
}
