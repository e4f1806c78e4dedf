/** Breadth-first search over all interleavings of a scenario: every process at every point may go on, be paused or crash. */
import { Step } from './process.ts'
import { Identity } from './identity.ts'
import { firstWorld, latestManifest, numbersOf, positionOf, STEP, type Operation, type Process, type Scenario, type World } from './world.ts'
import { honest, type Mutation } from './mutations.ts'

export interface Exploration {
  readonly states: number
  readonly transitions: number
  /** Worlds in which nothing can happen any more. */
  readonly ends: number
  readonly isComplete: boolean
  readonly violation: { readonly what: string; readonly steps: readonly string[] } | undefined
  /** How often each kind of outcome was seen: shows that the search is not vacuous. */
  readonly seen: Readonly<Record<string, number>>
}

export interface ExploreOptions {
  readonly scenario: Scenario
  readonly mutation?: Mutation
  readonly maxStates: number
}

export function explore(options: ExploreOptions): Exploration {
  return new Search(options).run()
}

class Search {
  readonly #scenario: Scenario
  readonly #mutation: Mutation
  readonly #maxStates: number
  readonly #identity = new Identity()
  readonly #known = new Set<number>()
  readonly #parents: number[] = [-1]
  readonly #labels: string[] = ['start']
  readonly #seen: Record<string, number> = {}
  #transitions = 0
  #ends = 0
  #frontier: [number, World][]
  #next: [number, World][] = []

  constructor({ scenario, mutation = honest, maxStates }: ExploreOptions) {
    this.#scenario = scenario
    this.#mutation = mutation
    this.#maxStates = maxStates
    const start = firstWorld(scenario)
    this.#known.add(this.#identity.of(seenParts(start)))
    this.#frontier = [[0, start]]
  }

