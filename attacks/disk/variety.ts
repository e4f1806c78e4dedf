/** Whether a recorded life has what is to be disturbed: else the attack would find nothing, and nobody would know. */
import type { Operation } from '../../packages/millrace/src/simulate/faults.ts'
import { chunkOriginOf } from '../../packages/millrace/src/checkpoint/chunk-name.ts'
import { linesOf, type Committed } from '../lib/committed.ts'
import { INPUT, TUMBLING_MS, type Line } from './lines.ts'
import type { Phase } from './script.ts'

/** Levels of runs that have to be in a checkpoint: a rewritten base, and deltas that were merged. */
const LEVELS = ['base', '1']

interface Step {
  readonly operation: Operation
  readonly phase: Phase
}
export interface Seen {
  readonly operations: readonly Step[]
  /** Of the runs of all checkpoints. */
  readonly levels: ReadonlySet<string>
  /** What was committed before the last process, and in the end. */
  readonly before: readonly Committed[]
  readonly after: readonly Committed[]
}

/** Undefined when nothing is. */
export function missingOf({ operations, levels, before, after }: Seen): string | undefined {
  for (const level of LEVELS) if (!levels.has(level)) return `no run of level ${level}`
  const first = operations[0]?.operation.process
  const isRead = (kind: string, phase?: string): boolean =>
    operations.some(
      ({ operation, phase: of }) =>
        operation.process !== first && operation.kind === kind && operation.path.startsWith(INPUT) && of === (phase ?? of),
    )
  for (const kind of ['list', 'info', 'open', 'read', 'close']) if (!isRead(kind)) return `no ${kind} of files by a process that restores`
  if (!isRead('read', 'restore')) return 'no file that was read to its end and is looked at by a restore'
  const isOfWindow = ({ operation: { path } }: Step): boolean => chunkOriginOf(nameIn(path)) !== undefined && path.includes('tumbling')
  if (!operations.some((each) => each.phase === 'rewrite' && isOfWindow(each))) return 'no rewrite of the state of windows'
  const fired = firingsOf(before)
  const later = firingsOf(after).slice(fired.length)
  if (!later.some((name) => fired.includes(name))) return 'no window that fires again after a restore'
  const open = linesOf<Line>(before, 'lines').map(({ key, at }) => `${key} ${Math.floor(at / TUMBLING_MS) * TUMBLING_MS}`)
  if (!open.some((name) => !fired.includes(name))) return 'no window that has lines at a restore and has not fired'
  return undefined
}

function firingsOf(committed: readonly Committed[]): readonly string[] {
  return linesOf<{ readonly key: string; readonly window: { readonly start: number } }>(committed, 'tumbling').map(
    ({ key, window }) => `${key} ${window.start}`,
  )
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
