/** The one hostile function of a job. */
import { existsSync, writeFileSync } from 'node:fs'
import { perform, type Act } from './acts.ts'
import type { HostileConfig, Place } from './places.ts'

/** May throw, or give what the function at the place is to return in the place of what it should. */
export type Strike = (value: unknown) => Promise<never> | undefined

const CHANGING: readonly string[] = ['mutate', 'mutate-state']

/** Strikes at one place once it was there often enough; an act that changes values does so from then on. */
export function strikes({ marker, place, act, after, busyMs }: HostileConfig): (at: Place) => Strike {
  let left = after
  let hasStruck = existsSync(marker)
  return (at) => (value) => {
    if (at !== place || left-- > 0 || hasStruck) return undefined
    if (!existsSync(marker)) writeFileSync(marker, '')
    hasStruck = !CHANGING.includes(act)
    return perform(act as Act, value, busyMs)
  }
}

/** A Standard Schema that lets all pass, and strikes at what there is: schemas are tried with nothing first. */
export function strikingSchema<T>(strike: (value: T) => unknown): StrikingSchema<T> {
  const validate = (value: unknown): unknown => (value === undefined ? { issues: [] } : (strike(value as T) ?? { value }))
  return { '~standard': { version: 1, vendor: 'hostile', validate } }
}

interface StrikingSchema<T> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => unknown
    readonly types?: { readonly input: unknown; readonly output: T }
  }
}
