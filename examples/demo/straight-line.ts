/**
 * The same rows as the job's, computed by plain loops over the input files: no engine, no state handles, no timers, and no
 * code of job.ts, account.ts or alert.ts. Every airport's flights are in one file, so their order in it is the order in
 * which any correct run must see them.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Departure } from './departure.ts'
import { forEachLine } from './files.ts'
import { ExpectedWindows } from './straight-line-windows.ts'

/** What the output must hold, exactly. */
export interface Expected {
  readonly airports: readonly string[]
  readonly accounts: ExpectedAccounts
  readonly alerts: readonly ExpectedAlert[]
  readonly windows: ExpectedWindows
}

export interface ExpectedAlert {
  readonly airport: string
  readonly id: number
  readonly at: number
  readonly flights: number
  readonly minutes: number
  readonly run: number
}

/** One account row for each flight, found by the flight's number; `seq` 0 where there is no such flight. */
export class ExpectedAccounts {
  count = 0
  airport = new Uint16Array(1 << 16)
  seq = new Int32Array(1 << 16)
  delay = new Int32Array(1 << 16)
  distance = new Float64Array(1 << 16)
  hash = new Uint32Array(1 << 16)
  /** Of the flight itself: minutes late, and planned departure. */
  ownDelay = new Int16Array(1 << 16)
  at = new Float64Array(1 << 16)

  /** Makes room for the flight `id`. */
  reach(id: number): void {
    if (id < this.seq.length) return
    const length = Math.max(id + 1, this.seq.length * 2)
    this.airport = grown(this.airport, new Uint16Array(length))
    this.seq = grown(this.seq, new Int32Array(length))
    this.delay = grown(this.delay, new Int32Array(length))
    this.distance = grown(this.distance, new Float64Array(length))
    this.hash = grown(this.hash, new Uint32Array(length))
    this.ownDelay = grown(this.ownDelay, new Int16Array(length))
    this.at = grown(this.at, new Float64Array(length))
  }
}

function grown<A extends { set(values: A): void }>(old: A, larger: A): A {
  larger.set(old)
  return larger
}

/** An airport while its file is read. */
interface Airport {
  readonly name: string
  readonly index: number
  seq: number
  delay: number
  distance: number
  hash: number
  /** Its very late flights, by hour of departure; never cleared. */
  readonly veryLate: Map<number, Departure[]>
  alertAt: number
  alertRun: number
}

/** Reads all input of the job: about five seconds for three million flights. */
export function straightLine(inputFolder: string, onProgress: (done: number) => void = () => {}): Expected {
  const airports = new Map<string, Airport>()
  const accounts = new ExpectedAccounts()
  const alerts: ExpectedAlert[] = []
  const windows = new ExpectedWindows()
  for (const name of readdirSync(inputFolder).toSorted()) {
    if (!name.startsWith('flights-') || !name.endsWith('.jsonl')) continue
    forEachLine(join(inputFolder, name), (line) => {
      const departure = JSON.parse(line) as Departure
      let airport = airports.get(departure.origin)
      if (airport === undefined) airports.set(departure.origin, (airport = newAirport(departure.origin, airports.size)))
      addToAccount(airport, departure, accounts)
      windows.add(departure)
      if (departure.delay >= 60 && departure.lag < 180) addToAlerts(airport, departure, alerts)
      if (accounts.count % 100_000 === 0) onProgress(accounts.count)
    })
  }
  return { airports: [...airports.keys()], accounts, alerts, windows }
}

function newAirport(name: string, index: number): Airport {
  return { name, index, seq: 0, delay: 0, distance: 0, hash: 0, veryLate: new Map(), alertAt: -Infinity, alertRun: 0 }
}

function addToAccount(airport: Airport, { id, at, destination, delay, distance }: Departure, accounts: ExpectedAccounts): void {
  airport.seq += 1
  airport.delay += delay
  airport.distance += distance
  for (const number of [id, Math.floor(at / 1000 / 60), delay, distance]) airport.hash = hashed(airport.hash, number)
  for (let letter = 0; letter < destination.length; letter++) airport.hash = hashed(airport.hash, destination.codePointAt(letter)!)
  accounts.reach(id)
  accounts.count += 1
  accounts.airport[id] = airport.index
  accounts.seq[id] = airport.seq
  accounts.delay[id] = airport.delay
  accounts.distance[id] = airport.distance
  accounts.hash[id] = airport.hash
  accounts.ownDelay[id] = delay
  accounts.at[id] = at
}

const word = new Uint32Array(1)

/** `h = (hash xor number) * 16777619 mod 2^32`, then `h xor (h >> 15)`. */
function hashed(hash: number, number: number): number {
  word[0] = hash ^ number
  const [mixed = 0] = word
  word[0] = (mixed % 256) * 16_777_216 + mixed * 403 // 16777619 = 2^24 + 403: sums that a double holds exactly
  return (word[0] ^ (word[0] >>> 15)) >>> 0
}

/** An alert: 8 flights or more of (at - 1 h, at], and the newest alert at least an hour before. */
function addToAlerts(airport: Airport, departure: Departure, alerts: ExpectedAlert[]): void {
  const { id, at } = departure
  const clockHour = Math.floor(at / 3_600_000)
  const sameHour = airport.veryLate.get(clockHour)
  if (sameHour === undefined) airport.veryLate.set(clockHour, [departure])
  else sameHour.push(departure)

  const sinceAlert = at - airport.alertAt
  if (sinceAlert < 3_600_000) return
  const candidates = [...(airport.veryLate.get(clockHour - 1) ?? []), ...(airport.veryLate.get(clockHour) ?? [])]
  const hour = candidates.filter((other) => other.at > at - 3_600_000 && other.at <= at)
  if (hour.length < 8) return
  airport.alertRun = sinceAlert <= 10_800_000 ? airport.alertRun + 1 : 1
  airport.alertAt = at
  const minutes = hour.reduce((sum, late) => sum + late.delay, 0)
  alerts.push({ airport: airport.name, id, at, flights: hour.length, minutes, run: airport.alertRun })
}
