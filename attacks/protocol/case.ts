/** Everything that the attack enumerates, by number: first the scenarios as they are, then each mutation in the one that must find it. */
import { explore, type Exploration } from './explore.ts'
import { mutations, type Mutation } from './mutations.ts'
import { scenarios } from './scenarios.ts'
import type { Scenario } from './world.ts'

export interface Case {
  readonly scenario: Scenario
  /** Undefined: nothing may be found. */
  readonly mutation: Mutation | undefined
}
export type Told = Exploration & { readonly seconds: number }

/** More than any scenario has; one that needs them has grown beyond what can be seen whole. */
const MOST_STATES = 1_000_000

export const cases: readonly Case[] = [
  ...scenarios.map((scenario) => ({ scenario, mutation: undefined })),
  ...mutations.map((mutation) => ({ scenario: scenarioOf(mutation), mutation })),
]

function scenarioOf({ name, in: key }: Mutation): Scenario {
  const found = scenarios.find((scenario) => scenario.key === key)
  if (found === undefined) throw new Error(`'${name}' is to be found in '${key}', which is no scenario`)
  return found
}

export function runCase(number: number): Told {
  const { scenario, mutation } = cases[number] as Case
  const began = performance.now()
  const found = explore({ scenario, maxStates: MOST_STATES, ...(mutation === undefined ? {} : { mutation }) })
  return { ...found, seconds: (performance.now() - began) / 1000 }
}

/** What is wrong with a result; undefined when it is as it has to be. */
export function problemOf(number: number, { violation, isComplete, seen, states }: Told): string | undefined {
  const { mutation, scenario } = cases[number] as Case
  if (mutation !== undefined) return violation === undefined ? `not found among ${states} states of '${scenario.name}'` : undefined
  if (violation !== undefined) return violation.what
  if (!isComplete) return `not seen whole: more than ${MOST_STATES} states`
  // Jobs that nobody finishes would keep every rule.
  return (seen['finished'] ?? 0) === 0 ? 'no interleaving finishes the job' : undefined
}
