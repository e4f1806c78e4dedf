/** What was tried and what became of it, by kind of file. */
import type { UnitResult } from './unit.ts'
import type { JobsResult } from './worker.ts'

const COLUMNS = ['bytes', 'bits', 'cut', 'missing', 'swapped', 'grown', 'detected', 'harmless', 'failed'] as const
type Row = Record<(typeof COLUMNS)[number] | 'files', number>

const WHY_HARMLESS = [
  'harmless: the same state as before, as the file rightly is not read for it:',
  '  heartbeat: only says that the owner lives and which entry was its newest; a damaged one says nothing',
  '  mark: one that is missing says nothing where there are entries, and white space at its end says nothing',
  '  entries of a directory whose job has finished, but for the finished entry: a start restores nothing; restored by number, they are detected',
  '  chunk: bits in the part of an operator whose run has been merged into another chunk since; chunks that no checkpoint names',
]

export function printTable(results: readonly UnitResult[], jobs: readonly JobsResult[]): void {
  const rows = new Map<string, Row>()
  for (const result of results) {
    rows.set(result.kind, sum(rows.get(result.kind), rowOf(result)))
  }
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1))
  const total = sorted.reduce<Row | undefined>((all, [, row]) => sum(all, row), undefined)
  const write = (cells: readonly string[]): void =>
    void process.stdout.write(`${cells.map((cell, i) => (i === 0 ? cell.padEnd(20) : cell.padStart(9))).join('')}\n`)
  process.stdout.write(`${WHY_HARMLESS.join('\n')}\n`)
  const count = (of: (each: JobsResult) => number): number => jobs.reduce((all, each) => all + of(each), 0)
  const failed = count(({ failures }) => failures.length)
  process.stdout.write(
    `whole jobs started on a damaged directory: ${count((each) => each.jobs)}, detected ${count((each) => each.detected)}, ` +
      `harmless ${count((each) => each.harmless)}, failed ${failed}\n`,
  )
  write(['kind of file', 'files', ...COLUMNS])
  for (const [kind, row] of [...sorted, ...(total === undefined ? [] : [['all', total] as const])])
    write([kind, String(row.files), ...COLUMNS.map((column) => String(row[column]))])
}

function rowOf({ bytes, tries, detected, harmless, failed }: UnitResult): Row {
  const { bit: bits, truncated: cut, missing, swapped, grown } = tries
  return { files: 1, bytes, bits, cut, missing, swapped, grown, detected, harmless, failed }
}

function sum(a: Row | undefined, b: Row): Row {
  if (a === undefined) return b
  return Object.fromEntries(Object.entries(b).map(([name, value]) => [name, value + a[name as keyof Row]])) as Row
}
