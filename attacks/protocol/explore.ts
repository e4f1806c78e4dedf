/** Breadth-first search over all interleavings of a scenario: every process at every point may go on, be paused or crash. */
import { choicesOf } from './choices.ts'
import { Identity } from './identity.ts'
import { afterAll, brokenRule } from './judge.ts'
import { honest, type Mutation } from './mutations.ts'
import { Step } from './process.ts'
import { firstWorld, numbersOf, type Scenario, type World } from './world.ts'

export interface Exploration {
  readonly states: number
  readonly transitions: number
  /** Worlds in which nothing can happen any more; a lone successor has finished each of them. */
  readonly ends: number
  /** Steps of the longest shortest way to a world. */
  readonly depth: number
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
  #depth = 0
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
      this.#depth++
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
    const after = outcome === 'finished' ? undefined : afterAll(world, this.#scenario, this.#mutation)
    return after === undefined ? undefined : { what: after.what, steps: [...this.#trace(at), ...after.steps] }
  }

  #trace(at: number): string[] {
    const steps: string[] = []
    for (let i = at; i > 0; i = this.#parents[i] as number) steps.unshift(this.#labels[i] as string)
    return steps
  }

  #result(isComplete: boolean, violation: Exploration['violation']): Exploration {
    return {
      states: this.#known.size,
      transitions: this.#transitions,
      ends: this.#ends,
      depth: this.#depth,
      isComplete,
      violation,
      seen: this.#seen,
    }
  }
}

/** What tells worlds apart. */
function seenParts({ storage, sink, processes, budget, ghost, current }: World): unknown {
  return [storage, sink, processes, budget, ghost.confirmed, ghost.used, budget.switches < 0 ? 0 : current]
}
