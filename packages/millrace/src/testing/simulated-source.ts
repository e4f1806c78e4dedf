import type { Batch, Plain, Reader, SourceContext, SourceDefinition } from '../connect/contract.ts'
import { SeededRandom } from '../connectors/seeded-random.ts'

/** What a split of a simulated source gives. Times are NaN where the source says none. */
export interface SimulatedRecord {
  readonly value: unknown
  readonly timestamp: number
}
export type SimulatedSplits = ReadonlyMap<string, readonly SimulatedRecord[]>

/** So that all of it takes some hundred milliseconds, however much there is. */
const BATCHES_PER_SPLIT = 60
const EVERY_MS = 3

/**
 * Records of given splits, a batch at a time, with pauses. Position: the index of the next record. Batches end at the same places in every
 * run. What a source that cannot be read again has given to any process, which is in `given`, it gives to nobody else.
 */
export function simulatedSource(
  { kind, replayable, timestamps }: SourceDefinition<unknown, Plain>,
  records: SimulatedSplits,
  { seed, given }: { readonly seed: number; readonly given: Map<string, number> },
): SourceDefinition<unknown, Plain> {
  const definition: SourceDefinition<unknown, number> = {
    kind,
    bounded: true,
    replayable,
    timestamps,
    open: (context) => Promise.resolve(reader(records, { seed, given: replayable ? new Map() : given }, context)),
  }
  return definition as unknown as SourceDefinition<unknown, Plain>
}

function reader(
  records: SimulatedSplits,
  { seed, given }: { readonly seed: number; readonly given: Map<string, number> },
  context: SourceContext<number>,
): Reader<unknown, number> {
  const { env, owns, restored, ended, signal, source } = context
  const splits = new Map<string, number>()
  for (const split of records.keys()) if (owns(split) && !ended.has(split)) splits.set(split, restored.get(split) ?? 0)
  const pace = new SeededRandom(seed, `pace of ${source}`)
  let dueMs = env.clock.monotonic()
  return {
    splits,
    poll: (first) => {
      if (splits.size === 0) return 'end'
      if (env.clock.monotonic() < dueMs) return 'wait'
      dueMs = env.clock.monotonic() + EVERY_MS * 2 * pace.next()
      const split = first !== undefined && splits.has(first) ? first : (splits.keys().next().value as string)
      const batch = batchAt(records.get(split) ?? [], split, Math.max(splits.get(split) as number, given.get(split) ?? 0))
      splits.set(split, batch.next)
      given.set(split, batch.next)
      if (batch.splitEnded === true) splits.delete(split)
      return batch
    },
    ready: () =>
      new Promise((resolve) => {
        const onAbort = (): void => {
          cancel()
          resolve()
        }
        const cancel = env.timers.after(Math.max(0.1, dueMs - env.clock.monotonic()), () => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        })
        signal.addEventListener('abort', onAbort, { once: true })
      }),
    close: () => Promise.resolve(),
  }
}

/** The watermark follows a batch: where one ends may not depend on the seed, or runs of two seeds could not be compared. */
function batchAt(records: readonly SimulatedRecord[], split: string, from: number): Batch<unknown, number> {
  const most = Math.max(1, Math.ceil((2 * records.length) / BATCHES_PER_SPLIT))
  const size = 1 + new SeededRandom(from, `batches of ${split}`).below(most)
  const taken = records.slice(from, from + size)
  const next = from + taken.length
  return {
    split,
    values: taken.map(({ value }) => value),
    timestamps: Float64Array.from(taken, ({ timestamp }) => timestamp),
    next,
    splitEnded: next >= records.length,
    positionOf: (index) => `record ${from + index + 1} of split ${split}`,
  }
}
