/**
 * Decides when checkpoints are taken, what becomes of them, and what is committed. Pure: an attempt's coordinator begins with
 * {@link startCoordinator}, and a restart makes a new one from what the log says.
 *
 *   committing-restored ─► withdrawing ─► opening ─► running ─► finishing ──────────► closing ─► ended
 *                               │ restored was `end`     stop or end is    all       ▲ finished or
 *                               └────────────────────────  complete     committed ───┘ release entry
 *
 *   running:   no flight ──tick──► barrier n ──all acked──► store n ──stored──► complete: notify, acknowledge, commit ≤ n
 *                  ▲                  │ declined, timed out                          │
 *                  └── abort n ◄──────┘ (its committables stay with the tasks)       └──► no flight (commits go on)
 *
 * C1  One checkpoint is in flight at most, and each has a higher id than all before it (LG8 says how high it may be).
 * C2  Nothing of checkpoint n is committed, and nothing acknowledged upstream, before the log says that its entry counts.
 * C3  Commits are one at a time and in order of checkpoints. A commit that cannot be proven fails the job.
 * C4  What a manifest holds and is not known to be committed is in the next manifest again; what a task had sealed for an aborted
 *     checkpoint it reports with the next one. So no committable is ever lost (K18, K19).
 * C5  Messages of another attempt or checkpoint are counted and dropped (B5).
 * C6  Once a manifest is on its way to the log the checkpoint cannot be aborted: it is stored, or the attempt ends.
 * C7  A task knows from the barrier itself which checkpoint is the newest complete one.
 * C8  The last checkpoint of a bounded job is taken as soon as all tasks have ended; the `finished` entry follows the last commit.
 * C9  After `fail-job` or `fenced` nothing more is done.
 * C10 The log is closed by the attempt that has asked for it: what its tasks do meanwhile does not matter, and no commit or withdrawal
 *     is under way, for the next owner may begin with the same.
 */
import { StreamError } from '../core/errors.ts'
import { buildManifest } from './build-manifest.ts'
import { commitNext, onCommitted, stillUncommitted, uncommittedOf, writerStatesOf } from './commit.ts'
import { fittingMerges } from './compaction.ts'
import type {
  CheckpointReason,
  CoordinatorAction,
  CoordinatorDecision,
  CoordinatorEvent,
  CoordinatorOptions,
  CoordinatorState,
  Flight,
  TaskSlot,
} from './coordinator-types.ts'
import { CHECKPOINT_ID_WINDOW } from './manifest.ts'
import { positionsOf, settledReport, slotOf } from './reports.ts'

/** An attempt begins: what the restored checkpoint holds is committed (again), the rest of older epochs withdrawn, tasks opened. */
export function startCoordinator(options: CoordinatorOptions): CoordinatorDecision {
  const state: CoordinatorState = {
    options,
    stage: 'committing-restored',
    newest: options.restored,
    usedTo: Math.max(options.checkpointFloor, options.restored?.checkpoint ?? -1),
    flight: undefined,
    wanted: undefined,
    ended: [],
    settled: {},
    uncommitted: uncommittedOf(options.restored),
    committing: undefined,
    merges: [],
    failures: 0,
    dropped: 0,
  }
  return advance(state)
}

