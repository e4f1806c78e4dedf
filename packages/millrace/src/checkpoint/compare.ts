/**
 * Compares what a checkpoint holds with what a plan has a place for, before a record flows (D12). Pure.
 *
 *   kept      same address and state name          new       not in the checkpoint: begins empty
 *   migrated  kept, of an older version            dropped   in the checkpoint and not in the plan: takes the user's word
 *
 * CW1  Nothing is dropped silently: state that holds something, positions, output that is not committed.
 * CW2  A state keeps its kind, also that of its aggregate; its version never goes back. A different kind needs a different name.
 * CW3  Key groups are fixed for the life of the state; a plan that does not say takes the checkpoint's.
 * CW4  What is dropped with the user's word is out of the manifest that the attempt goes on from, also if the name is used again
 *      later: whole parts are left out, and single states are marked in the runs that hold them.
 */
import { StreamError } from '../core/errors.ts'
import type { OperatorSummary } from '../plan/summary.ts'
import type { KeyedPart, Manifest, OperatorPart, StoredDeclaration } from './manifest.ts'

export interface PlanComparison {
  /** `address` or `address.state`, each in the order of the plan or the checkpoint. */
  readonly kept: readonly string[]
  readonly migrated: readonly string[]
  readonly added: readonly string[]
  readonly dropped: readonly string[]
  readonly mismatched: readonly string[]
  readonly keyGroups: number
  /** STATE_DROPPED, STATE_MISMATCH or KEY_GROUPS_CHANGED: the job must not start. */
  readonly error: StreamError | undefined
  /** The checkpoint without what is dropped (CW4): what the attempt restores and its first manifest follows. */
  readonly manifest: Manifest
}

export interface ComparisonOptions {
  readonly allowDropped: boolean
  /** As asked for; undefined: as the checkpoint says. */
  readonly keyGroups: number | undefined
}

export function compareWithPlan(manifest: Manifest, planned: readonly OperatorSummary[], options: ComparisonOptions): PlanComparison {
  const found: Found = { kept: [], migrated: [], added: [], dropped: [], mismatched: [] }
  const operators: Record<string, OperatorPart> = {}
  for (const operator of planned) {
    const part = manifest.operators[operator.address]
    if (part === undefined) found.added.push(operator.address)
    else if (part.kind !== operator.kind) found.mismatched.push(`${operator.address} (was ${part.kind}, is ${operator.kind})`)
    else operators[operator.address] = part.kind === 'keyed' ? compareStates(operator, part, found) : keep(operator.address, part, found)
  }
  for (const [address, part] of Object.entries(manifest.operators)) {
    if (!planned.some((operator) => operator.address === address) && !isEmpty(part)) found.dropped.push(address)
  }
  const error = errorOf(manifest, found, options)
  return { ...found, keyGroups: manifest.keyGroups, error, manifest: { ...manifest, operators, chunks: usedChunks(manifest, operators) } }
}

interface Found {
  readonly kept: string[]
  readonly migrated: string[]
  readonly added: string[]
  readonly dropped: string[]
  readonly mismatched: string[]
}

function keep(address: string, part: OperatorPart, found: Found): OperatorPart {
  found.kept.push(address)
  return part
}

function compareStates(operator: OperatorSummary, part: KeyedPart, found: Found): KeyedPart {
  const { address, states } = operator
  for (const [name, now] of Object.entries(states)) {
    const before = Object.hasOwn(part.states, name) ? part.states[name] : undefined
    const path = `${address}.${name}`
    if (before === undefined) found.added.push(path)
    else {
      const difference = differenceOf(before, now)
      if (difference !== undefined) found.mismatched.push(`${path} (${difference})`)
      else if (before.version < now.version) found.migrated.push(path)
      else found.kept.push(path)
    }
  }
  const dropped = Object.keys(part.states).filter((name) => !Object.hasOwn(states, name))
  if (isEmpty(part) || dropped.length === 0) return part
  found.dropped.push(...dropped.map((name) => `${address}.${name}`))
  const runs = part.runs.map((run) => ({ ...run, ignored: [...new Set([...(run.ignored ?? []), ...dropped])] }))
  return { ...part, runs, states: Object.fromEntries(Object.entries(part.states).filter(([name]) => Object.hasOwn(states, name))) }
}

/** CW2. */
function differenceOf(before: StoredDeclaration, now: StoredDeclaration): string | undefined {
  if (before.kind !== now.kind) return `was ${before.kind}, is ${now.kind}`
  if (before.aggregate !== undefined && now.aggregate !== undefined && before.aggregate !== now.aggregate)
    return `was of the aggregate ${before.aggregate}, is of ${now.aggregate}`
  if (before.domain !== now.domain) return `was of ${before.domain} time, is of ${now.domain} time`
  return before.version > now.version ? `was written by version ${before.version}, is version ${now.version}` : undefined
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

function errorOf(manifest: Manifest, found: Found, options: ComparisonOptions): StreamError | undefined {
  const { keyGroups, allowDropped } = options
  if (keyGroups !== undefined && keyGroups !== manifest.keyGroups) {
    return new StreamError(
      'KEY_GROUPS_CHANGED',
      `The job asks for ${keyGroups} key groups, its state was written with ${manifest.keyGroups}. Leave keyGroups as it was: it is fixed for the life of the state.`,
    )
  }
  if (found.mismatched.length > 0) {
    return new StreamError(
      'STATE_MISMATCH',
      `Checkpoint ${manifest.checkpoint} does not fit the job: ${found.mismatched.join('; ')}. Give the new state a new name.`,
      {
        details: { states: found.mismatched },
      },
    )
  }
  if (found.dropped.length === 0 || allowDropped) return undefined
  return new StreamError(
    'STATE_DROPPED',
    `Checkpoint ${manifest.checkpoint} holds what the job has no place for: ${found.dropped.join(', ')}. Give the steps and states their old names back, or accept the loss with allowDropped (--allow-dropped).`,
    {
      details: { dropped: found.dropped },
    },
  )
}

function usedChunks(manifest: Manifest, operators: Readonly<Record<string, OperatorPart>>): Manifest['chunks'] {
  const used = new Set(Object.values(operators).flatMap((part) => (part.kind === 'keyed' ? part.runs.map((run) => run.chunk) : [])))
  return manifest.chunks.filter((chunk) => used.has(chunk.name))
}
