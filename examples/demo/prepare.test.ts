/** The demo's input: every flight once, in order of report, an airport in one file, the same for the same seed. */
import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { forEachLine } from './files.ts'
import type { Flight } from './flight.ts'
import type { FlightsTable } from './flights-table.ts'
import { prepare, writeInput } from './prepare.ts'
import { randomOf } from './random.ts'
import { temporaryFolder } from './testing.ts'

const HOURS_MS = 3_600_000

test('every flight once, with its fields', (t) => {
  const table = smallTable()
  const files = written(temporaryFolder(t), table, 1)
  const flights = files.flat().toSorted((a, b) => a.id - b.id)
  assert.equal(flights.length, table.count)
  for (const [id, { lag, ...flight }] of flights.entries()) {
    assert.ok(Number.isInteger(lag) && lag >= 0)
    assert.deepEqual(flight, {
      id,
      at: table.minutes[id]! * 60_000,
      origin: table.airports[table.origins[id]!],
      destination: table.airports[table.destinations[id]!],
      delay: table.delays[id],
      distance: table.distances[id],
    })
  }
})

test('flights that are in time are out of order by less than three hours', (t) => {
  for (const flights of written(temporaryFolder(t), smallTable(), 1)) {
    let newest = -Infinity
    let latenessMs = 0
    for (const { at, lag } of flights) {
      newest = Math.max(newest, at)
      if (lag < 180) latenessMs = Math.max(latenessMs, newest - at)
    }
    assert.ok(latenessMs < 3 * HOURS_MS, `${latenessMs} ms late`)
    assert.ok(latenessMs > 2 * HOURS_MS, `only ${latenessMs} ms late`)
  }
})

test('one in a thousand is reported one to five days later, all in order of report', (t) => {
  const folder = temporaryFolder(t)
  const { stragglers } = writeInput(join(folder, 'input'), smallTable(), 1, () => {})
  const files = written(folder, smallTable(), 1)
  const late = files.flat().filter(({ lag }) => lag >= 180)
  assert.equal(late.length, stragglers)
  assert.ok(stragglers > 5 && stragglers < 50, String(stragglers))
  for (const { lag } of late) assert.ok(lag >= 24 * 60 && lag < 5 * 24 * 60, String(lag))
  for (const flights of files) {
    const reports = flights.map(({ at, lag }) => at + lag * 60_000)
    assert.deepEqual(
      reports,
      reports.toSorted((a, b) => a - b),
    )
  }
})

test('an airport is in one file, and the files are of about one size', (t) => {
  const files = written(temporaryFolder(t), smallTable(), 1)
  const origins = files.flatMap((flights) => [...new Set(flights.map((flight) => flight.origin))])
  assert.equal(files.length, 6)
  assert.equal(new Set(origins).size, origins.length)
  const sizes = files.map((flights) => flights.length)
  assert.ok(Math.max(...sizes) < 1.2 * Math.min(...sizes), sizes.join(', '))
})

test('the same seed gives the same bytes, another one others', (t) => {
  const contents = (seed: number): string => {
    const folder = join(temporaryFolder(t), 'input')
    writeInput(folder, smallTable(), seed, () => {})
    return readdirSync(folder)
      .toSorted()
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('')
  }
  assert.equal(contents(1), contents(1))
  assert.notEqual(contents(1), contents(2))
})

test('what is intact is used again, what is not is made again', async (t) => {
  const folder = join(temporaryFolder(t), 'input')
  const remade = async (seed = 1): Promise<boolean> => {
    const stop = new Error('would be made again')
    try {
      const { reused } = await prepare(folder, seed, () => {
        throw stop
      })
      return !reused
    } catch (error) {
      if (error !== stop) throw error
      return true
    }
  }
  assert.equal(await remade(), true)
  const contents = writeInput(folder, smallTable(), 1, () => {})
  assert.equal(await remade(), false)
  assert.equal(await remade(2), true)
  const file = join(folder, contents.files[3]!.name)
  const bytes = readFileSync(file)
  appendFileSync(file, ' ')
  assert.equal(await remade(), true)
  writeFileSync(file, bytes)
  assert.equal(await remade(), false)
  writeFileSync(file, bytes.with(100, bytes[100]! ^ 1))
  assert.equal(await remade(), true)
})

function written(folder: string, table: FlightsTable, seed: number): readonly (readonly Flight[])[] {
  return writeInput(join(folder, 'input'), table, seed, () => {}).files.map(({ name }) => {
    const flights: Flight[] = []
    forEachLine(join(folder, 'input', name), (line) => flights.push(JSON.parse(line) as Flight))
    return flights
  })
}

/** Thirty airports of different size, a flight every few minutes over two days. */
function smallTable(): FlightsTable {
  const count = 20_000
  const random = randomOf(1, 'table')
  const airports = Array.from({ length: 30 }, (_, index) => `A${String(index).padStart(2, '0')}`)
  const column = (draw: (row: number) => number): number[] => Array.from({ length: count }, (_, row) => Math.floor(draw(row)))
  return {
    count,
    airports,
    minutes: Int32Array.from(column((row) => 16_000_000 + (row * 2 * 24 * 60) / count)),
    delays: Int16Array.from(column(() => random() * 200 - 30)),
    distances: Int16Array.from(column(() => random() * 3_000)),
    origins: Uint16Array.from(column(() => random() * random() * 30)),
    destinations: Uint16Array.from(column(() => random() * 30)),
  }
}
