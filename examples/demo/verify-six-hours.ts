/**
 * Windows of six hours. A flight that comes days later makes its windows fire again, so a window has a row for each time it fired:
 * every row counts more flights than the one before, the first has at least all that were in time, and the last is exact.
 */
import { Findings, firstDifference, type Row, type RowCheck, startHourOf } from './findings.ts'
import type { ExpectedHours, ExpectedWindows } from './straight-line-windows.ts'

const HOUR_MS = 3_600_000

export class SixHoursCheck implements RowCheck {
  readonly name: string = 'six-hours'
  readonly findings: Findings = new Findings()
  readonly #due: ReturnType<ExpectedWindows['sixHours']>
  /** Flights in the newest row. */
  readonly #newest = new Map<ExpectedHours, number>()
  /** Rows that came after the first of their window. */
  again = 0

  constructor(expected: ExpectedWindows) {
    this.#due = expected.sixHours()
  }

  see(row: Row, line: string, where: () => string): void {
    const { findings } = this
    const startHour = startHourOf(row, 6)
    const due = this.#due.get(String(row['key']))?.get(startHour)
    if (due === undefined) return findings.note('wrong', () => `${where()}: no such row is due: ${line}`)
    const flights = Number(row['flights'])
    const before = this.#newest.get(due)
    if (before === flights) return findings.note('doubled', () => `${where()}: again: ${line}`)
    if (before !== undefined && !(flights > before))
      return findings.note('wrong', () => `${where()}: after a row with ${before} flights: ${line}`)
    if (before !== undefined) this.again += 1
    this.#newest.set(due, flights)
    if (!(flights >= due.inTime && flights <= due.flights))
      return findings.note('wrong', () => `${where()}: ${due.inTime} to ${due.flights} flights can be in it: ${line}`)
    const last = rowOf(row['key'], startHour, due)
    const field = flights === due.flights ? firstDifference(row, last) : undefined
    if (field !== undefined) findings.note('wrong', () => `${where()}: ${field}: ${line} should be ${JSON.stringify(last)}`)
  }

  end(): void {
    for (const [airport, windows] of this.#due)
      for (const [startHour, due] of windows) {
        const flights = this.#newest.get(due)
        if (flights === undefined || flights < due.flights)
          this.findings.note('missing', () => {
            const last = flights === undefined ? 'no row' : `the last row has ${flights} flights`
            return `${last}, due is ${JSON.stringify(rowOf(airport, startHour, due))}`
          })
      }
  }
}

function rowOf(key: unknown, startHour: number, { flights, minutes, worst }: ExpectedHours): Row {
  const window = { start: startHour * HOUR_MS, end: (startHour + 6) * HOUR_MS }
  return { key, window, flights, average: minutes / flights, worst }
}
