/** Writes a CSV file and a compressed one, runs the job, and shows what it has committed. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { run } from 'millrace'
import trips from './job.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-trips-'))
const config = { input: join(folder, 'input'), output: join(folder, 'output') }
mkdirSync(config.input)
writeFileSync(join(config.input, 'may.csv'), 'id,station,startedAt,minutes\n1,"Harbour, north",2026-05-01T08:00Z,12\n2,Mill,soon,7\n')
writeFileSync(join(config.input, 'june.csv.gz'), gzipSync('id,station,minutes,startedAt\n3,"The ""Old"" Mill",30,2026-06-01T09:30Z\n'))

await run(trips, { config, checkpoints: { storage: join(folder, 'checkpoints'), every: '1s' } })

for (const sink of ['trips', 'unreadable']) {
  for (const name of readdirSync(join(config.output, sink)).filter((file) => !file.startsWith('.')))
    process.stdout.write(readFileSync(join(config.output, sink, name), 'utf8'))
}
rmSync(folder, { recursive: true })
