/**
 * Hours and late flights. Which flights are late depends on how far the watermark was when they came, and so on the moments of the
 * kills; that each flight is counted in its hour or among the late, and once, does not.
 */
import { Findings, firstDifference, type Row, type RowCheck, startHourOf } from './findings.ts'
import type { Expected } from './straight-line.ts'
import type { ExpectedHours } from './straight-line-windows.ts'

const HOUR_MS = 3_600_000

/** Where each flight has been found, by either of the two checks. */
export class Conservation {
  readonly expected: Expected
  readonly #found: Uint8Array
  readonly #perHour = new Map<ExpectedHours, number>()
  counted = 0
  late = 0

  constructor(expected: Expected) {
    this.expected = expected
    this.#found = new Uint8Array(expected.accounts.seq.length)
  }

  /** False when it was found before. */
  find(id: number): boolean {
    if (this.#found[id] === 1) return false
    this.#found[id] = 1
    return true
  }

  isLost(id: number): boolean {
    return this.#found[id] === 0 && this.expected.accounts.seq[id]! > 0
  }

  /** Flights that came out for an hour of an airport. */
  add(hour: ExpectedHours, flights: number): void {
    this.#perHour.set(hour, (this.#perHour.get(hour) ?? 0) + flights)
  }

  hourOf(airport: unknown, hour: number): ExpectedHours | undefined {
    return this.expected.windows.hours.get(String(airport))?.get(hour)
  }

  /** Airports and hours for which what was counted and what was late is together not what there is. */
  unequal(): readonly string[] {
    const found: string[] = []
    for (const [airport, hours] of this.expected.windows.hours)
      for (const [hour, due] of hours) {
        const flights = this.#perHour.get(due) ?? 0
        if (flights !== due.flights) found.push(`${airport} ${timeOf(hour)}: ${flights} of ${due.flights} flights`)
      }
    return found
  }
}

export class HoursCheck implements RowCheck {
  readonly name: string = 'hours'
  readonly findings: Findings = new Findings()
  readonly #conservation: Conservation
  readonly #seen = new Set<ExpectedHours>()

  constructor(conservation: Conservation) {
    this.#conservation = conservation
  }

  see(row: Row, line: string, where: () => string): void {
    const { findings } = this
    const startHour = startHourOf(row, 1)
    const hour = this.#conservation.hourOf(row['key'], startHour)
    if (hour === undefined) return findings.note('wrong', () => `${where()}: no such row is due: ${line}`)
    if (this.#seen.has(hour)) return findings.note('doubled', () => `${where()}: again: ${line}`)
    this.#seen.add(hour)
    const flights = Number(row['flights'])
    this.#conservation.counted += flights
    this.#conservation.add(hour, flights)
    const ids = Array.isArray(row['ids']) ? (row['ids'] as readonly number[]) : []
    const stranger = ids.find((id) => !this.#isOf(id, row['key'], startHour))
    if (stranger !== undefined) return findings.note('wrong', () => `${where()}: flight ${stranger} is of another hour or airport: ${line}`)
    const again = ids.filter((id) => !this.#conservation.find(id))
    if (again.length > 0) return findings.note('doubled', () => `${where()}: flight ${again[0]} again: ${line}`)
    const due = this.#rowOf(row, ids)
    const field = firstDifference(row, due)
    if (field !== undefined) findings.note('wrong', () => `${where()}: ${field}: ${line} should be ${JSON.stringify(due)}`)
  }

  end(): void {
    const { expected } = this.#conservation
    for (let id = 0; id < expected.accounts.seq.length; id++) {
      if (!this.#conservation.isLost(id) || expected.windows.stragglers.has(id)) continue
      this.findings.note('missing', () => `flight ${id} is in no hour and was in time`)
    }
  }

  #isOf(id: number, airport: unknown, hour: number): boolean {
    const { accounts, airports } = this.#conservation.expected
    if ((accounts.seq[id] ?? 0) === 0) return false
    return airports[accounts.airport[id]!] === airport && Math.floor(accounts.at[id]! / HOUR_MS) === hour
  }

  /** What the row of these flights must say. */
  #rowOf({ key, window }: Row, ids: readonly number[]): Row {
    const { ownDelay } = this.#conservation.expected.accounts
    let minutes = 0
    let worst = -Infinity
    for (const id of ids) {
      minutes += ownDelay[id]!
      worst = Math.max(worst, ownDelay[id]!)
    }
    return { key, window, flights: ids.length, minutes, worst, ids }
  }
}

export class LateCheck implements RowCheck {
  readonly name: string = 'late'
  readonly findings: Findings = new Findings()
  readonly #conservation: Conservation

  constructor(conservation: Conservation) {
    this.#conservation = conservation
  }

  see(row: Row, line: string, where: () => string): void {
    const { findings } = this
    const due = this.#conservation.expected.windows.stragglers.get(Number(row['id']))
    if (due === undefined) return findings.note('wrong', () => `${where()}: no such flight, or it was in time: ${line}`)
    this.#conservation.late += 1
    const hour = this.#conservation.hourOf(due.origin, Math.floor(due.at / HOUR_MS))
    if (hour !== undefined) this.#conservation.add(hour, 1)
    if (!this.#conservation.find(due.id)) return findings.note('doubled', () => `${where()}: counted in its hour, or again: ${line}`)
    const field = firstDifference(row, { ...due })
    if (field !== undefined) findings.note('wrong', () => `${where()}: ${field}: ${line} should be ${JSON.stringify(due)}`)
  }

  end(): void {
    for (const [id, flight] of this.#conservation.expected.windows.stragglers)
      if (this.#conservation.isLost(id))
        this.findings.note('missing', () => `neither counted in its hour nor among the late: ${JSON.stringify(flight)}`)
  }
}

const timeOf = (hour: number): string => new Date(hour * HOUR_MS).toISOString().slice(0, 16).replace('T', ' ')
