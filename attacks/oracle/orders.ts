/** From the surviving logs to what `replay` wants: the order that each key (or each instance of a plain step) has seen. */
import { canonical, keyText } from '../../reference/canonical.ts'
import { keySelector } from '../../reference/behaviours.ts'
import type { Emission } from '../../reference/network.ts'
import { isKeyed, keyOfInput, needsOrder } from '../../reference/plan.ts'
import type { Key, Program, Row, Step } from '../../reference/program.ts'
import { replay, type Orders, type StepInput } from '../../reference/replay.ts'
import type { Segment } from './recorder.ts'

export interface Assembled {
  readonly orders: Orders
  readonly problems: string[]
  /** Steps for which a timestamp had to be guessed among equals: comparisons leave timestamps out. */
  readonly isAmbiguous: boolean
}

/** Who owns which keys. */
export interface KeyGroups {
  readonly count: number
  groupOf(key: Key): number
  ownerOf(group: number, subtasks: number): number
}

export function assemble(program: Program, segments: readonly Segment[], groups: KeyGroups): Assembled {
  const problems: string[] = []
  const orders = new Map<string, (readonly StepInput[])[]>()
  let isAmbiguous = false
  for (const step of program.steps) if (needsOrder(step)) orders.set(step.id, [])
  for (const step of program.steps) {
    if (!needsOrder(step)) continue
    const own = segments.filter(({ log }) => log.step === step.id)
    if (step.kind === 'keyedProcess' || step.kind === 'window') orders.set(step.id, keyedOrders(program, step, own, { groups, problems }))
    else if (!isKeyed(step)) orders.set(step.id, plainOrders(own, problems))
    else {
      const { offered } = replay(program, orders)
      const made = rollingOrders(program, step, own, offered.get(step.id) ?? [], problems)
      isAmbiguous ||= made.isAmbiguous
      orders.set(step.id, made.orders)
    }
  }
  return { orders, problems, isAmbiguous }
}

/**
 * A plain step has no state, but what it had seen of the watermark does not go back (rules 1.2 c): a subtask begins between the
 * lowest and the highest that those of the attempt before had reached. Where exactly, its first record says, if one comes before
 * a watermark does.
 */
function plainOrders(segments: readonly Segment[], problems: string[]): StepInput[][] {
  const orders: StepInput[][] = []
  let reached: readonly number[] = [-Infinity]
  for (const attempt of Map.groupBy(segments, (segment) => segment.attempt).values()) {
    const [least, most] = [Math.min(...reached), Math.max(...reached)]
    reached = attempt.map(({ log, length }) => {
      const seen = log.seen.slice(0, length)
      const first = seen.find(({ kind }) => kind !== 'time')
      const start = first?.kind === 'record' ? (first.watermark ?? least) : least
      if (start < least || start > most)
        problems.push(
          `${log.step}: subtask ${log.subtask} begins at the watermark ${start}, those before it had reached ${least} to ${most}`,
        )
      const at = start === Infinity ? 'end' : start
      orders.push([...(start === -Infinity ? [] : [{ kind: 'watermark', at } as const]), ...seen.map(asInput), { kind: 'end' }])
      return seen.reduce((max, each) => (each.kind === 'watermark' ? Math.max(max, timeOf(each.at)) : max), start)
    })
  }
  return orders
}

function asInput(seen: Segment['log']['seen'][number]): StepInput {
  if (seen.kind !== 'record') return seen
  return { kind: 'record', value: seen.value, timestamp: seen.timestamp, ...(seen.now === undefined ? {} : { now: seen.now }) }
}

