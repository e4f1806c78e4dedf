/** The job that is simulated: the sequence job with its windows on a strict source and file sinks, and the ledger from files to a strict sink. */
import { fileSink, fileSource, jsonLines } from '../../packages/millrace/src/files.ts'
import type { Job, Sink } from '../../packages/millrace/src/index.ts'
import type { Disk } from '../../packages/millrace/src/simulate/disk.ts'
import { hesitantSink } from '../lib/hesitant-sink.ts'
import { pacedSource, type Upstream } from '../lib/paced-source.ts'
import { sequenceJob } from '../lib/sequence-job.ts'
import { slowFiles } from '../lib/slow-files.ts'
import { alarmSteps, type AlarmLine } from './alarms.ts'
import { ledgerSteps, transfersOf, type Transfer } from './ledger.ts'
import { momentSteps } from './moments.ts'
import type { SimPlan } from './plan.ts'
import type { Readings } from './readings.ts'
import type { StrictSink } from './strict-sink.ts'

export const CHECKPOINTS = '/checkpoints'
/** So that its files last for several checkpoints. */
const TRANSFERS_PER_CHECKPOINT = 5
export const TRANSFERS_PER_FILE = 5

export interface Strict {
  readonly upstream: Upstream
  readonly readings: Readings
  readonly sink: StrictSink
  /** For what a step sees and its output does not say. */
  readonly found: (problem: string) => void
}

export function simulatedJob(plan: SimPlan, { upstream, readings, sink: strict, found }: Strict): Job<void, unknown> {
  const through = <T>(sink: Sink<T>): Sink<T> => (plan.hesitates ? hesitantSink(sink, plan.seed) : sink)
  return sequenceJob({
    input: '/in',
    output: '/out',
    wide: true,
    windows: true,
    tellsNow: true,
    only: new Set(plan.sinks),
    ...(plan.partBytes === undefined ? {} : { partBytes: plan.partBytes }),
    source: pacedSource(upstream, plan.seed, plan.pauseMs),
    through,
    also: (job, rows) => {
      const transfers = slowFiles(fileSource('/in/*.jsonl', jsonLines<Transfer>()), TRANSFERS_PER_CHECKPOINT, (env, values) =>
        readings.read(
          env,
          values.map(({ id }) => id),
        ),
      )
      const postings = ledgerSteps(job, transfers, strict.sink)
      if (plan.sinks.includes('alarms')) alarmSteps(postings, through(fileSink('/out/alarms', jsonLines<AlarmLine>())), found)
      momentSteps(
        rows,
        (name) => through(fileSink(`/out/${name}`, jsonLines())),
        (sink) => plan.sinks.includes(sink),
      )
    },
  })
}

/** What is there before anything begins, and stays. */
export function prepareDisk(disk: Disk, { ledger, sinks }: Pick<SimPlan, 'ledger' | 'sinks'>): void {
  for (const sink of sinks) disk.makeDirectory(`/out/${sink}`)
  disk.makeDirectory('/in')
  for (let file = 0; file < ledger.files; file++) {
    const transfers = transfersOf(ledger, file)
    for (let from = 0; from < transfers.length; from += TRANSFERS_PER_FILE) {
      const text = transfers.slice(from, from + TRANSFERS_PER_FILE).map((transfer) => `${JSON.stringify(transfer)}\n`)
      const inode = disk.create(`/in/${file}-${String(from).padStart(4, '0')}.jsonl`)
      inode.append(new TextEncoder().encode(text.join('')))
      inode.sync()
    }
  }
  for (const folder of ['/', '/out', '/in']) disk.syncDirectory(folder)
}
