import type { StateDeclaration } from './contract.ts'
import { type StoredKind, storedKindOf } from './format.ts'

/** A state as a checkpoint describes it. */
export interface StoredState {
  readonly kind: StoredKind
  readonly version: number
}

/** What becomes of each state when a job is restored from a checkpoint (D12). Names are sorted by code unit. */
export interface StateComparison {
  /** Same kind and version. */
  readonly kept: readonly string[]
  /** Same kind, another version, and the declaration can migrate. */
  readonly migrated: readonly string[]
  /** Declared only. */
  readonly new: readonly string[]
  /** Stored only: may be left out with the user's word. */
  readonly dropped: readonly string[]
  /** Cannot be restored. */
  readonly mismatched: readonly { readonly name: string; readonly reason: string }[]
}

export function describeDeclarations(declared: Readonly<Record<string, StateDeclaration>>): Record<string, StoredState> {
  const described: Record<string, StoredState> = {}
  for (const [name, declaration] of Object.entries(declared))
    described[name] = { kind: storedKindOf(declaration), version: declaration.version }
  return described
}

export function compareDeclarations(
  stored: Readonly<Record<string, StoredState>>,
  declared: Readonly<Record<string, StateDeclaration>>,
): StateComparison {
  const kept: string[] = []
  const migrated: string[] = []
  const mismatched: { name: string; reason: string }[] = []
  for (const name of Object.keys(stored)
    .filter((each) => Object.hasOwn(declared, each))
    .sort()) {
    const reason = mismatch(stored[name] as StoredState, declared[name] as StateDeclaration)
    if (reason !== undefined) mismatched.push({ name, reason })
    else if ((stored[name] as StoredState).version === declared[name]?.version) kept.push(name)
    else migrated.push(name)
  }
  return {
    kept,
    migrated,
    new: Object.keys(declared)
      .filter((name) => !Object.hasOwn(stored, name))
      .sort(),
    dropped: Object.keys(stored)
      .filter((name) => !Object.hasOwn(declared, name))
      .sort(),
    mismatched,
  }
}

function mismatch(before: StoredState, now: StateDeclaration): string | undefined {
  const kind = storedKindOf(now)
  if (before.kind !== kind) return `it is a ${before.kind} in the checkpoint and a ${kind} in the job`
  if (before.version === now.version || now.migrate !== undefined) return undefined
  return `its values are of version ${before.version} in the checkpoint and ${now.version} in the job, which has no migrate`
}
