/** What happens to a simulated job, as data drawn from a seed. One fault after the other; each waits until the one before is over. */
import { CRASH_POINTS } from '../job/crash-points.ts'
import { FILE_SINK_CRASH_POINTS } from '../connectors/file-sink-names.ts'
import { SeededRandom } from '../connectors/seeded-random.ts'
import { assertNever } from '../core/errors.ts'

/** What may happen to a job in `simulate`. */
export type FaultKind = 'kill' | 'power-loss' | 'pause' | 'disk-errors' | 'slow-disk'

/** When something dies: after a time, or when it has passed a named step of the engine so often. */
export type When = { readonly afterMs: number } | { readonly point: string; readonly nth: number }

/** One thing that happens. */
export type Fault =
  | { readonly kind: 'kill' | 'power-loss'; readonly when: When }
  /** Longer than a lease: another process takes the job over, and the first one wakes up. */
  | { readonly kind: 'pause'; readonly when: { readonly afterMs: number }; readonly forMs: number }
  /** Of the operations of the disk this share. */
  | {
      readonly kind: 'disk-errors' | 'slow-disk'
      readonly when: { readonly afterMs: number }
      readonly forMs: number
      readonly share: number
    }

export const FAULT_KINDS: readonly FaultKind[] = ['kill', 'power-loss', 'pause', 'disk-errors', 'slow-disk']
export const LEASE_MS = 200
const MOST_FAULTS = 5
/** Sinks are replaced: steps of the file sink are passed by none. */
const POINTS = CRASH_POINTS.filter((point) => !FILE_SINK_CRASH_POINTS.includes(point))
/** Most are passed at each checkpoint. */
const MOST_PASSES = 6

export function drawFaults(seed: number, kinds: readonly FaultKind[]): readonly Fault[] {
  const random = new SeededRandom(seed, 'faults')
  return kinds.length === 0 ? [] : Array.from({ length: 1 + random.below(MOST_FAULTS) }, () => drawFault(random, random.pick(kinds)))
}

function drawFault(random: SeededRandom, kind: FaultKind): Fault {
  const when = { afterMs: 2 + random.below(90) }
  switch (kind) {
    case 'kill':
    case 'power-loss':
      return { kind, when: random.chance(0.5) ? when : { point: random.pick(POINTS), nth: 1 + random.below(MOST_PASSES) } }
    case 'pause':
      return { kind, when, forMs: 2 * LEASE_MS + random.below(3 * LEASE_MS) }
    case 'disk-errors':
      return { kind, when, forMs: 20 + random.below(150), share: 0.01 + 0.05 * random.next() }
    case 'slow-disk':
      return { kind, when, forMs: 20 + random.below(300), share: 0.05 + 0.2 * random.next() }
    default:
      return assertNever(kind)
  }
}

/** For people. */
export function faultText(fault: Fault): string {
  const { when } = fault
  const moment = 'afterMs' in when ? `after ${when.afterMs} ms` : `when '${when.point}' is passed for the ${ordinal(when.nth)} time`
  switch (fault.kind) {
    case 'kill':
      return `the process is killed ${moment}`
    case 'power-loss':
      return `the machine loses power ${moment}, and what was not synced`
    case 'pause':
      return `the process is stopped ${moment} for ${fault.forMs} ms, and another one starts`
    case 'disk-errors':
      return `${moment} ${percent(fault.share)} of the operations of the disk fail, for ${fault.forMs} ms`
    case 'slow-disk':
      return `${moment} ${percent(fault.share)} of the operations of the disk are slow, for ${fault.forMs} ms`
  }
}

function ordinal(n: number): string {
  return `${n}${['th', 'st', 'nd', 'rd'][n] ?? 'th'}`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
