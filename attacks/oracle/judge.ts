/** Whether what is committed is what must be. */
import { keySelector } from '../../reference/behaviours.ts'
import { keyText } from '../../reference/canonical.ts'
import { conserved, describe, idsOf, sameMultiset, sameOrder, samePerKeyOrder, type Difference } from '../../reference/check.ts'
import { interpret, type ArrivalEvent } from '../../reference/interpret.ts'
import type { Emission } from '../../reference/network.ts'
import { determinacy, replayDeterminacy, usesClock } from '../../reference/plan.ts'
import type { Program, Step } from '../../reference/program.ts'
import { replay, type ReplayResult } from '../../reference/replay.ts'
import { isPlainInTime, unexplainedLateness } from './lateness.ts'
import { assemble, type KeyGroups } from './orders.ts'
import type { Segment } from './recorder.ts'

export interface Evidence {
  readonly program: Program
  readonly isConserving: boolean
  readonly committed: ReadonlyMap<string, readonly Emission[]>
  readonly segments: readonly Segment[]
  readonly arrival: readonly ArrivalEvent[]
  readonly groups: KeyGroups
  /** One subtask of each step in all attempts. */
  readonly isSingle: boolean
  /** Steps said their parallelism: order per key is not kept between them. */
  readonly isMixed: boolean
  /** Attempts beyond the first. */
  readonly restarts: number
  readonly discovers: boolean
  /** Some split was idle at some time. */
  readonly hasIdled: boolean
}
export interface Verdict {
  readonly problems: readonly string[]
  /** How it could be compared: for the summary. */
  readonly ways: readonly ('interpret' | 'replay' | 'conserved' | 'lateness')[]
}

type Sink = Extract<Step, { kind: 'sink' }>

export function judge(evidence: Evidence): Verdict {
  const { program, isConserving, committed } = evidence
  const sinks = program.steps.filter((step): step is Sink => step.kind === 'sink')
  const problems = judgeByReplay(evidence).problems
  const ways: Verdict['ways'][number][] = ['replay']
  if (!evidence.hasIdled && !evidence.discovers && isPlainInTime(program)) {
    ways.push('lateness')
    problems.push(...unexplainedLateness(program, evidence.segments))
  }
  if (isInterpretable(evidence)) {
    ways.push('interpret')
    problems.push(...judgeByInterpretation(evidence, sinks))
  }
  if (isConserving) {
    ways.push('conserved')
    const inputs = program.sources.flatMap((source) => source.splits.flatMap((split) => split.records.map(({ id }) => id)))
    const difference = conserved(
      inputs,
      sinks.flatMap((sink) => idsOf(committed.get(sink.id) ?? [])),
    )
    if (difference !== undefined) problems.push(`conservation: ${describe(difference)}`)
  }
  return { problems, ways }
}

/** Given what each step saw, each sink must hold what it holds; `dropped` is what the reference drops as late, by step. */
export function judgeByReplay({
  program,
  committed,
  segments,
  groups,
  isMixed,
}: Pick<Evidence, 'program' | 'committed' | 'segments' | 'groups' | 'isMixed'>): {
  readonly problems: string[]
  readonly dropped: ReplayResult['dropped']
} {
  const { orders, problems, isAmbiguous } = assemble(program, segments, groups)
  const { sinks: expected, offered, dropped } = replay(program, orders)
  const options = { timestamps: !isAmbiguous }
  const found = [...problems]
  for (const [step, emissions] of offered) {
    const seen = (orders.get(step) ?? []).flat().filter((input) => input.kind === 'record')
    const difference = sameMultiset(emissions, seen, options)
    if (difference !== undefined) found.push(`what ${step} was sent and saw: ${describe(difference)}`)
  }
  const determined = replayDeterminacy(program)
  for (const sink of program.steps.filter((step) => step.kind === 'sink')) {
    const result = expected.get(sink.id)!
    const actual = committed.get(sink.id) ?? []
    const difference =
      determined.get(sink.id) === 'per-key' && !isMixed
        ? samePerKeyOrder(result.byKey, byKey(sink, actual), options)
        : sameMultiset(result.emissions, actual, options)
    if (isDifferent(difference)) found.push(`${sink.id} against replay: ${describe(difference)}`)
  }
  return { problems: found, dropped }
}

/** One subtask, no clock in a result, and no idleness that a restart forgets. */
function isInterpretable({ program, isSingle, restarts, discovers, hasIdled }: Evidence): boolean {
  return isSingle && !discovers && !program.steps.some(usesClock) && (restarts === 0 || !hasIdled)
}

function judgeByInterpretation({ program, committed, arrival }: Evidence, sinks: readonly Sink[]): string[] {
  const { sinks: expected } = interpret(program, arrival)
  const problems: string[] = []
  for (const [id, how] of determinacy(program)) {
    const sink = sinks.find((one) => one.id === id) as Sink
    const result = expected.get(id)!
    const actual = committed.get(id) ?? []
    const difference: Difference | readonly Difference[] | undefined =
      how === 'open'
        ? undefined
        : how === 'total'
          ? sameOrder(result.emissions, actual)
          : how === 'per-key'
            ? samePerKeyOrder(result.byKey, byKey(sink, actual))
            : sameMultiset(result.emissions, actual)
    if (isDifferent(difference)) problems.push(`${id} against interpret (${how}): ${describe(difference)}`)
  }
  return problems
}

function isDifferent(difference: Difference | readonly Difference[] | undefined): boolean {
  return Array.isArray(difference) ? difference.length > 0 : difference !== undefined
}

function byKey(sink: Sink, emissions: readonly Emission[]): Map<string, Emission[]> {
  const keyOf = keySelector(sink.key)
  return Map.groupBy(emissions, ({ value }) => keyText(keyOf(value)))
}
