/**
 * Compares what a checkpoint holds with what a plan has a place for, before a record flows (D12). Pure.
 *
 *   kept      same address and state name          added     not in the checkpoint: begins empty
 *   migrated  kept, of an older version            dropped   in the checkpoint and not in the plan: takes the user's word
 *
 * CW1  Nothing is dropped silently: state that holds something, positions, output that is not committed.
 * CW2  A state keeps its kind, also that of its aggregate; its version never goes back, and goes on only with a `migrate`. A
 *      different kind needs a different name. Of a step that holds nothing yet anything may change.
 * CW3  Key groups are fixed for the life of the state; a plan that does not say takes the checkpoint's.
 * CW4  What is dropped with the user's word is out of the manifest that the attempt goes on from, also if the name is used again
 *      later: whole parts are left out, and single states are marked in the runs that hold them.
 * CW5  A migrated state is restored from the runs that hold it, and marked in them for the manifests that follow: the first one
 *      holds all of it in the new version (state/upgrade.ts, U1). So a version that a checkpoint names is that of all its values,
 *      and until there is such a checkpoint every start migrates anew.
 * CW6  A refusal names everything that does not fit, not only the first.
 */
import { StreamError } from '../core/errors.ts'
import type { MigratedState, OperatorSummary, StateComparison } from '../plan/summary.ts'
import type { KeyedPart, Manifest, OperatorPart, StoredDeclaration } from './manifest.ts'

export interface PlanComparison {
  readonly states: StateComparison
  readonly keyGroups: number
  /** STATE_DROPPED, STATE_MISMATCH or KEY_GROUPS_CHANGED: the job must not start. */
  readonly error: StreamError | undefined
  /** The checkpoint without what is dropped (CW4): what the attempt restores. */
  readonly manifest: Manifest
  /** Also without what is migrated (CW5): what the first manifest of the attempt follows. */
  readonly follows: Manifest
}

export interface ComparisonOptions {
  readonly allowDropped: boolean
  /** As asked for; undefined: as the checkpoint says. */
  readonly keyGroups: number | undefined
}

export function compareWithPlan(manifest: Manifest, planned: readonly OperatorSummary[], options: ComparisonOptions): PlanComparison {
  const found: Found = { kept: [], migrated: [], added: [], dropped: [], mismatched: [] }
  const restored: Record<string, OperatorPart> = {}
  const followed: Record<string, OperatorPart> = {}
  for (const operator of planned) {
    const { address } = operator
    const part = manifest.operators[address]
    if (part === undefined) found.added.push(address)
    else if (part.kind !== operator.kind) found.mismatched.push(`${address} was a ${part.kind} and is a ${operator.kind}: give it a new id`)
    else if (part.kind !== 'keyed') {
      found.kept.push(address)
      restored[address] = followed[address] = part
    } else {
      const { dropped, migrated } = compareStates(operator, part, found)
      restored[address] = without(part, dropped)
      followed[address] = without(part, [...dropped, ...migrated])
    }
  }
  for (const [address, part] of Object.entries(manifest.operators)) {
    if (!planned.some((operator) => operator.address === address) && !isEmpty(part)) found.dropped.push(address)
  }
  const { kept, migrated, added, dropped } = found
  return {
    states: { kept, migrated, added, dropped },
    keyGroups: manifest.keyGroups,
    error: errorOf(manifest, found, options),
    manifest: withOperators(manifest, restored),
    follows: withOperators(manifest, followed),
  }
}

interface Found {
  readonly kept: string[]
  readonly migrated: MigratedState[]
  readonly added: string[]
  readonly dropped: string[]
  readonly mismatched: string[]
}

/** Names of the states of which the runs are to be marked. */
function compareStates(
  { address, states, migrating }: OperatorSummary,
  part: KeyedPart,
  found: Found,
): { readonly dropped: readonly string[]; readonly migrated: readonly string[] } {
  const migrated: string[] = []
  for (const [name, now] of Object.entries(states)) {
    const path = `${address}.${name}`
    const before = Object.hasOwn(part.states, name) ? part.states[name] : undefined
    const difference = before === undefined ? undefined : differenceOf(before, now, migrating.includes(name))
    if (before === undefined || (isEmpty(part) && difference !== undefined)) found.added.push(path)
    else if (difference !== undefined) found.mismatched.push(`${path} ${difference}`)
    else if (before.version === now.version || isEmpty(part)) found.kept.push(path)
    else {
      found.migrated.push({ state: path, from: before.version, to: now.version })
      migrated.push(name)
    }
  }
  const dropped = isEmpty(part) ? [] : Object.keys(part.states).filter((name) => !Object.hasOwn(states, name))
  found.dropped.push(...dropped.map((name) => `${address}.${name}`))
  return { dropped, migrated }
}