  run(): Exploration {
    while (this.#frontier.length > 0) {
      this.#next = []
      for (const [at, world] of this.#frontier) {
        const violation = this.#expand(at, world)
        if (violation !== undefined) return this.#result(false, violation)
        if (this.#known.size >= this.#maxStates) return this.#result(false, undefined)
      }
      this.#frontier = this.#next
    }
    return this.#result(true, undefined)
  }

  #expand(at: number, world: World): Exploration['violation'] {
    let canGoOn = false
    for (const { who, label, isProgress, take, costsSwitch } of choicesOf(world, this.#scenario)) {
      canGoOn ||= isProgress
      const step = new Step(world, who, this.#scenario, this.#mutation)
      if (costsSwitch) step.budget.switches--
      try {
        take(step)
      } catch (error) {
        return { what: String(error), steps: [...this.#trace(at), label] }
      }
      const after = step.world()
      this.#transitions++
      const what = after.ghost.violation ?? brokenRule(after)
      if (what !== undefined) return { what, steps: [...this.#trace(at), label] }
      this.#visit(after, at, label)
    }
    return canGoOn ? undefined : this.#end(at, world)
  }

  #visit(world: World, parent: number, label: string): void {
    const key = this.#identity.of(seenParts(world))
    if (this.#known.has(key)) return
    this.#known.add(key)
    this.#parents.push(parent)
    this.#labels.push(label)
    this.#next.push([this.#parents.length - 1, world])
  }

  /** Nobody can go on: then everybody who lives has ended, and the log says with what. */
  #end(at: number, world: World): Exploration['violation'] {
    this.#ends++
    const stuck = world.processes.find((process) => process.life === 'running')
    if (stuck !== undefined) return { what: `${stuck.name} is stuck`, steps: this.#trace(at) }
    const outcome = world.storage.entries[numbersOf(world.storage).at(-1) ?? 0]?.kind ?? 'nothing'
    this.#seen[outcome] = (this.#seen[outcome] ?? 0) + 1
    return undefined
  }

  #trace(at: number): string[] {
    const steps: string[] = []
    for (let i = at; i > 0; i = this.#parents[i] as number) steps.unshift(this.#labels[i] as string)
    return steps
  }

  #result(isComplete: boolean, violation: Exploration['violation']): Exploration {
    return { states: this.#known.size, transitions: this.#transitions, ends: this.#ends, isComplete, violation, seen: this.#seen }
  }
}

// ---------------------------------------------------------------- what can happen

interface Choice {
  readonly who: number
  readonly label: string
  /** It does not depend on luck: a world without such a choice is an end. */
  readonly isProgress: boolean
  readonly costsSwitch: boolean
  readonly take: (step: Step) => void
}
type OwnChoice = Omit<Choice, 'who' | 'costsSwitch'>

function choicesOf(world: World, scenario: Scenario): Choice[] {
  const all: Choice[] = []
  const { current, budget } = world
  const isInterrupted = budget.switches >= 0 && choicesFor(world, current, scenario).some((choice) => choice.isProgress)
  for (const [who, process] of world.processes.entries()) {
    const costsSwitch = isInterrupted && who !== current
    if (!costsSwitch || budget.switches > 0) {
      for (const choice of choicesFor(world, who, scenario)) all.push({ ...choice, who, label: `${process.name} ${choice.label}`, costsSwitch })
    }
    if (budget.crashes > 0 && process.life === 'running') {
      all.push({ who, label: `${process.name} crashes`, isProgress: false, costsSwitch: false, take: (step) => step.crash(current) })
    }
  }
  return all
}

function choicesFor(world: World, who: number, scenario: Scenario): OwnChoice[] {
  const process = world.processes[who] as Process
  // A third one is somebody's successor.
  if (process.life === 'unborn' && who > 1 && !world.processes.some(({ life }) => life === 'dead' || life === 'done')) return []
  if (process.life === 'unborn') return [{ label: 'starts', isProgress: false, take: (step) => step.start() }]
  if (process.life !== 'running') return []
  const choices: OwnChoice[] = []
  let isDeleting = false
  for (const [at, operation] of process.operations.entries()) {
    const isDelete = operation.kind === 'delete-entry' || operation.kind === 'delete-chunk'
    if (isDelete && isDeleting) continue
    isDeleting ||= isDelete
    for (const variant of variantsOf(operation, world, process)) {
      choices.push({ label: labelOf(operation, variant), isProgress: variant !== 'lease', take: (step) => step.perform(at, variant) })
    }
  }
  return [...choices, ...ownChoices(world, process, scenario)]
}

function variantsOf(operation: Operation, world: World, process: Process): string[] {
  const { budget } = world
  if (operation.kind === 'acknowledge') return budget.aborts > 0 ? ['ack', 'decline'] : ['ack']
  if (operation.kind !== 'log') return ['']
  if (operation.action.kind === 'wait') return [...(isWorthLooking(world, process) ? ['short'] : []), ...(budget.leases > 0 && process.log?.kind === 'waiting' ? ['lease'] : [])]
  if (operation.action.kind === 'create') return budget.doubts > 0 ? ['told', 'lost', 'untold'] : ['told']
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

/** What a job does by itself: reads a record and asks for a checkpoint, comes to its end, merges runs. */
function ownChoices(world: World, process: Process, scenario: Scenario): OwnChoice[] {
  const { task, coordinator } = process
  if (task === undefined || coordinator?.stage !== 'running') return []
  const choices: OwnChoice[] = []
  // One record between two seals is enough; while a checkpoint is in flight there is one more if reports may be late.
  const mayRead = coordinator.flight === undefined ? coordinator.wanted === undefined : scenario.reports === 'late' && task.open.length === 0 && coordinator.flight.reason !== 'stop'
  if (task.position < scenario.records && mayRead && coordinator.newest !== undefined) {
    choices.push({
      label: `reads ${task.position + 1}, tick`,
      isProgress: true,
      take: (step) => {
        step.process.task = { ...task, position: task.position + 1, open: [...task.open, task.position + 1] }
        step.tell({ kind: 'tick', nowMs: 0 })
      },
    })
  }
  if (task.position === scenario.records && !task.hasEnded) {
    choices.push({
      label: 'ends input',
      isProgress: true,
      take: (step) => {
        step.process.task = { ...task, hasEnded: true }
        step.tell({ kind: 'taskEnded', nowMs: 0, epoch: coordinator.options.epoch, task: 'all', subtask: 0 })
      },
    })
  }
  const part = coordinator.newest?.operators[STEP]
  const canMerge = world.budget.merges > 0 && part?.kind === 'keyed' && part.runs.length > 1 && !process.operations.some(({ kind }) => kind === 'merge')
  const { newest } = coordinator
  if (canMerge && newest !== undefined) choices.push({ label: 'begins to merge', isProgress: false, take: (step) => step.beginMerge(newest) })
  if (world.budget.stops > 0 && coordinator.wanted === undefined) {
    choices.push({
      label: 'is asked to stop',
      isProgress: false,
      take: (step) => {
        step.budget.stops--
        step.tell({ kind: 'stop', nowMs: 0 })
      },
    })
  }
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
      return operation.left[0] === undefined ? `hears that it has committed up to ${operation.upTo}` : `commits ${operation.left[0].checkpoint}`
    case 'delete-entry':
      return `deletes entry ${operation.number}`
    case 'delete-chunk':
      return `deletes ${operation.chunk}`
    default:
      return operation.kind
  }
}

// ---------------------------------------------------------------- what must hold

/** Of storage and sink alone, whatever the processes believe. */
function brokenRule({ storage, sink }: World): string | undefined {
  const newest = numbersOf(storage).at(-1)
  const entry = newest === undefined ? undefined : storage.entries[newest]
  if (entry === undefined) return undefined
  for (const number of entry.kept) {
    const kept = storage.entries[number]
    if (kept === undefined) return `entry ${newest} needs entry ${number}, which is gone`
    const manifest = kept.kind === 'checkpoint' ? kept.manifest : undefined
    for (const chunk of manifest?.chunks ?? []) if (!storage.chunks.includes(chunk.name)) return `entry ${number} needs chunk ${chunk.name}, which is gone`
  }
  const latest = latestManifest(storage)
  for (const chunk of latest?.chunks ?? []) if (!storage.chunks.includes(chunk.name)) return `the newest checkpoint needs chunk ${chunk.name}, which is gone`
  const committed = Object.values(sink.committed).flat()
  if (committed.some((record) => record > positionOf(latest))) return `[${committed}] is committed, but the newest checkpoint ends at ${positionOf(latest)}`
  return undefined
}

/** What tells worlds apart. */
function seenParts({ storage, sink, processes, budget, ghost, current }: World): unknown {
  return [storage, sink, processes, budget, ghost.confirmed, ghost.used, budget.switches < 0 ? 0 : current]
}
