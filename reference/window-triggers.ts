// When a window fires.
import { distanceBy } from './behaviours.ts'
import { assertNever, type AssignerSpec, type Row, type TimeDomain, type TriggerSpec, type WindowStep } from './program.ts'

/** What a trigger remembers of one window; it survives a purge (WO-7). */
export interface TriggerState {
  count: number
  /** Of `delta`: the value at the last firing. */
  last: Row | undefined
  /** Of `every`: the time at which it fires next. */
  next: number | undefined
}

/** The window that a trigger is asked about. `watermark` is that of its key: the floor counts. */
export interface TriggerScope {
  readonly state: TriggerState
  readonly maxTimestamp: number
  readonly watermark: number
  readonly now: number
  register(domain: TimeDomain, at: number): void
}

/** Each method but `onMerge` says whether the window fires. */
export interface Trigger {
  readonly purges: boolean
  onElement(scope: TriggerScope, value: Row, timestamp: number | null): boolean
  onTimer(scope: TriggerScope, domain: TimeDomain, at: number): boolean
  /** The state has been merged (SM-2). */
  onMerge(scope: TriggerScope): void
}

export function emptyState(): TriggerState {
  return { count: 0, last: undefined, next: undefined }
}

/** Counts add up, and the earliest time is next. */
export function mergedState(states: readonly TriggerState[]): TriggerState {
  const nexts = states.map((state) => state.next).filter((next) => next !== undefined)
  return {
    count: states.reduce((sum, state) => sum + state.count, 0),
    last: undefined,
    next: nexts.length === 0 ? undefined : Math.min(...nexts),
  }
}

/** The step's own, or that of its assigner: one replaces the other (TR-5). */
export function triggerOf(step: WindowStep): Trigger {
  const spec = step.trigger ?? defaultTrigger(step.assigner)
  return spec === undefined ? NEVER : makeTrigger(spec, step.assigner)
}

/** WA-8, WA-9. */
export function defaultTrigger(assigner: AssignerSpec): TriggerSpec | undefined {
  if (assigner.kind === 'global') return undefined
  if (assigner.kind !== 'count') return { kind: 'atEnd' }
  if (assigner.slide !== undefined) return { kind: 'count', n: assigner.slide }
  return { kind: 'purging', of: { kind: 'count', n: assigner.size } }
}

const NEVER: Trigger = { purges: false, onElement: () => false, onTimer: () => false, onMerge() {} }

function makeTrigger(spec: TriggerSpec, assigner: AssignerSpec): Trigger {
  // Count and global windows end with the input: when the watermark is +Infinity.
  const endDomain = 'time' in assigner ? assigner.time : 'event'
  switch (spec.kind) {
    case 'atEnd':
      return atEnd(endDomain)
    case 'every':
      return every(spec.interval, spec.time, endDomain)
    case 'count':
      return count(spec.n)
    case 'delta':
      return delta(spec.threshold, distanceBy(spec.field))
    case 'purging':
      return { ...makeTrigger(spec.of, assigner), purges: true }
    default:
      return assertNever(spec)
  }
}

/** TR-1, TR-2. */
function atEnd(domain: TimeDomain): Trigger {
  const isPast = (scope: TriggerScope): boolean => domain === 'event' && scope.maxTimestamp <= scope.watermark
  return {
    purges: false,
    onElement(scope) {
      if (isPast(scope)) return true
      scope.register(domain, scope.maxTimestamp)
      return false
    },
    onTimer: (scope, of, at) => of === domain && at === scope.maxTimestamp,
    /** SM-4: what is past is fired by the element that follows. */
    onMerge(scope) {
      if (!isPast(scope)) scope.register(domain, scope.maxTimestamp)
    },
  }
}

/** TR-4: besides the end. Times of one domain are capped at the end; a window without end keeps no rhythm at the watermark +Infinity. */
function every(interval: number, domain: TimeDomain, endDomain: TimeDomain): Trigger {
  const end = atEnd(endDomain)
  function schedule(scope: TriggerScope, from: number): void {
    const cap = domain === endDomain ? scope.maxTimestamp : Infinity
    const isOver = domain === 'event' && cap === Infinity && scope.watermark === Infinity
    scope.state.next = isOver ? Infinity : Math.min(from + interval, cap)
    scope.register(domain, scope.state.next)
  }
  return {
    purges: false,
    onElement(scope, _value, timestamp) {
      if (end.onElement(scope, _value, timestamp)) return true
      const at = domain === 'event' ? timestamp! : scope.now
      if (scope.state.next === undefined) schedule(scope, at - (at % interval))
      return false
    },
    onTimer(scope, of, at) {
      if (end.onTimer(scope, of, at)) return true
      if (of !== domain || scope.state.next !== at) return false
      schedule(scope, at)
      return true
    },
    onMerge(scope) {
      if (scope.state.next !== undefined) scope.register(domain, scope.state.next)
    },
  }
}

/** TR-3. */
function count(n: number): Trigger {
  return {
    ...NEVER,
    onElement({ state }) {
      state.count++
      if (state.count < n) return false
      state.count = 0
      return true
    },
  }
}

/** TR-4: more than the threshold away from the value at the last firing, at first from the first value. */
function delta(threshold: number, distance: (last: Row, value: Row) => number): Trigger {
  return {
    ...NEVER,
    onElement({ state }, value) {
      state.last ??= value
      if (distance(state.last, value) <= threshold) return false
      state.last = value
      return true
    },
  }
}
