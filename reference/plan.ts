// What follows from a program alone: whether it is one, which streams have event time, what order is determined.
import { keyedProcess } from './behaviours.ts'
import { domainOf } from './timers.ts'
import { inputsOf, type KeySpec, type Program, type Step, type WindowStep } from './program.ts'
import { firesBy, firesByRecords, isOrderedPerKey, needsTimestamps, windowProblems, windowTags, windowUsesClock } from './window-plan.ts'
import { windowDomain } from './window-assigners.ts'

/** Per stream (source or step id): whether some timed source feeds it. Only such an input takes part in a minimum of watermarks (rules 1.13). */
export function timedStreams(program: Program): Map<string, boolean> {
  const timed = new Map<string, boolean>(program.sources.map((source) => [source.id, source.timed]))
  for (const step of program.steps)
    timed.set(
      step.id,
      inputsOf(step).some((from) => timed.get(from) === true),
    )
  return timed
}

/** Per stream: whether every record of it has a timestamp (PF-2, WO-6). */
export function stampedStreams(program: Program): Map<string, boolean> {
  const stamped = new Map<string, boolean>(program.sources.map((source) => [source.id, source.timed]))
  for (const step of program.steps) {
    const inputs = inputsOf(step).every((from) => stamped.get(from) === true)
    stamped.set(step.id, stampsAll(step, inputs))
  }
  return stamped
}

/** Whether all that a step emits has a timestamp, given whether all that it reads has. Its side outputs are no different: late records exist by event time only. */
export function stampsAll(step: Step, inputs: boolean): boolean {
  if (step.kind === 'window') return windowDomain(step.assigner) !== undefined || inputs
  return inputs && !usesTimer(step, 'processing')
}

/** The key of the stream that a keyed step reads. @throws when it reads none. */
export function keyOfInput(program: Program, step: Step): KeySpec {
  const from = program.steps.find((other) => other.id === inputsOf(step)[0])
  if (from?.kind !== 'keyBy') throw new Error(`step '${step.id}' needs a keyBy before it`)
  return from.key
}

export function isKeyed(step: Step): boolean {
  return step.kind === 'keyedProcess' || step.kind === 'reduce' || step.kind === 'aggregate' || step.kind === 'window'
}

/** Whether what the step does with a record depends on more than the record. */
export function needsOrder(step: Step): boolean {
  return isKeyed(step) || (step.kind === 'process' && (step.fn.kind === 'stamp' || step.fn.kind === 'late'))
}

/** Whether a step may fire by this clock. */
export function usesTimer(step: Step, domain: 'event' | 'processing'): boolean {
  if (step.kind === 'window') return firesBy(step, domain)
  return step.kind === 'keyedProcess' && Object.values(keyedProcess(step.fn).timers).some((timer) => domainOf(timer) === domain)
}

/** Whether the outcome depends on the clock: processing timers and windows, a time to live, `now` in a result. */
export function usesClock(step: Step): boolean {
  if (step.kind === 'window') return windowUsesClock(step)
  if (step.kind !== 'keyedProcess') return false
  if (step.fn.kind === 'inspect') return step.fn.clock
  return usesTimer(step, 'processing') || Object.values(keyedProcess(step.fn).states).some((state) => state.ttl !== undefined)
}

/** The tags that a step may emit to. */
export function tagsOf(step: Step): string[] {
  if (step.kind === 'window') return windowTags(step)
  if (step.kind !== 'process' && step.kind !== 'keyedProcess') return []
  return 'tag' in step.fn ? [step.fn.tag] : []
}

/** Everything that is wrong with a program, in words; empty when it may run. */
export function problems(program: Program): string[] {
  const found: string[] = []
  const known = new Map<string, Step | 'source'>()
  const timed = timedStreams(program)
  const stamped = stampedStreams(program)
  for (const source of program.sources) {
    if (known.has(source.id)) found.push(`id '${source.id}' is used twice`)
    known.set(source.id, 'source')
    for (const record of source.splits.flatMap((split) => split.records))
      if ((record.ts === null) === source.timed) found.push(`source '${source.id}': record ${record.id} has ts ${record.ts}`)
  }
  for (const step of program.steps) {
    if (known.has(step.id)) found.push(`id '${step.id}' is used twice`)
    found.push(...problemsOf(step, known, timed.get(step.id) === true))
    if (step.kind === 'window') {
      found.push(...windowProblems(step))
      if (needsTimestamps(step) && stamped.get(step.from) !== true)
        found.push(`NO_EVENT_TIME: window '${step.id}' may get records without timestamp`)
    }
    known.set(step.id, step)
  }
  return found
}

