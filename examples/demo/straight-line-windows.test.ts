/** The windows of the straight line against rows worked out by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Departure } from './departure.ts'
import { ExpectedWindows } from './straight-line-windows.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

function windowsOf(...flights: readonly (readonly [origin: string, minute: number, delay: number, lag?: number])[]): ExpectedWindows {
  const windows = new ExpectedWindows()
  for (const [id, [origin, minute, delay, lag = 0]] of flights.entries()) {
    const departure: Departure = { id, at: minute * MINUTE, origin, destination: 'STL', delay, distance: 258, lag }
    windows.add(departure)
  }
  return windows
}

test('hours per airport: a full hour belongs to the one that it begins, and who was not in time is told apart', () => {
  const { hours, stragglers } = windowsOf(['ORD', 59, 5], ['ORD', 60, -7], ['BOS', 0, 1], ['ORD', 119, 3, 180], ['ORD', 61, 4, 179])
  assert.deepEqual(Object.fromEntries(hours.get('ORD')!), {
    0: { flights: 1, inTime: 1, minutes: 5, worst: 5 },
    1: { flights: 3, inTime: 2, minutes: 0, worst: 4 },
  })
  assert.deepEqual(Object.fromEntries(hours.get('BOS')!), { 0: { flights: 1, inTime: 1, minutes: 1, worst: 1 } })
  assert.deepEqual([...stragglers.keys()], [3])
})

test('six hours begin with every hour; an hour is in six of them', () => {
  const sixHours = windowsOf(['ORD', 10 * 60, 30], ['ORD', 12 * 60, -10, 1_440])
    .sixHours()
    .get('ORD')!
  assert.deepEqual(
    [...sixHours.keys()].toSorted((a, b) => a - b),
    [5, 6, 7, 8, 9, 10, 11, 12],
  )
  assert.deepEqual(sixHours.get(6), { flights: 1, inTime: 1, minutes: 30, worst: 30 })
  assert.deepEqual(sixHours.get(7), { flights: 2, inTime: 1, minutes: 20, worst: 30 })
  assert.deepEqual(sixHours.get(12), { flights: 1, inTime: 0, minutes: -10, worst: -10 })
})

test('bad weather: very late flights, in whichever order, up to two hours apart', () => {
  const stretches = windowsOf(
    ['ORD', 240, 70],
    ['ORD', 0, 60],
    ['ORD', 120, 90, 2_000],
    ['ORD', 130, 59],
    ['ORD', 361, 100],
    ['BOS', 5, 61],
  )
    .badWeather()
    .get('ORD')
  assert.deepEqual(stretches, [
    { start: 0, end: 6 * HOUR, flights: 3, minutes: 220, worst: 90 },
    { start: 361 * MINUTE, end: 361 * MINUTE + 2 * HOUR, flights: 1, minutes: 100, worst: 100 },
  ])
})
