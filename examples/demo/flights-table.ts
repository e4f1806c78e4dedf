/** Reads the three million flights of npm's `vega-datasets` out of their Parquet file, into columns. */
import { fileURLToPath } from 'node:url'
import { zstdDecompressSync } from 'node:zlib'
import { asyncBufferFromFile, parquetMetadataAsync, parquetRead } from 'hyparquet'

/** Row i of every column is flight i. Airports are indices into `airports`. */
export interface FlightsTable {
  readonly count: number
  readonly airports: readonly string[]
  /** Planned departure, in minutes since the Unix epoch; the data's local times taken as UTC. */
  readonly minutes: Int32Array
  /** Minutes late on arrival; early ones are negative. */
  readonly delays: Int16Array
  /** Miles. */
  readonly distances: Int16Array
  readonly origins: Uint16Array
  readonly destinations: Uint16Array
}

const MICROSECONDS_PER_MINUTE = 60_000_000

/** Where a file of the `vega-datasets` package lies on this machine. */
export function datasetPath(name: string): string {
  return fileURLToPath(new URL(`../data/${name}`, import.meta.resolve('vega-datasets')))
}

/** Takes about three seconds. One row group at a time, so that the decoder's boxed values stay few. */
export async function readFlights(onProgress: (done: number, total: number) => void): Promise<FlightsTable> {
  const file = await asyncBufferFromFile(datasetPath('flights-3m.parquet'))
  const metadata = await parquetMetadataAsync(file)
  const table = new TableBuilder(Number(metadata.num_rows))
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows)
    await parquetRead({
      file,
      metadata,
      rowStart,
      rowEnd,
      compressors: { ZSTD: (input) => zstdDecompressSync(input) },
      parsers: { timestampFromMicroseconds: (micros) => Number(micros) },
      onChunk: (chunk) => table.fill(chunk.columnName, chunk.rowStart, chunk.columnData),
    })
    rowStart = rowEnd
    onProgress(rowEnd, table.count)
  }
  return table
}

class TableBuilder implements FlightsTable {
  readonly count: number
  readonly airports: string[] = []
  readonly minutes: Int32Array
  readonly delays: Int16Array
  readonly distances: Int16Array
  readonly origins: Uint16Array
  readonly destinations: Uint16Array
  readonly #airportIndex = new Map<string, number>()

  constructor(count: number) {
    this.count = count
    this.minutes = new Int32Array(count)
    this.delays = new Int16Array(count)
    this.distances = new Int16Array(count)
    this.origins = new Uint16Array(count)
    this.destinations = new Uint16Array(count)
  }

  fill(column: string, from: number, values: ArrayLike<unknown>): void {
    switch (column) {
      case 'date':
        return copy(values, this.minutes, from, (micros) => Number(micros) / MICROSECONDS_PER_MINUTE)
      case 'delay':
        return copy(values, this.delays, from, Number)
      case 'distance':
        return copy(values, this.distances, from, Number)
      case 'origin':
        return copy(values, this.origins, from, (airport) => this.#indexOf(String(airport)))
      case 'destination':
        return copy(values, this.destinations, from, (airport) => this.#indexOf(String(airport)))
      default:
        throw new Error(`flights-3m.parquet has a column '${column}' that this example does not know`)
    }
  }

  #indexOf(airport: string): number {
    let index = this.#airportIndex.get(airport)
    if (index === undefined) {
      index = this.airports.push(airport) - 1
      this.#airportIndex.set(airport, index)
    }
    return index
  }
}

function copy(
  values: ArrayLike<unknown>,
  column: Int32Array | Int16Array | Uint16Array,
  from: number,
  read: (value: unknown) => number,
): void {
  for (let row = 0; row < values.length; row++) column[from + row] = read(values[row])
}