/** A list for each key: its records, and the watermarks and the clock of whoever owned it. */
function keyedOrders(
  program: Program,
  step: Step,
  segments: readonly Segment[],
  parts: { readonly groups: KeyGroups; readonly problems: string[] },
): StepInput[][] {
  const { groups, problems } = parts
  const select = keySelector(keyOfInput(program, step))
  const keys = new Map<string, Key>()
  for (const { log, length } of segments)
    for (const seen of log.seen.slice(0, length)) if (seen.kind === 'record') keys.set(seen.key as string, select(seen.value))
  const begins = beginnings(segments, groups, step.kind === 'window' && step.assigner.kind !== 'count')
  return [...keys].map(([text, key]) => {
    const group = groups.groupOf(key)
    const inputs: StepInput[] = []
    let watermark = -Infinity
    for (const segment of segments) {
      const { log, length } = segment
      const isOwner = groups.ownerOf(group, log.subtasks) === log.subtask
      const begin = begins.get(segment) as number
      if (isOwner && begin !== watermark) inputs.push({ kind: 'restored', at: (watermark = begin) })
      for (const seen of log.seen.slice(0, length)) {
        if (seen.kind !== 'record') {
          if (!isOwner) continue
          inputs.push(seen)
          if (seen.kind === 'time') continue
          if (timeOf(seen.at) < watermark) problems.push(`WM-1: ${step.id} goes back from the watermark ${watermark} to ${seen.at}`)
          watermark = timeOf(seen.at)
          continue
        }
        if (seen.key !== text) continue
        if (!isOwner) problems.push(`PT-1: ${step.id} saw key ${text} in subtask ${log.subtask} of ${log.subtasks}, which does not own it`)
        if (seen.watermark !== watermark)
          problems.push(`${step.id}: key ${text} sees the watermark ${seen.watermark}, but the last that came is ${watermark}`)
        inputs.push(asInput(seen))
      }
    }
    inputs.push({ kind: 'end' })
    return inputs
  })
}

/**
 * With which watermark each segment of a keyed step begins: the lowest of its key groups (rules 1.2 c). They are apart when their
 * owners saw the idleness of an input at different moments. Of windows that end by time a group that was further stays so (its floor).
 */
function beginnings(segments: readonly Segment[], groups: KeyGroups, hasFloors: boolean): Map<Segment, number> {
  const begins = new Map<Segment, number>()
  const reached = Array.from({ length: groups.count }, () => -Infinity)
  for (const segment of segments) {
    const { log, length } = segment
    const own = [...reached.keys()].filter((group) => groups.ownerOf(group, log.subtasks) === log.subtask)
    const begin = own.reduce((least, group) => Math.min(least, reached[group] as number), Infinity)
    begins.set(segment, begin)
    const end = log.seen.slice(0, length).reduce((last, seen) => (seen.kind === 'watermark' ? timeOf(seen.at) : last), begin)
    for (const group of own) reached[group] = hasFloors ? Math.max(end, reached[group] as number) : end
  }
  return begins
}

function timeOf(at: number | 'end'): number {
  return at === 'end' ? Infinity : at
}

/**
 * reduce and aggregate: their functions see values only. The first value of a key in a reduce is never seen alone, and timestamps
 * not at all: both come from what the reference itself delivers.
 */
function rollingOrders(
  program: Program,
  step: Step,
  segments: readonly Segment[],
  offered: readonly Emission[],
  problems: string[],
): { readonly orders: StepInput[][]; readonly isAmbiguous: boolean } {
  const select = keySelector(keyOfInput(program, step))
  const offeredByKey = Map.groupBy(offered, ({ value }) => keyText(select(value)))
  const seenByKey = new Map<string, Row[]>()
  for (const { log, length } of segments) {
    for (const seen of log.seen.slice(0, length)) {
      if (seen.kind !== 'record') continue
      const values = seenByKey.get(seen.key as string) ?? []
      seenByKey.set(seen.key as string, values)
      // A reduce says what it had before: of a key without history that is the first value.
      if (seen.before !== undefined && values.length === 0) values.push(seen.before)
      values.push(seen.value)
    }
  }
  let isAmbiguous = false
  const orders: StepInput[][] = []
  for (const key of new Set([...offeredByKey.keys(), ...seenByKey.keys()])) {
    const given = offeredByKey.get(key) ?? []
    const seen = seenByKey.get(key) ?? (step.kind === 'reduce' && given.length === 1 ? given.map(({ value }) => value) : [])
    const left = Map.groupBy(given, ({ value }) => canonical(value))
    for (const same of left.values()) if (new Set(same.map(({ timestamp }) => timestamp)).size > 1) isAmbiguous = true
    orders.push(
      seen.map((value) => {
        const match = left.get(canonical(value))?.shift()
        if (match === undefined) problems.push(`${step.id} saw ${canonical(value)} of key ${key}, which was never sent to it (again)`)
        return { kind: 'record', value, timestamp: match?.timestamp ?? null } as const
      }),
    )
    for (const missing of left.values())
      for (const { value } of missing) problems.push(`${step.id} never saw ${canonical(value)} of key ${key}`)
  }
  return { orders, isAmbiguous }
}
