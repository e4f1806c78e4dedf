/** Input of the sequence job: files of rows in the order of their times, each key in one file only, so that its order is settled. */
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'

export interface InputRow {
  readonly key: string
  /** Event time. */
  readonly at: number
  readonly value: number
  /** Index within its file: with the key it names the row. */
  readonly n: number
}
export interface InputShape {
  readonly seed: number
  readonly files: number
  readonly rowsPerFile: number
  readonly keysPerFile: number
  /** Event time from the first to the last row of a file. */
  readonly spanMs: number
}

/** How the rows stand in their files. */
export type InputFormat = 'jsonl' | 'csv' | 'jsonl.gz'

export const START_MS: number = Date.UTC(2001, 0, 1)

export function fileNameOf(file: number, format: InputFormat = 'jsonl'): string {
  return `rows-${String(file).padStart(3, '0')}.${format}`
}

/** The rows of one file. Every key comes up: first each once, then at random. */
export function rowsOf(shape: InputShape, file: number): InputRow[] {
  const { seed, rowsPerFile, keysPerFile, spanMs } = shape
  const random = new SeededRandom(seed, `rows ${file}`)
  const rows: InputRow[] = []
  for (let n = 0; n < rowsPerFile; n++) {
    const key = n < keysPerFile ? n : random.below(keysPerFile)
    rows.push({ key: `f${file}k${key}`, at: START_MS + Math.floor((n * spanMs) / rowsPerFile), value: random.below(1000), n })
  }
  return rows
}

/** As CSV with quotes and line ends inside: what begins a batch is found by its bytes. */
export function textOf(rows: readonly InputRow[], format: InputFormat = 'jsonl'): string {
  if (format === 'csv')
    return `n,note,key,at,value\n${rows.map(({ key, at, value, n }) => `${n},"a ""note""\n${n}",${key},${at},${value}\n`).join('')}`
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}