function problemsOf(step: Step, known: ReadonlyMap<string, Step | 'source'>, isTimed: boolean): string[] {
  const found: string[] = []
  for (const from of inputsOf(step)) {
    const read = known.get(from)
    if (read === undefined) found.push(`step '${step.id}' reads '${from}', which is not before it`)
    if (read !== undefined && read !== 'source' && read.kind === 'sink') found.push(`step '${step.id}' reads the sink '${from}'`)
    if (isKeyed(step) && (read === undefined || read === 'source' || read.kind !== 'keyBy'))
      found.push(`step '${step.id}' needs a keyBy before it`)
    const mayTag = read !== undefined && read !== 'source' && ['process', 'keyedProcess', 'window'].includes(read.kind)
    if (step.kind === 'side' && !mayTag) found.push(`'${step.id}' reads a tag of '${from}', which has none`)
  }
  if (step.kind === 'union' && step.from.length < 2) found.push(`union '${step.id}' needs two inputs`)
  if (usesTimer(step, 'event') && !isTimed)
    found.push(`NO_EVENT_TIME: step '${step.id}' fires by event time and has no timed source before it`)
  return found
}

/**
 * How far a sink's content is determined by the arrival order of source batches alone, whatever the engine does with order that is not promised (PT-4, TM-2), at one subtask per step.
 * `total`: the list; `per-key`: the list of each key of the sink, if that key is `by` or the key of the step before; `multiset`: which records, in any order;
 * `open`: not at all: the step needs its recorded order (`replay`). Clocks are taken as recorded.
 */
export type Determinacy = 'total' | 'per-key' | 'multiset' | 'open'

export function determinacy(program: Program): Map<string, Determinacy> {
  const of = new Map<string, Determinacy>(program.sources.map((source) => [source.id, 'total']))
  for (const step of program.steps) {
    const inputs = inputsOf(step).map((from) => of.get(from)!)
    of.set(step.id, outcome(step, inputs))
  }
  return new Map(program.steps.filter((step) => step.kind === 'sink').map((step) => [step.id, of.get(step.id)!]))
}

function outcome(step: Step, inputs: readonly Determinacy[]): Determinacy {
  const worst: Determinacy = inputs.includes('open')
    ? 'open'
    : step.kind === 'union' || inputs.includes('multiset')
      ? 'multiset'
      : inputs.includes('per-key')
        ? 'per-key'
        : 'total'
  if (!needsOrder(step) || worst === 'open') return worst
  if (worst !== 'total') return 'open'
  if (step.kind === 'window') return windowOutcome(step)
  return usesTimer(step, 'event') || usesTimer(step, 'processing') ? 'per-key' : 'total'
}

function windowOutcome(step: WindowStep): Determinacy {
  if (!isOrderedPerKey(step)) return 'multiset'
  return firesByRecords(step) ? 'total' : 'per-key'
}

/** Late records are what they were: no field says which key they were of. */
function readsLate(program: Program, step: Step): boolean {
  return step.kind === 'side' && program.steps.some((one) => one.id === step.from && one.kind === 'window' && one.lateTag === step.tag)
}

/**
 * The same for `replay`, at any parallelism: `per-key` holds for the sink's key `by` after a keyed process (or a row's `key` after an aggregate, also one of windows whose order is determined) as long as nothing repartitions; all else is a multiset.
 * A rolling reduce sends records on as they are, so that no field says which key they were of.
 */
export function replayDeterminacy(program: Program): Map<string, 'per-key' | 'multiset'> {
  const of = new Map<string, 'per-key' | 'multiset'>(program.sources.map((source) => [source.id, 'multiset']))
  for (const step of program.steps) {
    const isKeyedOutput = step.kind === 'keyedProcess' || step.kind === 'aggregate' || (step.kind === 'window' && isOrderedPerKey(step))
    const isRepartitioned = step.kind === 'union' || step.kind === 'keyBy' || isKeyed(step) || readsLate(program, step)
    of.set(step.id, isKeyedOutput ? 'per-key' : isRepartitioned ? 'multiset' : of.get(inputsOf(step)[0]!)!)
  }
  return new Map(program.steps.filter((step) => step.kind === 'sink').map((step) => [step.id, of.get(step.id)!]))
}
