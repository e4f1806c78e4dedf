/** A few results worth looking at, out of what the job has committed. */
import { readFileSync } from 'node:fs'
import type { AccountRow } from './account.ts'
import type { Alert } from './alert.ts'
import type { Row } from './findings.ts'
import type { Flight } from './flight.ts'
import { datasetPath } from './flights-table.ts'
import { count } from './screen.ts'
import type { Verification } from './verify.ts'

interface WindowRow {
  readonly key: string
  readonly window: { readonly start: number; readonly end: number }
  readonly flights: number
}
interface Hour extends WindowRow {
  readonly minutes: number
}
interface SixHours extends WindowRow {
  readonly average: number
}

/** Means of fewer flights say little. */
const LARGE_AIRPORT_FLIGHTS = 10_000
const BUSY_HOUR_FLIGHTS = 20
const BUSY_SIX_HOURS_FLIGHTS = 100
const FAMOUS_AIRPORT = 'ORD'

const HOUR_MS = 3_600_000
const MINUTES_PER_DAY = 1_440

/** Keeps each airport's newest account and what may be worth a line while rows go by. */
export class Results {
  replaced: Verification['replaced'] = { sixHours: 0, badWeather: 0 }
  readonly #accounts = new Map<string, AccountRow>()
  readonly #alerts: Alert[] = []
  readonly #hours: Hour[] = []
  #late = { flights: 0, lag: 0 }
  #sixHours: SixHours | undefined
  #badWeather: WindowRow | undefined

  see(sink: string, row: Row): void {
    if (sink === 'accounts') this.#accounts.set(String(row['airport']), row as unknown as AccountRow)
    else if (sink === 'alerts') this.#alerts.push(row as unknown as Alert)
    else if (sink === 'hours') this.#seeHour(row as unknown as Hour)
    else if (sink === 'six-hours') this.#seeSixHours(row as unknown as SixHours)
    else if (sink === 'late') this.#seeLate(row as unknown as Flight)
    else this.#seeBadWeather(row as unknown as WindowRow)
  }

  #seeHour(hour: Hour): void {
    if (hour.key === FAMOUS_AIRPORT && hour.flights >= BUSY_HOUR_FLIGHTS) this.#hours.push(hour)
  }

  #seeSixHours(row: SixHours): void {
    if (row.flights >= BUSY_SIX_HOURS_FLIGHTS && !(row.average <= (this.#sixHours?.average ?? -Infinity))) this.#sixHours = row
  }

  #seeLate({ lag }: Flight): void {
    this.#late = { flights: this.#late.flights + 1, lag: Math.max(this.#late.lag, lag) }
  }

  #seeBadWeather(row: WindowRow): void {
    if (this.#badWeather === undefined || lengthOf(row) >= lengthOf(this.#badWeather)) this.#badWeather = row
  }

  lines(): readonly string[] {
    return [...this.#accountLines(), ...this.#alertLines(), ...this.#windowLines()]
  }

  #accountLines(): readonly string[] {
    const names = airportNames()
    const accounts = [...this.#accounts.values()]
    const mean = (account: AccountRow): number => account.delay / account.seq
    const large = accounts.filter((account) => account.seq >= LARGE_AIRPORT_FLIGHTS).toSorted((a, b) => mean(b) - mean(a))
    const busiest = accounts.toSorted((a, b) => b.seq - a.seq)
    return [
      ...airportLines('most flights', busiest.slice(0, 3), names, (account) => `${count(account.seq)} flights`),
      ...airportLines('latest on average', large.slice(0, 3), names, (account) => `${mean(account).toFixed(1)} minutes late`),
      ...airportLines('most punctual', large.slice(-3).toReversed(), names, (account) => `${mean(account).toFixed(1)} minutes late`),
    ]
  }

  #alertLines(): readonly string[] {
    const largest = this.#alerts.toSorted((a, b) => b.flights - a.flights)[0]
    const longest = this.#alerts.toSorted((a, b) => b.run - a.run || b.at - a.at)[0]
    return [
      ...lineOf('largest alert', largest, ({ airport, at, flights, minutes }) => [
        placeOf(airport, at),
        `${flights} flights, ${count(minutes)} minutes late`,
      ]),
      ...lineOf('longest run', longest, ({ airport, at, run }) => [placeOf(airport, at), `${run} alerts in a row, this the last`]),
    ]
  }

  #windowLines(): readonly string[] {
    const mean = (hour: Hour): number => hour.minutes / hour.flights
    const worst = this.#hours.toSorted((a, b) => mean(b) - mean(a)).slice(0, 3)
    const { flights, lag } = this.#late
    const { sixHours, badWeather } = this.replaced
    return [
      ...worst.flatMap((hour, index) =>
        lineOf(index === 0 ? 'worst hours' : '', hour, (row) => [placeOf(row.key, row.window.start), averageOf(mean(row), row.flights)]),
      ),
      ...lineOf('worst six hours', this.#sixHours, (row) => [placeOf(row.key, row.window.start), averageOf(row.average, row.flights)]),
      ...lineOf('longest bad weather', this.#badWeather, (row) => [
        placeOf(row.key, row.window.start),
        `${(lengthOf(row) / HOUR_MS).toFixed(1)} hours, ${count(row.flights)} very late flights`,
      ]),
      `${title('late')}${count(flights)} flights, the last ${(lag / MINUTES_PER_DAY).toFixed(1)} days after its departure`,
      `${title('corrected by them')}${count(sixHours)} rows of six hours, ${count(badWeather)} of bad weather`,
    ]
  }
}

function airportLines(name: string, accounts: readonly AccountRow[], names: Names, tell: (account: AccountRow) => string): string[] {
  return accounts.map((account, index) => `${title(index === 0 ? name : '')}${nameOf(names, account.airport)}  ${tell(account)}`)
}

function lineOf<T>(name: string, found: T | undefined, tell: (found: T) => readonly [place: string, what: string]): readonly string[] {
  return found === undefined ? [] : [`${title(name)}${tell(found).join('  ')}`]
}

const title = (name: string): string => name.padEnd(20)

const placeOf = (airport: string, at: number): string => `${airport} ${new Date(at).toISOString().slice(0, 16).replace('T', ' ')}`

const averageOf = (minutes: number, flights: number): string => `${minutes.toFixed(0)} min late on average, ${count(flights)} flights`

const lengthOf = ({ window }: WindowRow): number => window.end - window.start

type Names = ReadonlyMap<string, string>

const nameOf = (names: Names, airport: string): string => `${airport} ${names.get(airport) ?? ''}`.padEnd(24)

/** `ORD` → `Chicago IL`. Only names of airports, the second field, have commas in them. */
function airportNames(): Names {
  const rows = readFileSync(datasetPath('airports.csv'), 'utf8')
    .split('\n')
    .map((line) => line.split(','))
  return new Map(rows.map((fields) => [fields[0] ?? '', `${fields.at(-5)} ${fields.at(-4)}`]))
}
