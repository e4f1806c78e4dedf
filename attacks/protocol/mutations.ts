/**
 * Rules of the protocol broken one by one: with each the enumeration must find a violation, or it does not look hard enough.
 * A mutation bends what a machine is told or what becomes of its decision, so the machines themselves stay as they are.
 */
import type { Uncommitted } from '../../packages/millrace/src/checkpoint/build-manifest.ts'
import type { CoordinatorAction, CoordinatorState } from '../../packages/millrace/src/checkpoint/coordinator.ts'
import type { LogEvent, LogState, Ownership } from '../../packages/millrace/src/checkpoint/log.ts'
import { CHECKPOINT_ID_WINDOW, type Entry, type Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'
import type { RetentionEvent } from '../../packages/millrace/src/checkpoint/retention.ts'
import { SINK } from './world.ts'

export interface Mutation {
  readonly name: string
  /** The rule it breaks. */
  readonly rule: string
  logEvent?(state: LogState, event: LogEvent): LogEvent
  entry?(entry: Entry): Entry
  retention?(event: RetentionEvent): RetentionEvent
  actions?(state: CoordinatorState, actions: readonly CoordinatorAction[]): readonly CoordinatorAction[]
  kept?(kept: Uncommitted): Uncommitted
  ownership?(ownership: Ownership): Ownership
  readonly dropsAborted?: boolean
  readonly overwrites?: boolean
}

export const honest: Mutation = { name: 'honest', rule: '' }

/** Hides everything above one's own entry. */
function blindLook(event: LogEvent, number: number): LogEvent {
  if (event.kind !== 'looked') return event
  return { ...event, look: { ...event.look, numbers: [...event.look.numbers.filter((entry) => entry < number), number] } }
}

const withoutCommittables = (manifest: Manifest, floor: number): Manifest => {
  const sink = manifest.operators[SINK]
  if (sink?.kind !== 'sink') return manifest
  return { ...manifest, operators: { ...manifest.operators, [SINK]: { ...sink, committables: sink.committables.filter((committable) => committable.checkpoint > floor) } } }
}

export const mutations: readonly Mutation[] = [
  {
    name: 'an owner does not look again after its creation',
    rule: 'LG3',
    logEvent: (state, event) => (state.kind === 'owner' && state.owner.pending?.phase === 'confirming' ? blindLook(event, state.owner.pending.number) : event),
  },
  {
    name: 'a claimer does not look again after its creation',
    rule: 'LG3',
    logEvent: (state, event) => (state.kind === 'claiming' && state.phase === 'confirming' ? blindLook(event, state.claiming.number) : event),
  },
  { name: 'creation overwrites', rule: 'rules 1.3', overwrites: true },
  {
    name: 'a taken number is no reason to stop',
    rule: 'LG2',
    logEvent: (state, event) => (state.kind === 'owner' && event.kind === 'created' ? { ...event, result: 'created' } : event),
  },
  {
    name: 'a claim does not raise the epoch',
    rule: 'LG1',
    logEvent: (_, event) => {
      if (event.kind === 'looked') return { ...event, look: { ...event.look, beat: undefined } }
      if (event.kind !== 'read') return event
      return { ...event, results: event.results.map((read) => ('entry' in read ? { ...read, entry: { ...read.entry, epoch: read.entry.epoch - 1 } } : read)) }
    },
  },
  {
    name: 'a claimer begins right above the ids it sees',
    rule: 'LG8',
    ownership: (ownership) => (ownership.checkpointFloor < CHECKPOINT_ID_WINDOW ? ownership : { ...ownership, checkpointFloor: ownership.checkpointFloor - CHECKPOINT_ID_WINDOW }),
  },
  {
    name: 'a successor restores an older checkpoint',
    rule: 'rules 1.1',
    ownership: (ownership) => ({ ...ownership, restored: ownership.retained.at(-2) ?? ownership.restored }),
  },
  {
    name: 'committed before the entry counts',
    rule: 'C2',
    actions: (_, actions) =>
      actions.flatMap((action): CoordinatorAction[] => {
        if (action.kind !== 'store-manifest') return [action]
        const sink = action.manifest.operators[SINK]
        const committables = sink?.kind === 'sink' ? sink.committables : []
        const { checkpoint } = action.manifest
        return [action, { kind: 'commit', upTo: checkpoint, groups: [{ checkpoint, sinks: { [SINK]: committables } }] }]
      }),
  },
  { name: "an aborted checkpoint's committables are dropped", rule: 'C4', dropsAborted: true },
  {
    name: 'what is not committed yet is not carried',
    rule: 'C4',
    actions: (state, actions) =>
      actions.map((action) => (action.kind === 'store-manifest' ? { ...action, manifest: withoutCommittables(action.manifest, state.newest?.checkpoint ?? -1) } : action)),
  },
  {
    name: 'finished before the last commit',
    rule: 'C8',
    actions: (state, actions) => {
      const isLast = state.stage === 'finishing' && actions.some((action) => action.kind === 'commit')
      return isLast ? [...actions, { kind: 'append-finished', checkpoint: state.newest?.checkpoint ?? 0, usedTo: state.usedTo }] : actions
    },
  },
  { name: 'everything of older epochs is withdrawn', rule: 'contract of Committer.withdraw', kept: () => ({}) },
  {
    name: 'withdrawn before the restored committables are committed',
    rule: 'C3',
    actions: (state, actions) => (state.stage === 'committing-restored' ? actions.map((action) => (action.kind === 'commit' ? { kind: 'withdraw', kept: {} } : action)) : actions),
  },
  {
    name: 'the claim is deleted',
    rule: 'R1',
    retention: (event) => (event.kind === 'appended' ? { ...event, kept: [] } : event),
  },
  {
    name: 'what a task still writes counts as left behind',
    rule: 'R3',
    retention: (event) => (event.kind === 'listed' ? { ...event, chunks: event.chunks.map((chunk) => chunk.replace(/^e\d+/, 'e0')) } : event),
  },
]
