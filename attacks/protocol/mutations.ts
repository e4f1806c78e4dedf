/**
 * Rules of the protocol broken one by one: with each the enumeration must find a violation, or it does not look hard enough.
 * A mutation bends what a machine is told or what becomes of its decision, so the machines themselves stay as they are.
 */
import type { CoordinatorAction, CoordinatorEvent, CoordinatorState } from '../../packages/millrace/src/checkpoint/coordinator.ts'
import type { LogEvent, LogState, Ownership } from '../../packages/millrace/src/checkpoint/log.ts'
import { missingEntry } from '../../packages/millrace/src/checkpoint/log-view.ts'
import { CHECKPOINT_ID_WINDOW, type Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'
import type { RetentionDecision, RetentionEvent, RetentionState } from '../../packages/millrace/src/checkpoint/retention.ts'
import { SINK } from './world.ts'

export interface Mutation {
  readonly name: string
  /** The rule it breaks. */
  readonly rule: string
  /** The scenario that has to find it. */
  readonly in: string
  logEvent?(state: LogState, event: LogEvent): LogEvent
  retention?(event: RetentionEvent): RetentionEvent
  actions?(state: CoordinatorState, actions: readonly CoordinatorAction[]): readonly CoordinatorAction[]
  ownership?(ownership: Ownership): Ownership
  coordinatorEvent?(state: CoordinatorState, event: CoordinatorEvent): CoordinatorEvent
  released?(before: RetentionState, event: RetentionEvent, decision: RetentionDecision): RetentionDecision
  readonly dropsAborted?: boolean
  readonly dropsPending?: boolean
  readonly overwrites?: boolean
  readonly withdrawsNothing?: boolean
  readonly restoresAsAsked?: boolean
}

export const honest: Mutation = { name: 'honest', rule: '', in: '' }

/** Hides everything above one's own entry. */
function blindLook(event: LogEvent, number: number): LogEvent {
  if (event.kind !== 'looked') return event
  return { ...event, look: { ...event.look, numbers: [...event.look.numbers.filter((entry) => entry < number), number] } }
}

function alsoDelete(decision: RetentionDecision, chunks: readonly string[]): RetentionDecision {
  return { ...decision, deleteChunks: [...decision.deleteChunks, ...chunks] }
}

const withoutCommittables = (manifest: Manifest, floor: number): Manifest => {
  const sink = manifest.operators[SINK]
  if (sink?.kind !== 'sink') return manifest
  return {
    ...manifest,
    operators: {
      ...manifest.operators,
      [SINK]: { ...sink, committables: sink.committables.filter((committable) => committable.checkpoint > floor) },
    },
  }
}

export const mutations: readonly Mutation[] = [
  {
    name: 'an owner does not look again after its creation',
    rule: 'LG3',
    in: 'abort-pause',
    logEvent: (state, event) =>
      state.kind === 'owner' && state.owner.pending?.phase === 'confirming' ? blindLook(event, state.owner.pending.number) : event,
  },
  {
    name: 'a claimer does not look again after its creation',
    rule: 'LG3',
    in: 'pause',
    logEvent: (state, event) =>
      state.kind === 'claiming' && state.phase === 'confirming' ? blindLook(event, state.claiming.number) : event,
  },
  {
    name: 'what is missing counts as lost at once, without another look',
    rule: 'LG7',
    in: 'third',
    logEvent: (state, event) =>
      state.kind === 'reading' && event.kind === 'read'
        ? {
            ...event,
            results: event.results.map((read) =>
              'missing' in read ? { number: read.number, error: missingEntry(`${read.number}.entry`, read.number) } : read,
            ),
          }
        : event,
  },
  { name: 'creation overwrites', rule: 'rules 1.3', in: 'pause', overwrites: true },
  {
    name: 'a taken number is no reason to stop',
    rule: 'LG2',
    in: 'pause',
    logEvent: (state, event) => (state.kind === 'owner' && event.kind === 'created' ? { ...event, result: 'created' } : event),
  },
  {
    name: 'a creation without an answer counts as made',
    rule: 'LG9',
    in: 'give-up',
    logEvent: (state, event) =>
      state.kind === 'owner' && event.kind === 'createFailed' ? { kind: 'created', number: event.number, result: 'created' } : event,
  },
  {
    name: "another owner's entry is taken for one's own that was tried before",
    rule: 'LG9',
    in: 'doubt-again',
    logEvent: (state, event) =>
      state.kind === 'owner' && state.owner.pending?.phase === 'checking' && event.kind === 'read'
        ? { ...event, results: [{ number: state.owner.pending.number, entry: state.owner.pending.entry }] }
        : event,
  },
  {
    name: "another process's claim of the same epoch is taken for one's own that was tried before",
    rule: 'LG9',
    in: 'doubt-again',
    logEvent: (state, event) => {
      if (state.kind !== 'owner' || state.owner.pending?.phase !== 'checking' || event.kind !== 'read') return event
      const { number, entry } = state.owner.pending
      const [found] = event.results
      const isClaim = found !== undefined && 'entry' in found && found.entry.kind === 'claim' && found.entry.epoch === entry.epoch
      return isClaim ? { ...event, results: [{ number, entry }] } : event
    },
  },
  {
    name: 'the search after the ownership was given up restores what the first one was asked for',
    rule: 'LG9',
    in: 'give-up',
    restoresAsAsked: true,
  },
  {
    name: 'a claim does not raise the epoch',
    rule: 'LG1',
    in: 'crashes',
    logEvent: (_, event) => {
      if (event.kind === 'looked') return { ...event, look: { ...event.look, beat: undefined } }
      if (event.kind !== 'read') return event
      return {
        ...event,
        results: event.results.map((read) => ('entry' in read ? { ...read, entry: { ...read.entry, epoch: read.entry.epoch - 1 } } : read)),
      }
    },
  },
  {
    name: 'a claimer begins right above the ids it sees',
    rule: 'LG8',
    in: 'crashes',
    ownership: (ownership) =>
      ownership.checkpointFloor < CHECKPOINT_ID_WINDOW
        ? ownership
        : { ...ownership, checkpointFloor: ownership.checkpointFloor - CHECKPOINT_ID_WINDOW },
  },
  {
    name: 'a successor restores an older checkpoint',
    rule: 'rules 1.1',
    in: 'retained',
    ownership: (ownership) => ({ ...ownership, restored: ownership.retained.at(-2) ?? ownership.restored }),
  },
  {
    name: 'committed before the entry counts',
    rule: 'C2',
    in: 'crashes',
    actions: (_, actions) =>
      actions.flatMap((action): CoordinatorAction[] => {
        if (action.kind !== 'store-manifest') return [action]
        const sink = action.manifest.operators[SINK]
        const committables = sink?.kind === 'sink' ? sink.committables : []
        const { checkpoint } = action.manifest
        return [action, { kind: 'commit', upTo: checkpoint, groups: [{ checkpoint, sinks: { [SINK]: committables } }] }]
      }),
  },
  { name: "an aborted checkpoint's committables are dropped", rule: 'C4', in: 'abort-crash', dropsAborted: true },
  {
    name: 'what is not committed yet is not carried',
    rule: 'C4',
    in: 'crashes',
    actions: (state, actions) =>
      actions.map((action) =>
        action.kind === 'store-manifest'
          ? { ...action, manifest: withoutCommittables(action.manifest, state.newest?.checkpoint ?? -1) }
          : action,
      ),
  },
  {
    name: 'finished before the last commit',
    rule: 'C8',
    in: 'crashes',
    actions: (state, actions) => {
      const isLast = state.stage === 'finishing' && actions.some((action) => action.kind === 'commit')
      return isLast ? [...actions, { kind: 'append-finished', checkpoint: state.newest?.checkpoint ?? 0, usedTo: state.usedTo }] : actions
    },
  },
  {
    name: 'withdrawn before the restored committables are committed',
    rule: 'C3',
    in: 'crashes',
    actions: (state, actions) =>
      state.stage === 'committing-restored'
        ? actions.map((action) => (action.kind === 'commit' ? { kind: 'withdraw', kept: {}, open: {} } : action))
        : actions,
  },
  { name: 'what dead writers left is not withdrawn', rule: 'K5', in: 'crashes', withdrawsNothing: true },
  {
    name: 'the claim is deleted',
    rule: 'R1',
    in: 'crashes',
    retention: (event) => (event.kind === 'appended' ? { ...event, kept: [] } : event),
  },
  {
    name: 'what a task still writes counts as left behind',
    rule: 'R3',
    in: 'merge-pause',
    released: (before, event, decision) =>
      event.kind === 'listed'
        ? alsoDelete(
            decision,
            event.chunks.filter((chunk) => !Object.hasOwn(before.references, chunk)),
          )
        : decision,
  },
  {
    name: 'a chunk goes with the oldest checkpoint that names it',
    rule: 'R2',
    in: 'crashes',
    released: (before, event, decision) => {
      if (event.kind !== 'appended') return decision
      const gone = before.retained.filter(({ number }) => !event.kept.includes(number))
      return alsoDelete(
        decision,
        gone.flatMap(({ chunks }) => chunks),
      )
    },
  },
  {
    name: 'what an aborted checkpoint held of the state is not pending',
    rule: 'rules 1.5 b',
    in: 'abort-crash',
    dropsPending: true,
  },
  {
    name: 'a report of an aborted checkpoint counts for the next one',
    rule: 'C5',
    in: 'timeout',
    coordinatorEvent: (state, event) =>
      event.kind === 'acked' && event.epoch === state.options.epoch
        ? { ...event, checkpoint: state.flight?.checkpoint ?? event.checkpoint }
        : event,
  },
  {
    name: 'a report of an earlier attempt counts',
    rule: 'C5',
    in: 'attempt',
    coordinatorEvent: (state, event) =>
      event.kind === 'acked' && event.epoch !== state.options.epoch
        ? { ...event, epoch: state.options.epoch, checkpoint: state.flight?.checkpoint ?? event.checkpoint }
        : event,
  },
  {
    name: 'an attempt that fails while the log is being closed is followed by another',
    rule: 'C10',
    in: 'fail',
    coordinatorEvent: (state, event) =>
      state.stage === 'closing' && event.kind === 'attemptFailed' ? { ...event, kind: 'givenUp' } : event,
  },
  {
    name: 'the claim is released while what was restored is being committed',
    rule: 'C10',
    in: 'early-stop',
    actions: (state, actions) =>
      state.stage === 'finishing' && state.newest === state.options.restored && state.committing !== undefined && actions.length === 0
        ? [{ kind: 'append-release', usedTo: state.usedTo }]
        : actions,
  },
]
