/**
 * Prints a payment without a time, an alert, what bob spent in ten minutes, and a payment that came much too late; then, from
 * the files, bob's visit and the flights of each hour.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from 'millrace'
import fraud, { type Flight, type Payment } from './job.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-windows-'))
const config = { flights: join(folder, 'flights'), output: join(folder, 'output') }

const NOON = Date.parse('2024-05-01T12:00:00Z')
const paid = (id: string, card: string, amount: number, seconds: number): Payment => ({
  id,
  card,
  amount,
  at: NOON + seconds * 1_000,
  ok: true,
})
const payments: readonly Payment[] = [
  paid('a1', 'ann', 0.5, 0),
  paid('b1', 'bob', 300, 0),
  paid('a2', 'ann', 900, 30),
  paid('x', 'eve', 1, Number.NaN),
  paid('b2', 'bob', 250, 180),
  // Five minutes after a small one: no alert, also where no timer has fired between the two.
  paid('z1', 'zoe', 0.5, 0),
  paid('z2', 'zoe', 900, 300),
  paid('b3', 'bob', 400, 360),
  paid('b4', 'bob', 250, 540),
  // Half an hour of other people's coffee, and then what a slow terminal kept to itself.
  ...Array.from({ length: 900 }, (_, i) => paid(`o${i}`, `other${i}`, 4, 600 + 2 * i)),
  paid('a3', 'ann', 20, 300),
]
const flights: readonly Flight[] = [
  { origin: 'JFK', delay: 10, date: '2024-05-01T12:05:00Z' },
  { origin: 'JFK', delay: 0, date: '2024-05-01T13:10:00Z' },
  { origin: 'BOS', delay: 5, date: '2024-05-01T12:59:59Z' },
  // Out of order, but not by three hours.
  { origin: 'JFK', delay: 20, date: '2024-05-01T12:45:00Z' },
]
mkdirSync(config.flights)
writeFileSync(join(config.flights, 'flights-1.jsonl'), flights.map((flight) => `${JSON.stringify(flight)}\n`).join(''))

await run(fraud, { config: { payments, ...config }, checkpoints: { storage: join(folder, 'checkpoints'), every: '1s' } })

for (const [name, isShown] of [
  ['visits', /"bob"/],
  ['hourly', /./],
] as const) {
  const parts = readdirSync(join(config.output, name)).filter((file) => !file.startsWith('.'))
  for (const line of parts.flatMap((part) =>
    readFileSync(join(config.output, name, part), 'utf8')
      .trimEnd()
      .split('\n'),
  ))
    if (isShown.test(line)) console.log(line)
}
rmSync(folder, { recursive: true })
