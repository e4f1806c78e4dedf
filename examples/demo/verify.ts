/**
 * Compares what a job has committed, row by row, with what the straight-line computation says.
 *
 * A row is missing if no committed file holds it, doubled if it is there again, and wrong if it differs in any field, was
 * never due, cannot be read, or stands before a row of the same airport that it should follow.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type LineEnd, forEachLine } from './files.ts'
import type { Expected } from './straight-line.ts'

export type Row = Readonly<Record<string, unknown>>

/** What came out for one sink. */
export interface Verdict {
  readonly name: string
  readonly files: number
  readonly rows: number
  readonly missing: number
  readonly doubled: number
  readonly wrong: number
  /** The first few of each kind, in words. */
  readonly examples: readonly string[]
}

/** What one sink must hold: rows known by the number of their flight. */
interface Due {
  readonly name: string
  readonly count: number
  /** Above every flight number. */
  readonly idLimit: number
  row(id: number): Row | undefined
  /** Grows along the rows of an airport. */
  place(row: Row): number
}

const EXAMPLES_PER_KIND = 3

/** Reads all committed files of both sinks: about five seconds for three million rows. `onRow` sees each row that is one. */
export function verify(
  outputFolder: string,
  expected: Expected,
  onRow: (sink: string, row: Row, position: number) => void = () => {},
): readonly Verdict[] {
  return [dueAccounts(expected), dueAlerts(expected)].map((due) => {
    const check = new RowCheck(due, onRow)
    const folder = join(outputFolder, due.name)
    const files = committedFiles(folder)
    for (const file of files) {
      forEachLine(join(folder, file), (line, number, end) => {
        check.see(line, end, () => `${due.name}/${file}:${number}`)
      })
    }
    return check.verdict(files.length)
  })
}

/** A name that begins with a dot is not committed; names sort in the order of commits. */
export function committedFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .toSorted()
}

function dueAccounts({ accounts, airports }: Expected): Due {
  const { airport, seq, delay, distance, hash } = accounts
  return {
    name: 'accounts',
    count: accounts.count,
    idLimit: seq.length,
    row: (id) =>
      (seq[id] ?? 0) === 0
        ? undefined
        : { airport: airports[airport[id]!], seq: seq[id], id, delay: delay[id], distance: distance[id], hash: hash[id] },
    place: (row) => Number(row['seq']),
  }
}

function dueAlerts({ alerts }: Expected): Due {
  const byId = new Map(alerts.map((alert) => [alert.id, { ...alert }]))
  return {
    name: 'alerts',
    count: alerts.length,
    idLimit: Math.max(-1, ...byId.keys()) + 1,
    row: (id) => byId.get(id),
    place: (row) => Number(row['at']),
  }
}

class RowCheck {
  rows = 0
  readonly #due: Due
  readonly #onRow: (sink: string, row: Row, position: number) => void
  readonly #seen: Uint8Array
  readonly #lastPlace = new Map<unknown, number>()
  readonly #counts = { missing: 0, doubled: 0, wrong: 0 }
  readonly #examples: string[] = []

  constructor(due: Due, onRow: (sink: string, row: Row, position: number) => void) {
    this.#due = due
    this.#onRow = onRow
    this.#seen = new Uint8Array(due.idLimit)
  }

  see(line: string, end: LineEnd, where: () => string): void {
    this.rows += 1
    const row = end === 'whole' ? parse(line) : undefined
    if (row === undefined) return this.#count('wrong', () => `${where()}: no whole JSON object: ${line}`)
    this.#onRow(this.#due.name, row, this.rows)
    const id = Number(row['id'])
    const due = this.#due.row(id)
    if (due === undefined) return this.#count('wrong', () => `${where()}: no such row is due: ${line}`)
    if (this.#seen[id] === 1) return this.#count('doubled', () => `${where()}: again: ${line}`)
    this.#seen[id] = 1
    const field = firstDifference(row, due)
    if (field !== undefined) return this.#count('wrong', () => `${where()}: ${field}: ${line} should be ${JSON.stringify(due)}`)
    if (!this.#follows(due)) this.#count('wrong', () => `${where()}: after a later row of its airport: ${line}`)
  }

  verdict(files: number): Verdict {
    for (let id = 0; id < this.#seen.length; id++) {
      const due = this.#seen[id] === 0 ? this.#due.row(id) : undefined
      if (due !== undefined) this.#count('missing', () => `nowhere in ${this.#due.name}: ${JSON.stringify(due)}`)
    }
    return { name: this.#due.name, files, rows: this.rows, ...this.#counts, examples: this.#examples }
  }

  #follows(row: Row): boolean {
    const place = this.#due.place(row)
    const last = this.#lastPlace.get(row['airport']) ?? -Infinity
    this.#lastPlace.set(row['airport'], Math.max(place, last))
    return place > last
  }

  #count(kind: 'missing' | 'doubled' | 'wrong', describe: () => string): void {
    this.#counts[kind] += 1
    if (this.#counts[kind] <= EXAMPLES_PER_KIND) this.#examples.push(`${kind}: ${describe()}`)
  }
}

function parse(line: string): Row | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Row) : undefined
  } catch {
    return undefined
  }
}

/** The name of a field that only one side has or that differs. */
function firstDifference(row: Row, due: Row): string | undefined {
  for (const field in due) if (row[field] !== due[field]) return field
  for (const field in row) if (!Object.hasOwn(due, field)) return field
  return undefined
}
