/**
 * Watermarks are taken as recorded by a replay, so they need a judge of their own: where nobody is idle and nothing is discovered
 * late, a record may only be late for a step if it was late in its own split (WM-1, WM-7, WM-9), whatever crashed in between.
 */
import type { Program } from '../../reference/program.ts'
import type { Segment } from './recorder.ts'

interface Origin {
  readonly ts: number
  /** The greatest watermark that its split alone could justify before it. */
  readonly promised: number
}

/** Records that came at or below a watermark that nothing justifies, in words. */
export function unexplainedLateness(program: Program, segments: readonly Segment[]): string[] {
  const origins = originsOf(program)
  const found: string[] = []
  for (const { log, length } of segments) {
    for (const seen of log.seen.slice(0, length)) {
      if (seen.kind !== 'record' || seen.watermark === undefined || seen.timestamp === null) continue
      const origin = origins.get(seen.value['id'] as number)
      // Emitted by a timer, or in the place of another record.
      if (origin === undefined || origin.ts !== seen.timestamp || seen.timestamp > seen.watermark || seen.timestamp <= origin.promised)
        continue
      found.push(
        `${log.step} saw record ${JSON.stringify(seen.value['id'])} of ${origin.ts} at the watermark ${seen.watermark}, but its split had promised ${origin.promised} only`,
      )
    }
  }
  return found
}

/** Whether the rule holds for a program: a reduce to the greatest gives old records with new timestamps, and so do windows. */
export function isPlainInTime(program: Program): boolean {
  return !program.steps.some(({ kind, ...step }) => {
    const fn = 'fn' in step ? step.fn.kind : undefined
    return (kind === 'reduce' && fn === 'max') || (kind === 'window' && fn === 'each')
  })
}

function originsOf(program: Program): Map<number, Origin> {
  const origins = new Map<number, Origin>()
  for (const { timed, outOfOrdernessMs, splits } of program.sources) {
    if (!timed) continue
    for (const { records, batch } of splits) {
      let promised = -Infinity
      let greatest = -Infinity
      for (const [index, { id, ts }] of records.entries()) {
        // A watermark leaves when a batch has ended.
        if (index % batch === 0) promised = greatest - outOfOrdernessMs - 1
        origins.set(id, { ts: ts as number, promised })
        greatest = Math.max(greatest, ts as number)
      }
    }
  }
  return origins
}
