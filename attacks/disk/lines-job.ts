/** What the recorded job does with its files: each line goes to a sink as it is, and into a window that may fire again. */
import { defineSource, sourceDefinitionOf, type Reader, type Source } from '../../packages/millrace/src/connect/contract.ts'
import { fileSink, fileSource, jsonLines } from '../../packages/millrace/src/files.ts'
import { agg, aggregator, tumbling, type Aggregate, type JobBuilder } from '../../packages/millrace/src/index.ts'
import { readyAfter } from '../lib/ready-after.ts'
import { INPUT, LATENESS_MS, TUMBLING_MS, type Line } from './lines.ts'
import type { Outside } from './source.ts'

/** The folders below that of the output. */
export const LINE_SINKS: readonly string[] = ['lines', 'tumbling']
const PART_BYTES = 500

export function lineSteps(job: JobBuilder, outside: Outside): void {
  const parts = { rollAfter: { checkpoint: false, bytes: PART_BYTES } }
  const lines = job.from('lines', pacedFiles(outside), { timestamp: (line) => line.at })
  lines.to('copy', fileSink<Line>('/out/lines', jsonLines(), parts))
  lines
    .keyBy((line) => line.key)
    .window(tumbling(TUMBLING_MS))
    .allowedLateness(LATENESS_MS)
    .aggregate('tumbling', { count: agg.count(), lines: names })
    .to('windows', fileSink('/out/tumbling', jsonLines(), parts))
}

/** Which lines they are. */
const names: Aggregate<Line, string[], readonly string[]> = aggregator({
  create: (): string[] => [],
  add(all: string[], { file, n }: Line) {
    all.push(`${file}-${n}`)
    return all
  },
  merge: (before, after) => before.concat(after),
  result: (all) => all.slice(),
})

/** Files, of which only so many lines may be read as are let out. A batch is not cut. */
function pacedFiles(outside: Outside): Source<Line> {
  const files = sourceDefinitionOf(fileSource(`${INPUT}/*.jsonl`, jsonLines<Line>()))
  if (files === undefined) throw new Error('no file source')
  const { kind, bounded, replayable, timestamps } = files
  return defineSource<Line, never>({
    kind,
    bounded,
    replayable,
    timestamps,
    async open(context) {
      const reader = (await files.open(context)) as Reader<Line, never>
      const wait = readyAfter(context, 4)
      return {
        splits: reader.splits,
        poll(first) {
          if (outside.lines <= 0) return 'wait'
          const batch = reader.poll(first)
          if (typeof batch === 'object') outside.lines -= batch.values.length
          return batch
        },
        ready: () => (outside.lines > 0 ? reader.ready() : wait()),
        close: () => reader.close(),
      }
    },
  })
}
