/** What the demo's tests share: a folder that goes away, and flights out of order. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Flight } from './flight.ts'

export function temporaryFolder(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-demo-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes rows as JSON Lines; makes the folder. */
export function writeRows(folder: string, name: string, rows: readonly unknown[]): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}

/** Flights of one airport in the order of their arrival, each up to three hours after its departure; many are very late. */
export function flightsOutOfOrder(random: () => number, count: number, firstId = 0, origin = 'ORD'): readonly Flight[] {
  const hours = 1 + random() * 12
  const flights = Array.from({ length: count }, (_, index) => {
    const at = Math.floor(random() * hours * 60) * 60_000
    const delay = random() < 0.8 ? 60 + Math.floor(random() * 200) : Math.floor(random() * 60)
    return { id: firstId + index, at, origin, destination: 'STL', delay, distance: 258, lag: Math.floor(random() * 180) }
  })
  return inOrderOfReport(flights)
}

export function inOrderOfReport(flights: readonly Flight[]): readonly Flight[] {
  const reportedAt = ({ at, lag }: Flight): number => at + lag * 60_000
  return flights.toSorted((a, b) => reportedAt(a) - reportedAt(b))
}
