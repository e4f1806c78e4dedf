/** Alerts depend on the order of an airport's flights alone: watermarks at any safe moment change nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MapState, Out, Timer, Timers, ValueState } from 'millrace'
import { type Alert, delayAlerts } from './alert.ts'
import { type Flight, VERY_LATE_MINUTES } from './flight.ts'
import { randomOf } from './random.ts'
import { straightLine } from './straight-line.ts'
import { flightsOutOfOrder, temporaryFolder, writeRows } from './testing.ts'

const SEED = Number(process.env['SEED'] ?? 1)
const CASES = 150

test(`alerts are the same whenever watermarks come, and those of the straight line (SEED=${SEED})`, (t) => {
  const folder = temporaryFolder(t)
  const random = randomOf(SEED, 'alerts')
  let alertCount = 0
  let clearedCount = 0
  for (let run = 0; run < CASES; run++) {
    const flights = flightsOutOfOrder(random, 20 + Math.floor(random() * 200))
    writeRows(folder, 'flights-0.jsonl', flights)
    const expected = straightLine(folder).alerts
    const never = replay(flights, () => 0)
    const always = replay(flights, () => 1)
    const sometimes = replay(flights, () => (random() < 0.3 ? random() : 0))
    for (const { alerts } of [never, always, sometimes]) assert.deepEqual(alerts, expected, `case ${run}`)
    alertCount += expected.length
    clearedCount += sometimes.firedCount
  }
  assert.ok(alertCount > CASES && clearedCount > CASES, `too little happened: ${alertCount} alerts, ${clearedCount} timers`)
})

test('a flight that starts where a run ends on the minute goes on with it, one a minute later begins anew', () => {
  for (const [gapMinutes, run] of [
    [180, 2],
    [181, 1],
  ] as const) {
    const flights = [...burst(0, 0), ...burst(100, gapMinutes * 60_000)]
    for (const step of [0, 1]) {
      const { alerts } = replay(flights, () => step)
      assert.deepEqual(
        alerts.map((alert) => [alert.id, alert.flights, alert.run]),
        [
          [7, 8, 1],
          [107, 8, run],
        ],
      )
    }
  }
})

test('the hour of an alert looks back to less than an hour', () => {
  const seven = burst(0, 0).slice(0, 7)
  const eighth = (minutes: number): Flight => ({ ...burst(7, minutes * 60_000)[0]! })
  for (const step of [0, 1]) {
    assert.equal(replay([...seven, eighth(59)], () => step).alerts.length, 1)
    assert.equal(replay([...seven, eighth(60)], () => step).alerts.length, 0)
  }
})

/** Eight flights of one minute, each an hour late. */
function burst(firstId: number, at: number): Flight[] {
  return Array.from({ length: 8 }, (_, index) => ({
    id: firstId + index,
    at,
    origin: 'ORD',
    destination: 'STL',
    delay: VERY_LATE_MINUTES,
    distance: 258,
    lag: 0,
  }))
}

/**
 * One key of the operator by hand. After each flight the watermark advances by `share()` of the way to the time below
 * which no flight is still to come.
 */
function replay(flights: readonly Flight[], share: () => number): { readonly alerts: readonly Alert[]; readonly firedCount: number } {
  const key = new OneKey()
  const alerts: Alert[] = []
  const out: Out<Alert> = { emit: (alert) => alerts.push(alert), side: () => assert.fail('no side output') }
  const veryLate = flights.filter((flight) => flight.delay >= VERY_LATE_MINUTES)
  let watermark = -1
  for (const [index, flight] of veryLate.entries()) {
    delayAlerts.onRecord(flight, key.context(flight.at, watermark), out)
    const safe = Math.min(...veryLate.slice(index + 1).map((later) => later.at - 1))
    if (safe === Infinity || safe <= watermark) continue
    watermark += Math.floor((safe - watermark) * share())
    key.fire(watermark, out)
  }
  return { alerts, firedCount: key.firedCount }
}

type Context = Parameters<typeof delayAlerts.onRecord>[1]

/** State and timers of one key, in memory. */
class OneKey {
  firedCount = 0
  readonly #due = { forget: new Set<number>(), calm: new Set<number>() }
  readonly #tallies = new Map<number, { readonly flights: number; readonly minutes: number }>()
  #newest: { readonly at: number; readonly run: number } | undefined

  context(timestamp: number, watermark: number): Context {
    const state: Context['state'] = { tallies: this.#mapState(), newest: this.#valueState() }
    const timers: Context['timers'] = { forget: this.#timers(), calm: this.#timer() }
    return { key: 'ORD', resource: undefined, timestamp, watermark, now: 0, state, timers }
  }

  fire(watermark: number, out: Out<Alert>): void {
    for (const name of ['forget', 'calm'] as const) {
      for (const at of [...this.#due[name]].filter((time) => time <= watermark).toSorted((a, b) => a - b)) {
        this.#due[name].delete(at)
        this.firedCount += 1
        delayAlerts.onTimer![name]!(at, this.context(at, watermark), out)
      }
    }
  }

  #mapState(): MapState<number, { readonly flights: number; readonly minutes: number }> {
    const map = this.#tallies
    return {
      size: map.size,
      get: (at) => map.get(at),
      has: (at) => map.has(at),
      keys: () => map.keys(),
      values: () => map.values(),
      [Symbol.iterator]: () => map[Symbol.iterator](),
      set: (at, tally) => void map.set(at, tally),
      update: (at, change) => void map.set(at, change(map.get(at))),
      delete: (at) => void map.delete(at),
      clear: () => map.clear(),
    }
  }

  #valueState(): ValueState<{ readonly at: number; readonly run: number }> {
    return {
      get: () => this.#newest,
      set: (value) => void (this.#newest = value),
      update: (change) => void (this.#newest = change(this.#newest)),
      clear: () => void (this.#newest = undefined),
    }
  }

  #timers(): Timers {
    const { forget } = this.#due
    return { add: (at) => void forget.add(at), delete: (at) => void forget.delete(at), clear: () => forget.clear() }
  }

  #timer(): Timer {
    const { calm } = this.#due
    const set = (at: number): void => {
      calm.clear()
      calm.add(at)
    }
    return { at: [...calm][0], set, clear: () => calm.clear() }
  }
}