/** CW4, CW5: marks states in the runs that hold them. */
function without(part: KeyedPart, names: readonly string[]): KeyedPart {
  if (names.length === 0) return part
  const runs = part.runs.map((run) => ({ ...run, ignored: [...new Set([...(run.ignored ?? []), ...names])] }))
  return { ...part, runs, states: Object.fromEntries(Object.entries(part.states).filter(([name]) => !names.includes(name))) }
}

/** CW2: what does not fit, and what to do about it. */
function differenceOf(before: StoredDeclaration, now: StoredDeclaration, hasMigrate: boolean): string | undefined {
  if (before.kind !== now.kind) return `was ${before.kind} and is ${now.kind}: give the new state a new name`
  if (before.layout !== now.layout)
    return `was of ${before.layout ?? 'no windows'} and is of ${now.layout ?? 'none'}: give the step a new id, or its windows back`
  if (before.aggregate !== undefined && now.aggregate !== undefined && before.aggregate !== now.aggregate)
    return `was of the aggregate ${before.aggregate} and is of ${now.aggregate}: give the new aggregate a new name`
  if (before.domain !== now.domain) return `was of ${before.domain} time and is of ${now.domain} time: give the new timer a new name`
  if (before.version > now.version)
    return `was written by version ${before.version} and is version ${now.version}: run the job that has version ${before.version}, a version never goes back`
  if (before.version === now.version || hasMigrate) return undefined
  return `was written by version ${before.version} and is version ${now.version} without migrate: give it migrate: (old, fromVersion) => …, or leave the version at ${before.version}`
}

/** True when dropping it loses nothing. */
function isEmpty(part: OperatorPart): boolean {
  switch (part.kind) {
    case 'keyed':
      return part.runs.length === 0
    case 'source':
      return Object.keys(part.splits).length === 0
    case 'sink':
      return part.committables.length === 0 && part.writerStates.length === 0
  }
}

/** CW6: the code of the gravest, the text of all. */
function errorOf({ checkpoint, keyGroups }: Manifest, { mismatched, dropped }: Found, options: ComparisonOptions): StreamError | undefined {
  const texts: string[] = []
  const hasOtherGroups = options.keyGroups !== undefined && options.keyGroups !== keyGroups
  const loses = dropped.length > 0 && !options.allowDropped
  if (hasOtherGroups)
    texts.push(
      `The job asks for ${options.keyGroups} key groups, its state was written with ${keyGroups}. Leave keyGroups as it was: it is fixed for the life of the state.`,
    )
  if (mismatched.length > 0) texts.push(`Checkpoint ${checkpoint} does not fit the job: ${mismatched.join('; ')}.`)
  if (loses)
    texts.push(
      `Checkpoint ${checkpoint} holds what the job has no place for: ${dropped.join(', ')}. Give the steps and states their old names back, or accept the loss with allowDropped (--allow-dropped).`,
    )
  if (texts.length === 0) return undefined
  const code = hasOtherGroups ? 'KEY_GROUPS_CHANGED' : mismatched.length > 0 ? 'STATE_MISMATCH' : 'STATE_DROPPED'
  const details = { ...(mismatched.length > 0 ? { states: mismatched } : {}), ...(loses ? { dropped } : {}) }
  return new StreamError(code, texts.join(' '), { details })
}

function withOperators(manifest: Manifest, operators: Readonly<Record<string, OperatorPart>>): Manifest {
  return { ...manifest, operators, chunks: usedChunks(manifest, operators) }
}

function usedChunks(manifest: Manifest, operators: Readonly<Record<string, OperatorPart>>): Manifest['chunks'] {
  const used = new Set(Object.values(operators).flatMap((part) => (part.kind === 'keyed' ? part.runs.map((run) => run.chunk) : [])))
  return manifest.chunks.filter((chunk) => used.has(chunk.name))
}
