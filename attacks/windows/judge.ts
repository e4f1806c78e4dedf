/** Whether what the sinks keep is what the reference makes of what each key has seen. */
import { conservedInWindows, describe } from '../../reference/check.ts'
import type { Emission } from '../../reference/network.ts'
import type { InputRecord, Program } from '../../reference/program.ts'
import { judgeByReplay } from '../oracle/judge.ts'
import type { KeyGroups } from '../oracle/orders.ts'
import type { Segment } from '../oracle/recorder.ts'
import type { WindowCase } from './draw.ts'
import type { Mark, Subtask } from './subtask.ts'

/** One attempt, and what it was restored from. */
export interface Life {
  readonly subtasks: readonly Subtask[]
  readonly from: { readonly life: Life; readonly checkpoint: number } | undefined
}

interface Surviving {
  readonly subtask: Subtask
  readonly attempt: number
  /** Undefined: all of it. */
  readonly upTo: Mark | undefined
}

export function judgeLives(
  of: WindowCase,
  lives: readonly Life[],
  { records, groups }: { readonly records: readonly InputRecord[]; readonly groups: KeyGroups },
): string[] {
  const surviving = survivorsOf(lives)
  const [source] = of.program.sources
  const program: Program = { ...of.program, sources: [{ ...source!, splits: [{ id: 'all', batch: 1, records }] }] }
  const segments = surviving.map(({ subtask, attempt, upTo }): Segment => ({
    attempt,
    log: subtask.log,
    length: upTo?.seen ?? subtask.log.seen.length,
  }))
  const sinks = program.steps.filter(({ kind }) => kind === 'sink').map(({ id }) => id)
  const committed = new Map(sinks.map((sink) => [sink, rowsOf(surviving, sink)]))
  const { problems, dropped } = judgeByReplay({ program, committed, segments, groups, isMixed: false })
  const late = surviving.reduce((sum, { subtask, upTo }) => sum + (upTo?.late ?? subtask.late), 0)
  const expectedLate = dropped.get('w')?.length ?? 0
  if (late !== expectedLate) problems.push(`${late} records were dropped as late, not ${expectedLate}`)
  if (isConserving(of)) {
    const difference = conservedInWindows(
      records.map(({ id }) => id),
      committed.get('out') ?? [],
      committed.get('late') ?? [],
    )
    if (difference !== undefined) problems.push(`conservation: ${describe(difference)}`)
  }
  return problems
}

/** The history of the restored checkpoint, followed by what came after it; oldest first. */
function survivorsOf(lives: readonly Life[]): Surviving[] {
  const found: Surviving[] = []
  let life = lives.at(-1)
  let checkpoint: number | undefined
  while (life !== undefined) {
    const attempt = lives.indexOf(life)
    for (const subtask of life.subtasks)
      found.push({ subtask, attempt, upTo: checkpoint === undefined ? undefined : subtask.markOf(checkpoint) })
    ;({ life, checkpoint } = life.from ?? { life: undefined, checkpoint: undefined })
  }
  return found.sort((a, b) => a.attempt - b.attempt)
}

function rowsOf(surviving: readonly Surviving[], sink: string): Emission[] {
  return surviving.flatMap(({ subtask, upTo }) => (subtask.written.get(sink) ?? []).slice(0, upTo?.written.get(sink)))
}

/** Windows of event time that do not overlap and have no gaps, show which records they hold, and say which were late. */
function isConserving({ step: { assigner, fn, lateTag } }: WindowCase): boolean {
  const isWhole = (assigner.kind === 'tumbling' || assigner.kind === 'session') && assigner.time === 'event'
  return isWhole && fn.kind === 'ids' && lateTag !== undefined
}
