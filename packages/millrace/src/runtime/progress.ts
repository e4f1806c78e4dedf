/** How far a job has come, put together from its subtasks and its attempts. Pure. */
import type { TaskCounts } from '../task/task-counts.ts'
import type { SinkStatus, SourceStatus } from './monitor.ts'

export interface Progress {
  readonly sources: readonly SourceStatus[]
  readonly sinks: readonly Omit<SinkStatus, 'place'>[]
  readonly late: number
}

export const NO_PROGRESS: Progress = { sources: [], sinks: [], late: 0 }

/** Of one attempt: subtasks of a source or sink become one. */
export function progressOf(tasks: readonly TaskCounts[]): Progress {
  const sources = new Map<string, { records: number; invalid: number; done: number; total: number }>()
  const sinks = new Map<string, number>()
  for (const { source, sinks: own } of tasks) {
    for (const { address, records } of own) sinks.set(address, (sinks.get(address) ?? 0) + records)
    if (source === undefined) continue
    const sum = sources.get(source.address) ?? { records: 0, invalid: 0, done: 0, total: 0 }
    sources.set(source.address, sum)
    sum.records += source.records
    sum.invalid += source.invalid
    // One reader that does not know makes all of it unknown.
    sum.done += source.progress?.done ?? Number.NaN
    sum.total += source.progress?.total ?? Number.NaN
  }
  return {
    sources: [...sources].map(([address, { records, invalid, done, total }]) => ({
      address,
      records,
      invalid,
      share: shareOf(done, total),
    })),
    sinks: [...sinks].map(([address, records]) => ({ address, records })),
    late: tasks.reduce((sum, { late }) => sum + late, 0),
  }
}

function shareOf(done: number, total: number): number | undefined {
  const share = total === 0 ? 1 : done / total
  return Number.isNaN(share) ? undefined : Math.min(1, Math.max(0, share))
}

/** Of attempts that have ended and of the one that runs: counts add up, how much is done is what the last one says. */
export function afterEarlier(earlier: Progress, now: Progress): Progress {
  const before = <T extends { readonly address: string }>(all: readonly T[], address: string): T | undefined =>
    all.find((each) => each.address === address)
  const gone = <T extends { readonly address: string }>(all: readonly T[], left: readonly T[]): readonly T[] =>
    all.filter(({ address }) => before(left, address) === undefined)
  return {
    sources: [
      ...now.sources.map((source) => {
        const { records = 0, invalid = 0 } = before(earlier.sources, source.address) ?? {}
        return { ...source, records: source.records + records, invalid: source.invalid + invalid }
      }),
      ...gone(earlier.sources, now.sources),
    ],
    sinks: [
      ...now.sinks.map((sink) => ({ ...sink, records: sink.records + (before(earlier.sinks, sink.address)?.records ?? 0) })),
      ...gone(earlier.sinks, now.sinks),
    ],
    late: earlier.late + now.late,
  }
}
