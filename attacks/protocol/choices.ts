/** What may happen next in a world: to whom, at which cost, and how it is called in a trace. */
import type { CoordinatorState } from '../../packages/millrace/src/checkpoint/coordinator.ts'
import { StreamError } from '../../packages/millrace/src/core/errors.ts'
import type { Step } from './process.ts'
import { numbersOf, STEP, TASK, type Budget, type Operation, type Process, type Scenario, type Task, type World } from './world.ts'

export interface Choice {
  readonly who: number
  readonly label: string
  /** It does not depend on luck: a world without such a choice is an end. */
  readonly isProgress: boolean
  readonly costsSwitch: boolean
  readonly take: (step: Step) => void
}
type OwnChoice = Omit<Choice, 'who' | 'costsSwitch'>

/** Everything that may happen in a world. */
export function choicesOf(world: World, scenario: Scenario): Choice[] {
  const all: Choice[] = []
  const { current, budget } = world
  const isInterrupted = budget.switches >= 0 && choicesFor(world, current, scenario).some((choice) => choice.isProgress)
  for (const [who, process] of world.processes.entries()) {
    const costsSwitch = isInterrupted && who !== current
    if (!costsSwitch || budget.switches > 0) {
      for (const choice of choicesFor(world, who, scenario))
        all.push({ ...choice, who, label: `${process.name} ${choice.label}`, costsSwitch })
    }
    if (budget.crashes > 0 && process.life === 'running') {
      all.push({ who, label: `${process.name} crashes`, isProgress: false, costsSwitch: false, take: (step) => step.crash(current) })
    }
  }
  return all
}

export function choicesFor(world: World, who: number, scenario: Scenario): OwnChoice[] {
  const process = world.processes[who] as Process
  // A third one is somebody's successor.
  if (process.life === 'unborn' && who > 1 && !world.processes.some(({ life }) => life === 'dead' || life === 'done')) return []
  if (process.life === 'unborn') return [{ label: 'starts', isProgress: false, take: (step) => step.start() }]
  if (process.life !== 'running') return []
  const choices: OwnChoice[] = []
  const waiting = new Set<string>()
  for (const [at, operation] of process.operations.entries()) {
    const line = lineOf(operation)
    if (line !== undefined && waiting.has(line)) continue
    if (line !== undefined) waiting.add(line)
    for (const variant of variantsOf(operation, world, process, scenario)) {
      const isProgress = variant !== 'lease' && operation.kind !== 'land'
      choices.push({ label: labelOf(operation, variant), isProgress, take: (step) => step.perform(at, variant) })
    }
  }
  return [...choices, ...ownChoices(world, process, scenario)]
}

/** What stays in its order: barriers come through one channel, and files are deleted one after the other (R5). */
function lineOf(operation: Operation): string | undefined {
  if (operation.kind === 'delete-entry' || operation.kind === 'delete-chunk') return 'delete'
  return operation.kind === 'seal' ? 'seal' : undefined
}

function variantsOf(operation: Operation, world: World, process: Process, { doubts }: Scenario): string[] {
  const { budget } = world
  if (operation.kind === 'acknowledge') {
    const isAwaited = process.coordinator?.flight?.checkpoint === operation.checkpoint
    return budget.aborts > 0 && isAwaited ? ['ack', 'decline'] : ['ack']
  }
  if (operation.kind === 'restart') return ['', ...(budget.stops > 0 ? ['stopped'] : [])]
  if (operation.kind !== 'log') return ['']
  if (operation.action.kind === 'wait')
    return [
      ...(isWorthLooking(world, process) ? ['short'] : []),
      ...(budget.leases > 0 && process.log?.kind === 'waiting' ? ['lease'] : []),
    ]
  if (operation.action.kind === 'create') {
    if (budget.doubts === 0) return ['told']
    if (doubts === 'own-entries') return process.log?.kind === 'owner' ? ['told', 'lost'] : ['told']
    return ['told', 'lost', 'untold', 'late']
  }
  return ['']
}

/** A waiter that would see nothing but a living owner is left asleep: what it reads, it reads again before it claims. */
function isWorthLooking({ storage, processes }: World, process: Process): boolean {
  if (process.log?.kind !== 'waiting') return true
  const { search } = process.log
  const newest = storage.entries[numbersOf(storage).at(-1) ?? 0]
  if (newest === undefined || newest.kind === 'release' || newest.kind === 'finished') return true
  const claim = storage.entries[newest.claim]
  const owner = claim?.kind === 'claim' ? processes[claim.owner.pid] : undefined
  return owner?.life !== 'running' || search.view?.isConfirmed !== true
}

