/**
 * Makes the demo's input: flights in the order in which they were reported, which is within three hours of their departure
 * but for a few that took days. Six JSON Lines files, all flights of one airport in one file. The same seed gives the same
 * bytes. What is there and intact is used again.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LineFile, measure } from './files.ts'
import { IN_TIME_MINUTES } from './flight.ts'
import { type FlightsTable, readFlights } from './flights-table.ts'
import { randomOf } from './random.ts'

/** What the input folder holds, written last: without it the folder is not complete. */
export interface Prepared {
  readonly format: number
  readonly seed: number
  readonly flights: number
  readonly airports: number
  /** Flights that were reported days after their departure. */
  readonly stragglers: number
  readonly bytes: number
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly crc: number }[]
}

/** A change of what is written below needs another number, so that older folders are made again. */
const FORMAT = 2
const FILE_COUNT = 6
const MINUTES_PER_DAY = 1_440
/** One in a thousand, from one day to less than five. */
const STRAGGLER_SHARE = 0.001
const STRAGGLER_DAYS = { least: 1, limit: 5 }
const MS_PER_MINUTE = 60_000
const CONTENTS = 'contents.json'

/** Brings `folder` into the state that `seed` says. */
export async function prepare(
  folder: string,
  seed: number,
  onProgress: (step: string, done: number, total: number) => void,
): Promise<Prepared & { readonly reused: boolean }> {
  const found = readContents(folder)
  if (found?.format === FORMAT && found.seed === seed && isIntact(folder, found)) return { ...found, reused: true }
  const table = await readFlights((done, total) => onProgress('reading', done, total))
  return { ...writeInput(folder, table, seed, (done) => onProgress('writing', done, table.count)), reused: false }
}

/** Writes the files of a table; the folder appears whole or not at all. */
export function writeInput(folder: string, table: FlightsTable, seed: number, onProgress: (done: number) => void): Prepared {
  const unfinished = `${folder}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  const lags = drawLags(table.count, seed)
  const files = writeFiles(unfinished, table, lags, seed, onProgress)
  const contents: Prepared = {
    format: FORMAT,
    seed,
    flights: table.count,
    airports: new Set(table.origins).size,
    stragglers: lags.reduce((sum, lag) => sum + (lag >= IN_TIME_MINUTES ? 1 : 0), 0),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    files,
  }
  writeFileSync(join(unfinished, CONTENTS), `${JSON.stringify(contents, null, 2)}\n`)
  rmSync(folder, { recursive: true, force: true })
  renameSync(unfinished, folder)
  return contents
}

function writeFiles(
  folder: string,
  table: FlightsTable,
  lags: Uint16Array,
  seed: number,
  onProgress: (done: number) => void,
): Prepared['files'] {
  const fileOf = assignFiles(table, randomOf(seed, 'files'))
  const names = Array.from({ length: FILE_COUNT }, (_, index) => `flights-${index}.jsonl`)
  const files = names.map((name) => new LineFile(join(folder, name)))
  const order = reportOrder(table, lags)
  for (let position = 0; position < order.length; position++) {
    const row = order[position]!
    files[fileOf[table.origins[row]!]!]!.write(flightLine(table, row, lags[row]!))
    if (position % 100_000 === 0) onProgress(position)
  }
  return files.map((file, index) => ({ name: names[index]!, ...file.close() }))
}

function flightLine(table: FlightsTable, row: number, lag: number): string {
  const { airports, minutes, origins, destinations, delays, distances } = table
  const route = `"origin":"${airports[origins[row]!]!}","destination":"${airports[destinations[row]!]!}"`
  const numbers = `"delay":${delays[row]!},"distance":${distances[row]!},"lag":${lag}`
  return `{"id":${row},"at":${minutes[row]! * MS_PER_MINUTE},${route},${numbers}}\n`
}

/** How many minutes after its planned departure each flight is reported. */
function drawLags(count: number, seed: number): Uint16Array {
  const random = randomOf(seed, 'order')
  const isStraggler = randomOf(seed, 'stragglers')
  const { least, limit } = STRAGGLER_DAYS
  return new Uint16Array(count).map(() =>
    isStraggler() < STRAGGLER_SHARE
      ? Math.floor((least + random() * (limit - least)) * MINUTES_PER_DAY)
      : Math.floor(random() * IN_TIME_MINUTES),
  )
}

/**
 * The order in which flights are written: by planned departure plus lag. So when a flight comes that was reported in time, none
 * before it departs three hours later or more. A counting sort over minutes.
 */
function reportOrder({ count, minutes }: FlightsTable, lags: Uint16Array): Uint32Array {
  const first = minutes.reduce((least, minute) => Math.min(least, minute), Infinity)
  const reports = minutes.map((minute, row) => minute - first + lags[row]!)
  const last = reports.reduce((most, minute) => Math.max(most, minute), 0)
  const next = new Uint32Array(last + 2)
  for (const minute of reports) next[minute + 1]!++
  for (let minute = 1; minute < next.length; minute++) next[minute]! += next[minute - 1]!
  const order = new Uint32Array(count)
  for (let row = 0; row < count; row++) order[next[reports[row]!]!++] = row
  return order
}

/** A file for each airport: the larger ones first, with chance in it, each to the file that has the fewest flights so far. */
function assignFiles(table: FlightsTable, random: () => number): Uint8Array {
  const flights = new Float64Array(table.airports.length)
  for (const origin of table.origins) flights[origin]!++
  const weighted = [...flights].map((size, airport) => ({ airport, size, weight: size * (0.5 + random()) }))
  const fileOf = new Uint8Array(table.airports.length)
  const load = Array.from({ length: FILE_COUNT }, () => 0)
  for (const { airport, size } of weighted.toSorted((a, b) => b.weight - a.weight)) {
    const file = load.indexOf(Math.min(...load))
    fileOf[airport] = file
    load[file]! += size
  }
  return fileOf
}

function readContents(folder: string): Prepared | undefined {
  const path = join(folder, CONTENTS)
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Prepared
  } catch {
    return undefined
  }
}

function isIntact(folder: string, contents: Prepared): boolean {
  return contents.files.every((file) => {
    const found = measure(join(folder, file.name))
    return found?.bytes === file.bytes && found.crc === file.crc
  })
}
