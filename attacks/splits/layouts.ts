/** Which files there are and what time each of them spans: data, made of the seed alone. */
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'

export const FORMATS = ['jsonl', 'csv', 'txt', 'jsonl.gz', 'csv.gz'] as const
export type FileFormat = (typeof FORMATS)[number]

export interface SpanFile {
  readonly records: number
  readonly startMs: number
  readonly spanMs: number
}
export interface Layout {
  readonly name: string
  readonly seed: number
  readonly files: readonly SpanFile[]
  readonly format: FileFormat
  /** How far a record may lie behind one before it in its file, and what the job allows for. */
  readonly outOfOrdernessMs: number
  /** A second source, without event time, goes into the same step. */
  readonly hasUntimed: boolean
  /** The job is stopped in the middle and goes on from its checkpoint. */
  readonly isStopped: boolean
}

const SPAN_MS = 3_600_000

type Files = (random: SeededRandom) => readonly SpanFile[]

const repeated = (count: number, file: (index: number) => SpanFile): readonly SpanFile[] =>
  Array.from({ length: count }, (_, index) => file(index))
const sameSpan: Files = () => repeated(6, () => ({ records: 20_000, startMs: 0, spanMs: SPAN_MS }))

const kinds: Readonly<Record<string, Files>> = {
  'six files of the same span': sameSpan,
  // Names do not tell the order in time.
  '200 consecutive files': (random) => {
    const order = repeated(200, (index) => ({ records: 1_500, startMs: index * 20_000, spanMs: 20_000 }))
    return order
      .map((file) => ({ file, at: random.next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ file }) => file)
  },
  'one of them is empty': (random) => [...sameSpan(random), { records: 0, startMs: 0, spanMs: 0 }],
  'a source without time beside it': sameSpan,
  'one is much denser than the others': () =>
    repeated(6, (index) => ({ records: index === 2 ? 60_000 : 5_000, startMs: 0, spanMs: SPAN_MS })),
  'drawn at random': (random) =>
    repeated(1 + random.below(60), () => ({
      records: random.below(4_000),
      startMs: random.below(SPAN_MS),
      spanMs: 1 + random.below(SPAN_MS),
    })),
}

export function layoutOf(seed: number, round: number): Layout {
  const random = new SeededRandom(seed, `layout ${round}`)
  const names = Object.keys(kinds)
  const name = names[round % names.length] as string
  return {
    name,
    seed: seed + round,
    files: (kinds[name] as Files)(random),
    // Each layout meets each format before one comes again.
    format: FORMATS[(round + Math.floor(round / names.length)) % FORMATS.length] as FileFormat,
    outOfOrdernessMs: random.pick([0, 0, 1_000, 60_000]),
    hasUntimed: name === 'a source without time beside it',
    isStopped: random.chance(0.3),
  }
}

/** Times of one file in its order; the first of them is its start. */
export function timesOf(layout: Layout, file: number): number[] {
  const random = new SeededRandom(layout.seed, `times ${file}`)
  const { records, startMs, spanMs } = layout.files[file] as SpanFile
  let highest = startMs
  return Array.from({ length: records }, (_, index) => {
    highest = Math.max(highest, startMs + Math.floor((index * spanMs) / records))
    return highest - (random.chance(0.5) ? 0 : random.below(layout.outOfOrdernessMs + 1))
  })
}
