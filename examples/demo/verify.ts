/**
 * Compares what a job has committed, row by row, with what the straight-line computation says.
 *
 * A row is missing if no committed file holds it, doubled if it is there again, and wrong if it differs in any field, was
 * never due, cannot be read, or stands before a row of the same airport that it should follow. What that means for windows, which
 * may fire more than once, stands with their checks.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { forEachLine } from './files.ts'
import type { Row, RowCheck, Verdict } from './findings.ts'
import type { Expected } from './straight-line.ts'
import { BadWeatherCheck } from './verify-bad-weather.ts'
import { Conservation, HoursCheck, LateCheck } from './verify-hours.ts'
import { accountsCheck, alertsCheck } from './verify-keyed.ts'
import { SixHoursCheck } from './verify-six-hours.ts'

export interface Verification {
  readonly verdicts: readonly Verdict[]
  /** Flights counted in hours and among the late, and where that is not all there is. */
  readonly conservation: { readonly counted: number; readonly late: number; readonly unequal: readonly string[] }
  /** Rows of windows that flights reported later have replaced. */
  readonly replaced: { readonly sixHours: number; readonly badWeather: number }
}

/** Reads all committed files: about ten seconds for three million flights. `onRow` sees each row that is one. */
export function verify(
  outputFolder: string,
  expected: Expected,
  onRow: (sink: string, row: Row, position: number) => void = () => {},
): Verification {
  const conservation = new Conservation(expected)
  const sixHours = new SixHoursCheck(expected.windows)
  const badWeather = new BadWeatherCheck(expected.windows)
  const checks = [
    accountsCheck(expected),
    alertsCheck(expected),
    new HoursCheck(conservation),
    new LateCheck(conservation),
    sixHours,
    badWeather,
  ]
  const read = checks.map((check) => readOutput(join(outputFolder, check.name), check, onRow))
  for (const check of checks) check.end()
  return {
    verdicts: checks.map(({ name, findings }, index) => findings.verdict(name, read[index]!.files, read[index]!.rows)),
    conservation: { counted: conservation.counted, late: conservation.late, unequal: conservation.unequal() },
    replaced: { sixHours: sixHours.again, badWeather: badWeather.replaced },
  }
}

/** A name that begins with a dot is not committed; names sort in the order of commits. */
export function committedFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .toSorted()
}

function readOutput(
  folder: string,
  check: RowCheck,
  onRow: (sink: string, row: Row, position: number) => void,
): { readonly files: number; readonly rows: number } {
  const files = committedFiles(folder)
  let rows = 0
  for (const file of files) {
    forEachLine(join(folder, file), (line, number, end) => {
      rows += 1
      const where = (): string => `${check.name}/${file}:${number}`
      const row = end === 'whole' ? parse(line) : undefined
      if (row === undefined) return check.findings.note('wrong', () => `${where()}: no whole JSON object: ${line}`)
      onRow(check.name, row, rows)
      check.see(row, line, where)
    })
  }
  return { files: files.length, rows }
}

function parse(line: string): Row | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Row) : undefined
  } catch {
    return undefined
  }
}
