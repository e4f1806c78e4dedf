/** Accounts and alerts: a row for a flight, each once, in order per airport. */
import { Findings, firstDifference, type Row, type RowCheck } from './findings.ts'
import type { Expected } from './straight-line.ts'

/** What one sink must hold: rows known by the number of their flight. */
interface Due {
  readonly name: string
  /** Above every flight number. */
  readonly idLimit: number
  row(id: number): Row | undefined
  /** Grows along the rows of an airport. */
  place(row: Row): number
}

export function accountsCheck({ accounts, airports }: Expected): RowCheck {
  const { airport, seq, delay, distance, hash } = accounts
  return new KeyedCheck({
    name: 'accounts',
    idLimit: seq.length,
    row: (id) =>
      (seq[id] ?? 0) === 0
        ? undefined
        : { airport: airports[airport[id]!], seq: seq[id], id, delay: delay[id], distance: distance[id], hash: hash[id] },
    place: (row) => Number(row['seq']),
  })
}

export function alertsCheck({ alerts }: Expected): RowCheck {
  const byId = new Map(alerts.map((alert) => [alert.id, { ...alert }]))
  return new KeyedCheck({
    name: 'alerts',
    idLimit: Math.max(-1, ...byId.keys()) + 1,
    row: (id) => byId.get(id),
    place: (row) => Number(row['at']),
  })
}

class KeyedCheck implements RowCheck {
  readonly name: string
  readonly findings: Findings = new Findings()
  readonly #due: Due
  readonly #seen: Uint8Array
  readonly #lastPlace = new Map<unknown, number>()

  constructor(due: Due) {
    this.name = due.name
    this.#due = due
    this.#seen = new Uint8Array(due.idLimit)
  }

  see(row: Row, line: string, where: () => string): void {
    const { findings } = this
    const id = Number(row['id'])
    const due = this.#due.row(id)
    if (due === undefined) return findings.note('wrong', () => `${where()}: no such row is due: ${line}`)
    if (this.#seen[id] === 1) return findings.note('doubled', () => `${where()}: again: ${line}`)
    this.#seen[id] = 1
    const field = firstDifference(row, due)
    if (field !== undefined) return findings.note('wrong', () => `${where()}: ${field}: ${line} should be ${JSON.stringify(due)}`)
    if (!this.#follows(due)) findings.note('wrong', () => `${where()}: after a later row of its airport: ${line}`)
  }

  end(): void {
    for (let id = 0; id < this.#seen.length; id++) {
      const due = this.#seen[id] === 0 ? this.#due.row(id) : undefined
      if (due !== undefined) this.findings.note('missing', () => `nowhere in ${this.name}: ${JSON.stringify(due)}`)
    }
  }

  #follows(row: Row): boolean {
    const place = this.#due.place(row)
    const last = this.#lastPlace.get(row['airport']) ?? -Infinity
    this.#lastPlace.set(row['airport'], Math.max(place, last))
    return place > last
  }
}