/** Pure. Actions are to be begun in their order; those with an answer need not wait for each other. */
export function decideCheckpoint(state: CoordinatorState, event: CoordinatorEvent): CoordinatorDecision {
  if (state.stage === 'ended') return drop(state)
  if ('epoch' in event && event.epoch !== state.options.epoch) return drop(state)
  switch (event.kind) {
    case 'tick':
      return state.stage === 'running' && state.flight === undefined && state.wanted === undefined
        ? trigger(state, 'periodic', event.nowMs)
        : keep(state)
    case 'stop':
      return onStop(state, event.nowMs)
    case 'withdrawn':
      return state.stage === 'withdrawing' ? afterWithdrawn(state) : drop(state)
    case 'tasksRunning':
      return state.stage === 'opening' ? onRunning({ ...state, stage: 'running' }, event.nowMs) : drop(state)
    case 'acked':
      return onAcked(state, event)
    case 'declined':
      return inFlight(state, event.checkpoint) ? abort(state, event.error, event.nowMs) : drop(state)
    case 'timedOut':
      return inFlight(state, event.checkpoint) ? abort(state, timeout(event.checkpoint), event.nowMs) : drop(state)
    case 'taskEnded':
      return onTaskEnded(state, event)
    case 'stored':
      return onStored(state, event.checkpoint, event.nowMs)
    case 'committed':
      return afterCommit(onCommitted(state, event.upTo))
    case 'merged':
      return { state: { ...state, merges: [...state.merges, event.merge] }, actions: [] }
    case 'closed':
      return state.stage === 'closing' ? close(state, event.entry) : drop(state)
    case 'commitsLeft':
      return state.stage === 'finishing' ? release(state) : drop(state)
    case 'attemptFailed':
      return state.stage === 'closing' ? drop(state) : fail(state, event.error)
    case 'commitFailed':
    case 'storeFailed':
    case 'fenced':
    case 'givenUp':
      return fail(state, event.error)
  }
}

function keep(state: CoordinatorState): CoordinatorDecision {
  return { state, actions: [] }
}

/** C5. */
function drop(state: CoordinatorState): CoordinatorDecision {
  return { state: { ...state, dropped: state.dropped + 1 }, actions: [] }
}

/** C9. */
function fail(state: CoordinatorState, error: StreamError): CoordinatorDecision {
  return { state: { ...state, stage: 'ended', flight: undefined }, actions: [{ kind: 'fail-job', error }] }
}

function then(decision: CoordinatorDecision, next: (state: CoordinatorState) => CoordinatorDecision): CoordinatorDecision {
  const after = next(decision.state)
  return { state: after.state, actions: [...decision.actions, ...after.actions] }
}

// ---------------------------------------------------------------- from a restore to running

/** Goes on with whatever can begin now that did not depend on an event: commits, then the next stage. */
function advance(state: CoordinatorState): CoordinatorDecision {
  return then(commitNext(state), (next) => (next.committing === undefined ? afterAllCommitted(next) : keep(next)))
}

function afterCommit(decision: CoordinatorDecision): CoordinatorDecision {
  return then(decision, (next) => (next.committing === undefined ? afterAllCommitted(next) : keep(next)))
}

/** Nothing is left to be committed. */
function afterAllCommitted(state: CoordinatorState): CoordinatorDecision {
  if (state.stage === 'committing-restored') {
    return {
      state: { ...state, stage: 'withdrawing' },
      actions: [{ kind: 'withdraw', kept: uncommittedOf(state.newest), open: writerStatesOf(state.newest) }],
    }
  }
  if (state.stage !== 'finishing') return keep(state)
  // Stopped before anything was withdrawn or opened: what has to follow is for the next owner.
  return state.newest?.checkpoint === state.options.restored?.checkpoint ? release(state) : closeLog(state)
}

/** EO-4: a restored `end` has nothing to run. Only commits may have been missing, and a late writer of an older epoch may have sealed. */
function afterWithdrawn(state: CoordinatorState): CoordinatorDecision {
  if (state.wanted === 'stop') return release(state)
  if (state.newest?.reason === 'end') return closeLog(state)
  const needsFirst = state.options.needsFirst || state.newest === undefined
  return { state: { ...state, stage: 'opening' }, actions: [{ kind: 'start-tasks', needsFirst }] }
}

function onRunning(state: CoordinatorState, nowMs: number): CoordinatorDecision {
  const needsFirst = state.options.needsFirst || state.newest === undefined
  return needsFirst ? trigger(state, 'first', nowMs) : triggerWanted(state, nowMs)
}

// ---------------------------------------------------------------- one checkpoint

function triggerWanted(state: CoordinatorState, nowMs: number): CoordinatorDecision {
  if (state.wanted === undefined || state.stage !== 'running' || state.flight !== undefined) return keep(state)
  return trigger(state, state.wanted, nowMs)
}

