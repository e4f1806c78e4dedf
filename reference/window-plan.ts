// What follows from a window step alone.
import { windowDomain } from './window-assigners.ts'
import { defaultTrigger } from './window-triggers.ts'
import type { AssignerSpec, EvictorSpec, TimeDomain, TriggerSpec, WindowStep } from './program.ts'

/** The trigger that holds, and whether it purges. Undefined never fires. */
function innerTrigger(step: WindowStep): Exclude<TriggerSpec, { kind: 'purging' }> | undefined {
  let trigger = step.trigger ?? defaultTrigger(step.assigner)
  while (trigger?.kind === 'purging') trigger = trigger.of
  return trigger
}

/** Whether windows end, or fire in between, by this clock. */
export function firesBy(step: WindowStep, domain: TimeDomain): boolean {
  const trigger = innerTrigger(step)
  return windowDomain(step.assigner) === domain || (trigger?.kind === 'every' && trigger.time === domain)
}

/** Whether every record must have a timestamp. */
export function needsTimestamps(step: WindowStep): boolean {
  return firesBy(step, 'event') || step.evictor?.kind === 'keepNewest'
}

/** Whether the outcome depends on the clock. */
export function windowUsesClock(step: WindowStep): boolean {
  return firesBy(step, 'processing') || (step.fn.kind === 'inspect' && step.fn.clock)
}

/** Whether the order of a key's results is determined: not where windows of one key may fire at the same moment (TM-2). */
export function isOrderedPerKey(step: WindowStep): boolean {
  const trigger = innerTrigger(step)
  const domain = windowDomain(step.assigner)
  if (trigger?.kind === 'every' && domain !== undefined && trigger.time !== domain) return false
  return !overlaps(step.assigner) || (trigger?.kind === 'atEnd' && step.allowedLateness === 0)
}

/** Whether windows fire when a record comes, never by time: then their order is that of the records. */
export function firesByRecords(step: WindowStep): boolean {
  const trigger = innerTrigger(step)
  return trigger?.kind === 'count' || trigger?.kind === 'delta'
}

/** Whether a record may be in several windows. */
function overlaps(assigner: AssignerSpec): boolean {
  if (assigner.kind === 'sliding') return assigner.slide < assigner.size
  return assigner.kind === 'cumulative' && assigner.step < assigner.size
}

/** The tags that a window step may emit to. */
export function windowTags(step: WindowStep): string[] {
  return [...(step.lateTag === undefined ? [] : [step.lateTag]), ...(step.fn.kind === 'route' ? [step.fn.tag] : [])]
}

/** What is wrong with the parameters, in words. */
export function windowProblems(step: WindowStep): string[] {
  const trigger = innerTrigger(step)
  const found = [
    ...assignerProblems(step.assigner),
    ...(trigger === undefined ? [] : triggerProblems(trigger, step.assigner)),
    ...(step.evictor === undefined ? [] : evictorProblems(step.evictor)),
  ]
  if (!(step.allowedLateness >= 0)) found.push('lateness below 0')
  if (new Set(windowTags(step)).size < windowTags(step).length) found.push('late records and results have one tag')
  if (step.fn.kind === 'aggregate' && step.fn.aggregates.some(({ name }) => name === 'key' || name === 'window'))
    found.push('an aggregate has the name of a field of the row')
  return found.map((text) => `window '${step.id}': ${text}`)
}

/** WA-3, WA-7. */
function assignerProblems(assigner: AssignerSpec): string[] {
  switch (assigner.kind) {
    case 'tumbling':
      return [...positive('size', assigner.size), ...offsetBelow(assigner.size, assigner.offset)]
    case 'sliding':
      return [...positive('size', assigner.size), ...positive('slide', assigner.slide), ...offsetBelow(assigner.slide, assigner.offset)]
    case 'cumulative':
      return [
        ...positive('size', assigner.size),
        ...positive('step', assigner.step),
        ...(assigner.size % assigner.step === 0 ? [] : ['the size is no multiple of the step']),
        ...offsetBelow(assigner.size, assigner.offset),
      ]
    case 'session':
      if (typeof assigner.gap === 'number') return positive('gap', assigner.gap)
      return [...positive('gap', assigner.gap.least), ...positive('modulo', assigner.gap.modulo)]
    case 'count':
      return [...positive('size', assigner.size), ...(assigner.slide === undefined ? [] : positive('slide', assigner.slide))]
    default:
      return []
  }
}

function triggerProblems(trigger: Exclude<TriggerSpec, { kind: 'purging' }>, assigner: AssignerSpec): string[] {
  if (trigger.kind === 'count') return positive('n', trigger.n)
  if (trigger.kind === 'delta')
    return [
      ...(trigger.threshold >= 0 ? [] : ['threshold below 0']),
      ...(assigner.kind === 'session' ? ['a delta trigger cannot merge (SM-6)'] : []),
    ]
  if (trigger.kind !== 'every') return []
  const isForeign = trigger.time === 'event' && windowDomain(assigner) === 'processing'
  return [
    ...positive('interval', trigger.interval),
    ...(isForeign ? ['windows of processing time fire every so often by the clock only'] : []),
  ]
}

/** With these the last value always stays, so that no window fires empty. */
function evictorProblems(evictor: EvictorSpec): string[] {
  if (evictor.kind === 'keepLast') return positive('n', evictor.n)
  return positive('limit of the evictor', evictor.kind === 'keepNewest' ? evictor.ms : evictor.threshold)
}

function positive(name: string, value: number): string[] {
  return Number.isSafeInteger(value) && value > 0 ? [] : [`${name} is ${value}`]
}

function offsetBelow(limit: number, offset: number): string[] {
  return Number.isSafeInteger(offset) && Math.abs(offset) < limit ? [] : [`the offset ${offset} is not below ${limit}`]
}
