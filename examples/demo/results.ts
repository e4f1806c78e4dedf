/** A few results worth looking at, out of what the job has committed. */
import { readFileSync } from 'node:fs'
import type { AccountRow } from './account.ts'
import type { Alert } from './alert.ts'
import { datasetPath } from './flights-table.ts'
import { count } from './screen.ts'

/** Keeps each airport's newest account and all alerts while rows go by. */
export class Results {
  readonly #accounts = new Map<string, AccountRow>()
  readonly #alerts: Alert[] = []

  see(sink: string, row: Readonly<Record<string, unknown>>): void {
    if (sink === 'alerts') this.#alerts.push(row as unknown as Alert)
    else this.#accounts.set(String(row['airport']), row as unknown as AccountRow)
  }

  lines(): readonly string[] {
    const names = airportNames()
    const accounts = [...this.#accounts.values()]
    const mean = (account: AccountRow): number => account.delay / account.seq
    const large = accounts.filter((account) => account.seq >= LARGE_AIRPORT_FLIGHTS).toSorted((a, b) => mean(b) - mean(a))
    const busiest = accounts.toSorted((a, b) => b.seq - a.seq)
    const longestRun = this.#alerts.toSorted((a, b) => b.run - a.run || b.at - a.at)[0]
    const largest = this.#alerts.toSorted((a, b) => b.flights - a.flights)[0]
    return [
      ...airportLines('most flights', busiest.slice(0, 3), names, (account) => `${count(account.seq)} flights`),
      ...airportLines('latest on average', large.slice(0, 3), names, (account) => `${mean(account).toFixed(1)} minutes late`),
      ...airportLines('most punctual', large.slice(-3).toReversed(), names, (account) => `${mean(account).toFixed(1)} minutes late`),
      ...(largest === undefined ? [] : [largestLine(largest, names)]),
      ...(longestRun === undefined ? [] : [longestRunLine(longestRun, names)]),
    ]
  }
}

/** Means of fewer flights say little. */
const LARGE_AIRPORT_FLIGHTS = 10_000

function airportLines(title: string, accounts: readonly AccountRow[], names: Names, tell: (account: AccountRow) => string): string[] {
  return accounts.map((account, index) => `${(index === 0 ? title : '').padEnd(19)}${nameOf(names, account.airport)}  ${tell(account)}`)
}

function largestLine({ airport, at, flights, minutes }: Alert, names: Names): string {
  return `${'largest alert'.padEnd(19)}${nameOf(names, airport)}  ${flights} flights, ${count(minutes)} minutes late together, ${timeOf(at)}`
}

function longestRunLine({ airport, at, run }: Alert, names: Names): string {
  return `${'longest run'.padEnd(19)}${nameOf(names, airport)}  ${run} alerts in a row, the last at ${timeOf(at)}`
}

const timeOf = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ')

type Names = ReadonlyMap<string, string>

const nameOf = (names: Names, airport: string): string => `${airport} ${names.get(airport) ?? ''}`.padEnd(24)

/** `ORD` → `Chicago IL`. Only names of airports, the second field, have commas in them. */
function airportNames(): Names {
  const rows = readFileSync(datasetPath('airports.csv'), 'utf8')
    .split('\n')
    .map((line) => line.split(','))
  return new Map(rows.map((fields) => [fields[0] ?? '', `${fields.at(-5)} ${fields.at(-4)}`]))
}
