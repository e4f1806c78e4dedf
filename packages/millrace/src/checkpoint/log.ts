/**
 * Who owns a job: the protocol of its log, as a pure machine. Entries are made by exclusive creation; nothing else fences.
 *
 *   start ─► look ─► read newest, then what it needs ─┬─ finished ────────────────► ended(finished)
 *             ▲                                       ├─ damaged, foreign, refused ► ended(stopped)
 *             │ waited (own clock)                    ├─ owner may live ─► wait ─┐
 *             └───────────────────────────────────────┼──────────────────────────┘
 *             ▲                                       └─ released, dead, silent for a lease
 *             │ taken, or something above is visible             │
 *             └────────────────────────── create claim ◄─────────┘
 *                                              │ look again: nothing above
 *                                              ▼
 *                      append ┌─────────────► owner ◄───────────┐ look again: nothing above: it counts
 *                             └─ create last + 1 ─ created ─────┘
 *                                  │ taken, or something above is visible
 *                                  ▼
 *                             ended(fenced): commits and deletes nothing any more
 *
 * LG1  A claim is made only with the number after the newest entry, after having read that entry and all that it needs.
 * LG2  An owner makes entries with its own last number + 1, one at a time. When an attempt fails while its checkpoint or its `finished`
 *      is on the way, the claim of the next one, or the release of a job that is stopped, waits until that is settled. After `finished`
 *      both are answered by it: there is nothing left to be run or released.
 * LG3  An entry counts for its maker only if no higher one is visible when it looks after the creation. Deleted numbers can be
 *      created again; but the newest entry is never deleted, and whoever claims takes a higher number than all it sees.
 * LG4  A fenced owner performs no further action. What it may still do concerns entries that its successor has seen.
 * LG5  The newest entry says which older ones must be there (`kept`) and what a successor restores (`latest`). All other older
 *      numbers count for nothing, whoever made them, so an entry of a void epoch is never restored from.
 * LG6  A beat names the newest entry at its time. Beats are read before the log, so a lower newest entry is a loss.
 * LG7  What is needed and missing counts as lost only when a later look shows the same newest entry: a live owner deletes what
 *      its newest entry does not need.
 * LG8  Checkpoint ids are never reused: an owner uses ids up to CHECKPOINT_ID_WINDOW above the floor of its newest entry, and a
 *      claimer begins above what the newest entry allowed its maker. After a clean release there is no gap.
 * LG9  A creation that failed is tried again with the same bytes or the ownership is given up: the entry may exist, or come to be
 *      there later. Whoever has given it up may search the log anew, as any other process would: only the log says what became of it.
 * LG10 Nobody is waited for whose process certainly is gone or whose token was given up; else by lease, on the waiter's clock.
 * LG11 A newest entry that only the beat still names (LG6) stops a start, unless the user has given it up for an older checkpoint by
 *      word. Then it counts as damaged, once a later look misses it too, and the claim takes a number above it.
 */
import { invariant, StreamError } from '../core/errors.ts'
import { onOwner } from './log-owner.ts'
import { afterChunks, afterLook, afterRead, afterWait, beginSearch, onClaiming, stop, wait } from './log-search.ts'
import type { LogAction, LogDecision, LogEvent, LogOptions, LogState } from './log-types.ts'

/** The machine before anything: perform the actions and feed their answers to {@link decideLog}, one after the other. */
export function startLog(options: LogOptions): LogDecision {
  invariant(
    options.retain >= 1 && options.maxTries >= 1 && options.pollMs > 0,
    'LG0: at least one checkpoint is retained and one attempt made',
  )
  return beginSearch(options)
}

/** Pure. An event that the state does not wait for changes nothing: it answers an action of an earlier state. */
export function decideLog(state: LogState, event: LogEvent): LogDecision {
  switch (state.kind) {
    case 'looking':
      if (event.kind === 'looked') return afterLook(state.search, event.look)
      return failed(state, event)
    case 'reading':
      if (event.kind === 'read') return afterRead(state.search, state.look, state.newest, event.results)
      return failed(state, event)
    case 'chunks':
      if (event.kind === 'chunksSeen') return afterChunks(state.search, state.newest, event.found)
      return failed(state, event)
    case 'waiting':
      return event.kind === 'waited' ? afterWait(state.search, state.askedMs, event.elapsedMs) : { state, actions: [] }
    case 'claiming':
      return event.kind === 'ioFailed' ? stop(event.error) : onClaiming(state, event)
    case 'owner':
      return onOwner(state.owner, event)
    case 'ended':
      return { state, actions: event.kind === 'append' ? afterEnd(state) : [] }
  }
}

/** Whoever asks for an entry is answered, also when it is too late for one; but LG4: that there is none was said to who has lost the log. */
function afterEnd(state: LogState & { readonly kind: 'ended' }): readonly LogAction[] {
  if (state.how === 'finished') return [{ kind: 'finished', checkpoint: state.checkpoint }]
  if (state.how !== 'released') return []
  return [{ kind: 'stop', error: new StreamError('INVARIANT', 'LG2: an entry was asked for after the log was released') }]
}

/** Before anything is claimed a failing storage is tried again, then reported. */
function failed(state: LogState & { readonly kind: 'looking' | 'reading' | 'chunks' }, event: LogEvent): LogDecision {
  if (event.kind !== 'ioFailed') return { state, actions: [] }
  const failures = state.search.failures + 1
  if (failures >= state.search.options.maxTries) return stop(event.error)
  return wait({ ...state.search, failures }, state.search.options.pollMs)
}

export type * from './log-types.ts'