/** What a process does by itself. */
function ownChoices(world: World, process: Process, scenario: Scenario): OwnChoice[] {
  const { task, coordinator } = process
  const beat = world.budget.beats > 0 && process.log?.kind === 'owner' ? [choice('beats', spend('beats', beatOnce))] : []
  const own = [...beat, ...(coordinator === undefined ? [] : failing(world.budget, coordinator))]
  if (scenario.stopsEarly === true && coordinator !== undefined && world.budget.stops > 0 && EARLY.has(coordinator.stage))
    own.push(stopping)
  if (task === undefined || coordinator?.stage !== 'running') return own
  return [...own, ...taskChoices(task, coordinator, scenario), ...hostChoices(world.budget, process, coordinator)]
}

/** Also while the last entry is on its way. */
function failing(budget: Budget, { stage, options }: CoordinatorState): OwnChoice[] {
  if (budget.failures === 0 || stage === 'ended') return []
  const error = new StreamError('USER_CODE', 'thrown')
  const fail = (step: Step): void => step.tell({ kind: 'attemptFailed', nowMs: 0, epoch: options.epoch, error })
  return [choice('fails', spend('failures', fail))]
}

function choice(label: string, take: OwnChoice['take'], isProgress = false): OwnChoice {
  return { label, isProgress, take }
}

function spend(what: keyof Budget, take: OwnChoice['take']): OwnChoice['take'] {
  return (step) => {
    step.budget[what]--
    take(step)
  }
}

/** Nothing has flowed yet, but a commit may be under way. */
const EARLY: ReadonlySet<CoordinatorState['stage']> = new Set(['committing-restored', 'withdrawing', 'opening'])
const stopping: OwnChoice = choice(
  'is asked to stop',
  spend('stops', (step) => step.tell({ kind: 'stop', nowMs: 0 })),
)

function beatOnce(step: Step): void {
  step.feedLog({ kind: 'beatDue', seen: step.storage.beat })
}

/** A task reads a record, and a checkpoint is asked for; or its input ends. */
function taskChoices(task: Task, coordinator: CoordinatorState, scenario: Scenario): OwnChoice[] {
  const choices: OwnChoice[] = []
  const { flight, wanted, newest, options } = coordinator
  // One record between two seals is enough; while a checkpoint is in flight there is one more if reports may be late.
  const mayRead =
    flight === undefined ? wanted === undefined : scenario.reports === 'late' && task.open.length === 0 && flight.reason !== 'stop'
  if (task.position < scenario.records && mayRead && newest !== undefined) {
    const position = task.position + 1
    const read = (step: Step): void => {
      step.process.task = { ...task, position, open: [...task.open, position] }
      step.tell({ kind: 'tick', nowMs: 0 })
    }
    choices.push(choice(`reads ${position}, tick`, read, true))
  }
  if (task.position === scenario.records && !task.hasEnded) {
    const end = (step: Step): void => {
      step.process.task = { ...task, hasEnded: true }
      step.tell({ kind: 'taskEnded', nowMs: 0, epoch: options.epoch, task: TASK, subtask: 0 })
    }
    choices.push(choice('ends input', end, true))
  }
  return choices
}

/** Runs are merged, a checkpoint takes too long, somebody asks for a stop. */
function hostChoices(budget: Budget, process: Process, { newest, flight, wanted, options }: CoordinatorState): OwnChoice[] {
  const choices: OwnChoice[] = []
  const part = newest?.operators[STEP]
  const hasRuns = part?.kind === 'keyed' && part.runs.length > 1 && !process.operations.some(({ kind }) => kind === 'merge')
  if (budget.merges > 0 && newest !== undefined && hasRuns) choices.push(choice('begins to merge', (step) => step.beginMerge(newest)))
  if (budget.timeouts > 0 && flight !== undefined && flight.manifest === undefined && flight.reason !== 'first') {
    const { checkpoint } = flight
    const giveUp = (step: Step): void => step.tell({ kind: 'timedOut', nowMs: 0, epoch: options.epoch, checkpoint })
    choices.push(choice(`gives ${checkpoint} up`, spend('timeouts', giveUp)))
  }
  if (budget.stops > 0 && wanted === undefined) choices.push(stopping)
  return choices
}

function labelOf(operation: Operation, variant: string): string {
  switch (operation.kind) {
    case 'log': {
      const { action } = operation
      const what = action.kind === 'create' ? `creates ${action.number} (${action.entry.kind}, epoch ${action.entry.epoch})` : action.kind
      return variant === '' || variant === 'told' ? what : `${what}: ${variant}`
    }
    case 'seal':
      return `seals ${operation.barrier.checkpoint}`
    case 'acknowledge':
      return `${variant}s ${operation.checkpoint}`
    case 'commit':
      return operation.left[0] === undefined
        ? `hears that it has committed up to ${operation.upTo}`
        : `commits ${operation.left[0].checkpoint}`
    case 'restart':
      return variant === '' ? 'begins again' : 'is asked to stop before it begins again'
    case 'land':
      return `made ${operation.number} (${operation.entry.kind}, epoch ${operation.entry.epoch}) after all`
    case 'delete-entry':
      return `deletes entry ${operation.number}`
    case 'delete-chunk':
      return `deletes ${operation.chunk}`
    default:
      return operation.kind
  }
}
