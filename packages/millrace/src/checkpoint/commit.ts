/** What the coordinator commits when: one commit at a time, in order of checkpoints (rules C2 to C4). Pure. */
import type { Uncommitted, WriterStates } from './build-manifest.ts'
import type { CommittableGroup, CoordinatorDecision, CoordinatorState } from './coordinator-types.ts'
import type { Manifest, StoredCommittable } from './manifest.ts'

/** By sink: everything that a manifest holds, committed or not. */
export function uncommittedOf(manifest: Manifest | undefined): Uncommitted {
  return select(manifest, () => true)
}

/** By sink: what its writers had sealed as state. */
export function writerStatesOf(manifest: Manifest | undefined): WriterStates {
  const sinks = Object.entries(manifest?.operators ?? {}).flatMap(([address, part]) =>
    part.kind === 'sink' && part.writerStates.length > 0 ? [[address, part.writerStates] as const] : [],
  )
  return Object.fromEntries(sinks)
}

/** After a manifest counts: what it adds, and what was not committed while it was being stored. */
export function stillUncommitted(manifest: Manifest, before: CoordinatorState): Uncommitted {
  const known = before.newest?.checkpoint ?? -1
  const added = select(manifest, (committable) => committable.checkpoint > known)
  const sinks = new Set([...Object.keys(before.uncommitted), ...Object.keys(added)])
  return Object.fromEntries([...sinks].map((sink) => [sink, [...(before.uncommitted[sink] ?? []), ...(added[sink] ?? [])]]))
}

function select(manifest: Manifest | undefined, wanted: (committable: StoredCommittable) => boolean): Uncommitted {
  const sinks = Object.entries(manifest?.operators ?? {}).flatMap(([address, part]) => {
    const committables = part.kind === 'sink' ? part.committables.filter(wanted) : []
    return committables.length === 0 ? [] : [[address, committables] as const]
  })
  return Object.fromEntries(sinks)
}

/** Begins the next commit unless one is on its way or nothing is left. */
export function commitNext(state: CoordinatorState): CoordinatorDecision {
  const { newest, committing, uncommitted } = state
  const groups = groupsOf(uncommitted)
  if (committing !== undefined || newest === undefined || groups.length === 0 || state.stage === 'closing') return { state, actions: [] }
  return { state: { ...state, committing: newest.checkpoint }, actions: [{ kind: 'commit', upTo: newest.checkpoint, groups }] }
}

/** All that a manifest up to `upTo` held is committed; what came meanwhile is next. */
export function onCommitted(state: CoordinatorState, upTo: number): CoordinatorDecision {
  if (state.committing !== upTo) return { state: { ...state, dropped: state.dropped + 1 }, actions: [] }
  const left = Object.entries(state.uncommitted).flatMap(([sink, committables]) => {
    const later = committables.filter((committable) => committable.checkpoint > upTo)
    return later.length === 0 ? [] : [[sink, later] as const]
  })
  return commitNext({ ...state, committing: undefined, uncommitted: Object.fromEntries(left) })
}

/** SK-3: by checkpoint ascending; within one, by sink. */
function groupsOf(uncommitted: Uncommitted): readonly CommittableGroup[] {
  const groups = new Map<number, Record<string, StoredCommittable[]>>()
  for (const [sink, committables] of Object.entries(uncommitted)) {
    for (const committable of committables) {
      const sinks = groups.get(committable.checkpoint) ?? {}
      groups.set(committable.checkpoint, sinks)
      sinks[sink] = [...(sinks[sink] ?? []), committable]
    }
  }
  return [...groups].sort(([a], [b]) => a - b).map(([checkpoint, sinks]) => ({ checkpoint, sinks }))
}
