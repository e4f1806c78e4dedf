/** The straight line against rows worked out by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { straightLine } from './straight-line.ts'
import { temporaryFolder, writeRows } from './testing.ts'

const MINUTE = 60_000

test('sums and positions run per airport, in the order of its file', (t) => {
  const folder = temporaryFolder(t)
  writeRows(folder, 'flights-0.jsonl', [
    { id: 4, at: 2 * MINUTE, origin: 'ORD', destination: 'STL', delay: 10, distance: 258, lag: 0 },
    { id: 0, at: 0, origin: 'BOS', destination: 'JFK', delay: -3, distance: 187, lag: 0 },
    { id: 2, at: MINUTE, origin: 'ORD', destination: 'BOS', delay: -4, distance: 867, lag: 0 },
  ])
  writeRows(folder, 'flights-1.jsonl', [{ id: 1, at: MINUTE, origin: 'LAX', destination: 'ORD', delay: 0, distance: 1745, lag: 0 }])
  const { airports, accounts } = straightLine(folder)
  assert.deepEqual(airports, ['ORD', 'BOS', 'LAX'])
  assert.equal(accounts.count, 4)
  const rows = [0, 1, 2, 3, 4].map((id) => [airports[accounts.airport[id]!], accounts.seq[id], accounts.delay[id], accounts.distance[id]])
  assert.deepEqual(rows, [
    ['BOS', 1, -3, 187],
    ['LAX', 1, 0, 1745],
    ['ORD', 2, 6, 1125],
    ['ORD', 0, 0, 0], // no flight 3
    ['ORD', 1, 10, 258],
  ])
})

test('the hash is that of whole numbers', (t) => {
  const folder = temporaryFolder(t)
  const flights = [
    { id: 7, at: 16_000_000 * MINUTE, origin: 'ORD', destination: 'STL', delay: -10, distance: 258, lag: 0 },
    { id: 8, at: 16_000_001 * MINUTE, origin: 'ORD', destination: 'BOS', delay: 1_000, distance: 867, lag: 0 },
  ]
  writeRows(folder, 'flights-0.jsonl', flights)
  const { accounts } = straightLine(folder)
  let hash = 0n
  for (const { id, at, destination, delay, distance } of flights) {
    for (const number of [id, at / MINUTE, delay, distance, ...Buffer.from(destination)]) {
      hash = BigInt.asUintN(32, (hash ^ BigInt.asUintN(32, BigInt(number))) * 16_777_619n)
      hash ^= hash >> 15n
    }
    assert.equal(accounts.hash[id], Number(hash))
  }
})

test('an alert: eight within an hour, the next an hour later, a run as long as three hours do not pass', (t) => {
  const folder = temporaryFolder(t)
  const burst = (firstId: number, minute: number, count: number, lag = 0): unknown[] =>
    Array.from({ length: count }, (_, index) => ({
      id: firstId + index,
      at: minute * MINUTE,
      origin: 'ORD',
      destination: 'STL',
      delay: 60 + index,
      distance: 258,
      lag,
    }))
  writeRows(folder, 'flights-0.jsonl', [
    ...burst(0, 30, 7), // seven
    ...burst(10, 0, 1), // of an earlier minute, arrives later: the eighth, but not for anyone after it
    ...burst(20, 59, 1), // sees 30 and 0: nine
    ...burst(60, 58, 1, 180), // reported too late to count
    ...burst(30, 118, 9), // less than an hour after the alert of 59
    ...burst(40, 119, 1), // an hour after it; sees 118
    ...burst(50, 119 + 181, 8), // more than three hours after it
  ])
  const { alerts } = straightLine(folder)
  assert.deepEqual(alerts, [
    { airport: 'ORD', id: 20, at: 59 * MINUTE, flights: 9, minutes: 60 + 61 + 62 + 63 + 64 + 65 + 66 + 60 + 60, run: 1 },
    { airport: 'ORD', id: 40, at: 119 * MINUTE, flights: 10, minutes: 60 + 61 + 62 + 63 + 64 + 65 + 66 + 67 + 68 + 60, run: 2 },
    { airport: 'ORD', id: 57, at: 300 * MINUTE, flights: 8, minutes: 60 + 61 + 62 + 63 + 64 + 65 + 66 + 67, run: 1 },
  ])
})
