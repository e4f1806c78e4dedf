/**
 * Writes some orders, runs the job with checkpoints, and shows what it has committed. The second `run` on the same folder
 * finds the job finished and changes nothing; had the process been killed, it would go on from the newest checkpoint.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from 'millrace'
import orders, { type Order } from './job.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-orders-'))
const config = { input: join(folder, 'input'), output: join(folder, 'output') }
const checkpoints = { storage: join(folder, 'checkpoints'), every: '1s' } as const

const lines: readonly Order[] = [
  { shop: 'north', cents: 1_250 },
  { shop: 'south', cents: 400 },
  { shop: 'north', cents: 750 },
]
mkdirSync(config.input)
writeFileSync(join(config.input, 'monday.jsonl'), lines.map((order) => `${JSON.stringify(order)}\n`).join(''))

await run(orders, { config, checkpoints })
await run(orders, { config, checkpoints })

const totals = join(config.output, 'totals')
for (const name of readdirSync(totals).filter((file) => !file.startsWith('.'))) {
  process.stdout.write(readFileSync(join(totals, name), 'utf8'))
}
rmSync(folder, { recursive: true })