function trigger(state: CoordinatorState, reason: CheckpointReason, nowMs: number): CoordinatorDecision {
  const { options, newest, settled } = state
  const checkpoint = state.usedTo + 1
  const limit = Math.max(options.checkpointFloor, newest?.epoch === options.epoch ? newest.checkpoint : -1) + CHECKPOINT_ID_WINDOW
  if (checkpoint > limit) {
    return fail(
      state,
      new StreamError(
        'CHECKPOINT_FAILED',
        `${CHECKPOINT_ID_WINDOW} checkpoints in a row have failed; the attempt ends, and the next one draws new ids.`,
      ),
    )
  }
  const asked = options.tasks.filter((task) => !Object.hasOwn(settled, slotOf(task)))
  const flight: Flight = { checkpoint, reason, reports: settled, missing: asked.map(slotOf), final: [], manifest: undefined }
  const next: CoordinatorState = { ...state, usedTo: checkpoint, flight, wanted: reason === state.wanted ? undefined : state.wanted }
  if (asked.length === 0) return store(next, flight, nowMs)
  // A task whose inputs have all ended gets no barrier through them.
  const direct = asked.filter((task) => task.isSource || state.ended.includes(slotOf(task)))
  return { state: next, actions: [triggerAction(next, flight, direct)] }
}

function triggerAction(state: CoordinatorState, flight: Flight, tasks: readonly TaskSlot[]): CoordinatorAction {
  const { checkpoint, reason } = flight
  return {
    kind: 'trigger-barrier',
    checkpoint,
    reason,
    completed: state.newest?.checkpoint ?? -1,
    tasks: tasks.map(({ task, subtask }) => ({ task, subtask })),
  }
}

/** True while it waits for acknowledgements, so that it can be aborted (C6). */
function inFlight(state: CoordinatorState, checkpoint: number): boolean {
  return state.flight?.checkpoint === checkpoint && state.flight.manifest === undefined
}

function onAcked(state: CoordinatorState, event: CoordinatorEvent & { readonly kind: 'acked' }): CoordinatorDecision {
  const { flight } = state
  const slot = slotOf(event.report)
  if (flight === undefined || !inFlight(state, event.checkpoint) || !flight.missing.includes(slot)) return drop(state)
  const reports = { ...flight.reports, [slot]: event.report }
  // What the task says, not when its message came: it may have sealed, then ended, and its report arrives last.
  const final = event.report.isFinal ? [...flight.final, slot] : flight.final
  const next: Flight = { ...flight, reports, final, missing: flight.missing.filter((missing) => missing !== slot) }
  if (next.missing.length > 0) return keep({ ...state, flight: next })
  return store({ ...state, flight: next }, next, event.nowMs)
}

function store(state: CoordinatorState, flight: Flight, nowMs: number): CoordinatorDecision {
  const { options, newest, uncommitted } = state
  const { fitting, late } = fittingMerges(newest, state.merges)
  const manifest = buildManifest({
    previous: newest,
    job: options.job,
    epoch: options.epoch,
    checkpoint: flight.checkpoint,
    createdAtMs: nowMs,
    reason: flight.reason,
    keyGroups: options.keyGroups,
    planHash: options.planHash,
    reports: Object.values(flight.reports),
    uncommitted,
    merges: fitting,
  })
  const discards = late.map((merge): CoordinatorAction => ({ kind: 'discard-merge', merge }))
  return { state: { ...state, flight: { ...flight, manifest }, merges: [] }, actions: [{ kind: 'store-manifest', manifest }, ...discards] }
}

