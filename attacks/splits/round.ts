/** Writes the files of one layout, runs a job over them, and gives what a step saw of event time. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { nodeEnv } from '../../packages/millrace/src/env/node-env.ts'
import { csv, fileSource, jsonLines, text } from '../../packages/millrace/src/files.ts'
import { callbackSink, defineJob, generatorSource, type Job, type Out, type Source } from '../../packages/millrace/src/index.ts'
import { startJob } from '../../packages/millrace/src/job/start-job.ts'
import type { JobHandle } from '../../packages/millrace/src/runtime/monitor.ts'
import { ownFolder } from '../lib/attack.ts'
import { Ahead } from './ahead.ts'
import { timesOf, type FileFormat, type Layout } from './layouts.ts'

const UNTIMED_RECORDS = 20_000

interface Timed {
  readonly at: number
}

/** One for each life of the job. */
export async function runLayout(layout: Layout): Promise<readonly Ahead[]> {
  const folder = join(ownFolder('splits'), `round-${layout.seed}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'input'), { recursive: true })
  const times = layout.files.map((_file, index) => timesOf(layout, index))
  for (const [index, each] of times.entries())
    writeFileSync(join(folder, 'input', `${index}.${layout.format}`), contentOf(layout.format, each))
  const total = times.flat().length
  const lives: Ahead[] = []
  const start = (): Promise<JobHandle> => {
    const ahead = new Ahead(layout.outOfOrdernessMs)
    lives.push(ahead)
    const env = nodeEnv({ log: { level: 'error' } })
    return startJob(
      jobOf(layout, join(folder, 'input'), ahead),
      { checkpoints: { storage: join(folder, 'checkpoints'), every: 50 } },
      { env },
    )
  }
  const first = await start()
  if (layout.isStopped) {
    while ((lives[0] as Ahead).taken < total / 2 && first.status().phase !== 'ended') await sleep(1)
    await first.stop()
    await (
      await start()
    ).finished
  } else await first.finished
  rmSync(folder, { recursive: true })
  return lives
}

function jobOf(layout: Layout, input: string, ahead: Ahead): Job<void, unknown> {
  const { outOfOrdernessMs: outOfOrderness, hasUntimed } = layout
  return defineJob('splits', (job) => {
    const timed = job
      .from('timed', sourceOf(layout.format, `${input}/*.${layout.format}`), { timestamp: timeOf, outOfOrderness })
      .map((record): Timed | null => ({ at: timeOf(record) }))
    const untimed = hasUntimed ? [job.from('untimed', generatorSource<null>({ count: UNTIMED_RECORDS, record: () => null }))] : []
    const all = untimed.reduce((stream, other) => stream.union(other), timed)
    const seen = all.process('watch', {
      onRecord: (record: Timed | null, { watermark }, _out: Out<never>) => {
        if (record !== null) ahead.take(record.at, watermark)
      },
    })
    seen.to(
      'none',
      callbackSink(async () => {}),
    )
  })
}

function timeOf(record: unknown): number {
  return typeof record === 'string' ? Number(record.slice(0, record.indexOf(' '))) : (record as Timed).at
}

function sourceOf(format: FileFormat, path: string): Source<unknown> {
  switch (format) {
    case 'txt':
      return fileSource(path, text())
    case 'csv':
    case 'csv.gz':
      return fileSource(path, csv({ columns: { at: Number, n: Number } }))
    default:
      return fileSource(path, jsonLines<Timed>())
  }
}

function contentOf(format: FileFormat, times: readonly number[]): string | Uint8Array {
  if (format === 'txt') return times.map((at, n) => `${at} ${n}\n`).join('')
  const content = format.startsWith('csv')
    ? `n,note,at\n${times.map((at, n) => `${n},"a\n""note""",${at}\n`).join('')}`
    : times.map((at, n) => `${JSON.stringify({ at, n })}\n`).join('')
  return format.endsWith('.gz') ? gzipSync(content, { level: 1 }) : content
}