/** C2: from here on the checkpoint exists. */
function onStored(state: CoordinatorState, checkpoint: number, nowMs: number): CoordinatorDecision {
  const { flight } = state
  if (flight?.manifest === undefined || flight.checkpoint !== checkpoint) return drop(state)
  const { manifest } = flight
  const isFinal = manifest.reason === 'stop' || manifest.reason === 'end'
  const settled = { ...state.settled }
  for (const slot of flight.final) settled[slot] = settledReport(flight.reports[slot])
  const next: CoordinatorState = {
    ...state,
    stage: isFinal ? 'finishing' : state.stage,
    newest: manifest,
    flight: undefined,
    wanted: isFinal ? undefined : state.wanted,
    failures: 0,
    settled,
    uncommitted: stillUncommitted(manifest, state),
  }
  const actions: readonly CoordinatorAction[] = [
    { kind: 'notify-complete', checkpoint },
    { kind: 'acknowledge-sources', checkpoint, positions: positionsOf(manifest) },
    { kind: 'release-files', manifest },
  ]
  return then({ state: next, actions }, (after) => then(advance(after), (ready) => triggerWanted(ready, nowMs)))
}

function abort(state: CoordinatorState, error: StreamError, nowMs: number): CoordinatorDecision {
  const { flight, options } = state
  const failures = state.failures + 1
  const wanted = flight?.reason === 'stop' || flight?.reason === 'end' ? flight.reason : state.wanted
  const next: CoordinatorState = { ...state, flight: undefined, failures, wanted }
  const action: CoordinatorAction = { kind: 'abort', checkpoint: flight?.checkpoint ?? -1, error }
  // CP-4: a first checkpoint that fails has nothing to fall back to; neither has one that was asked for.
  if (failures > options.failureBudget || flight?.reason === 'first')
    return then({ state: next, actions: [action] }, (failed) => fail(failed, error))
  return then({ state: next, actions: [action] }, (after) => triggerWanted(after, nowMs))
}

function timeout(checkpoint: number): StreamError {
  return new StreamError('CHECKPOINT_TIMEOUT', `Checkpoint ${checkpoint} did not finish within its timeout.`, { details: { checkpoint } })
}

// ---------------------------------------------------------------- end of input and close

function onTaskEnded(state: CoordinatorState, event: CoordinatorEvent & { readonly kind: 'taskEnded' }): CoordinatorDecision {
  const slot = slotOf(event)
  const { options, flight } = state
  if (state.ended.includes(slot) || !options.tasks.some((task) => slotOf(task) === slot)) return drop(state)
  const ended = [...state.ended, slot]
  const isLast = ended.length === options.tasks.length
  const next: CoordinatorState = { ...state, ended, wanted: isLast ? 'end' : state.wanted }
  // The barrier in flight will never come through inputs that have ended without one. A source was told itself.
  const isMissed = flight?.missing.includes(slot) === true && !options.tasks.some((task) => task.isSource && slotOf(task) === slot)
  if (isMissed) return { state: next, actions: [triggerAction(next, flight as Flight, [event])] }
  return triggerWanted(next, event.nowMs)
}

function onStop(state: CoordinatorState, nowMs: number): CoordinatorDecision {
  const wanted = state.wanted ?? 'stop'
  switch (state.stage) {
    case 'running':
      return triggerWanted({ ...state, wanted }, nowMs)
    // C10: what has begun is finished first. No record has flowed, so nothing else has to be.
    case 'committing-restored':
      return keep({ ...state, stage: 'finishing' })
    case 'withdrawing':
      return keep({ ...state, wanted })
    case 'opening':
      return release(state)
    default:
      return keep(state)
  }
}

/** What is not committed the next owner commits. */
function release(state: CoordinatorState): CoordinatorDecision {
  return { state: { ...state, stage: 'closing' }, actions: [{ kind: 'append-release', usedTo: state.usedTo }] }
}

function closeLog(state: CoordinatorState): CoordinatorDecision {
  const { newest, usedTo } = state
  const isFinished = newest?.reason === 'end'
  const action: CoordinatorAction = isFinished
    ? { kind: 'append-finished', checkpoint: newest.checkpoint, usedTo }
    : { kind: 'append-release', usedTo }
  return { state: { ...state, stage: 'closing' }, actions: [action] }
}

function close(state: CoordinatorState, entry: 'finished' | 'release'): CoordinatorDecision {
  const how = entry === 'finished' ? 'finished' : 'stopped'
  return { state: { ...state, stage: 'ended' }, actions: [{ kind: 'ended', how }] }
}

export type * from './coordinator-types.ts'
export { slotOf } from './reports.ts'
