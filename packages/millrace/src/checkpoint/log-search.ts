/** The log machine until it owns the job: look, read, wait, claim, look again. The protocol is in log.ts. */
import { StreamError } from '../core/errors.ts'
import { beginOwner } from './log-owner.ts'
import type { Claiming, LogAction, LogDecision, LogEvent, LogOptions, LogState, LogView, Look, ReadEntry, Search } from './log-types.ts'
import { choiceOf, claimAfter, claimOf, intactEntries, lostEntry, missingEntry, refusalOf, viewOf } from './log-view.ts'

export function beginSearch(options: LogOptions): LogDecision {
  const search: Search = {
    options,
    view: undefined,
    waitedMs: 0,
    seen: undefined,
    probe: undefined,
    chunks: undefined,
    vanished: undefined,
    failures: 0,
  }
  return look(search)
}

export function look(search: Search): LogDecision {
  return { state: { kind: 'looking', search }, actions: [{ kind: 'look', probe: search.probe }] }
}

export function wait(search: Search, ms: number): LogDecision {
  return { state: { kind: 'waiting', search, askedMs: ms }, actions: [{ kind: 'wait', ms }] }
}

export function stop(error: StreamError): LogDecision {
  return { state: { kind: 'ended', how: 'stopped' }, actions: [{ kind: 'stop', error }] }
}

// ---------------------------------------------------------------- look and read

export function afterLook(search: Search, seen: Look): LogDecision {
  const { options, chunks } = search
  const newest = seen.numbers.at(-1)
  const beaten = seen.beat?.newestEntry ?? 0
  // LG6: the beat was read first, and the newest entry is never deleted.
  if (beaten > (newest ?? 0)) return afterLoss(search, seen, lostEntry(options.nameOf(beaten), beaten))
  if (newest === undefined) {
    if (chunks === undefined) return askForChunks(search, 0)
    return chunks.found ? stop(lostLog(options)) : claim(search, undefined, seen)
  }
  const { view } = search
  if (view?.newest !== newest || view.isLost) return read(search, seen, [newest], undefined)
  return decide({ ...search, view: { ...view, isConfirmed: true } }, view, seen)
}

/** LG11: with the user's word for an older checkpoint the loss is given up, as that of a damaged newest entry is. */
function afterLoss(search: Search, seen: Look, lost: ReadEntry & { readonly error: StreamError }): LogDecision {
  const { view, options } = search
  const isAccepted = typeof options.restore === 'object' && options.restore.acceptLoss
  if (!isAccepted || seen.numbers.length === 0) return stop(lost.error)
  if (view?.newest !== lost.number || !view.isLost) return read(search, seen, seen.numbers, lost)
  return decide({ ...search, view: { ...view, isConfirmed: true } }, view, seen)
}

function read(search: Search, seen: Look, numbers: readonly number[], newest: ReadEntry | undefined): LogDecision {
  if (numbers.length === 0) return afterRead(search, seen, newest, [])
  return { state: { kind: 'reading', search, look: seen, newest }, actions: [{ kind: 'read', numbers }] }
}

/** First the newest entry, then what it says that it needs. */
export function afterRead(search: Search, seen: Look, newest: ReadEntry | undefined, results: readonly ReadEntry[]): LogDecision {
  if (newest !== undefined) {
    const view = viewOf(newest, results)
    return decide({ ...search, view, vanished: undefined }, view, seen)
  }
  const [first] = results
  if (first === undefined || 'missing' in first) {
    const number = seen.numbers.at(-1) as number
    // A live owner deletes what it has superseded; but then a newer entry is visible by now.
    if (search.vanished === number) return stop(missingEntry(search.options.nameOf(number), number))
    return wait({ ...search, vanished: number }, search.options.pollMs)
  }
  const needed = 'entry' in first ? first.entry.kept : seen.numbers.slice(0, -1)
  return read(search, seen, needed, first)
}

function askForChunks(search: Search, newest: number): LogDecision {
  return { state: { kind: 'chunks', search, newest }, actions: [{ kind: 'look-for-chunks' }] }
}

/** Chunks are seen before the log is looked at again: they are written by owners only, whose claim stays in the log. */
export function afterChunks(search: Search, newest: number, found: boolean): LogDecision {
  return look({ ...search, chunks: { newest, found } })
}

function lostLog(options: LogOptions): StreamError {
  return new StreamError(
    'CHECKPOINT_CORRUPT',
    `There are chunks of checkpoints, but ${options.nameOf(1)} and all other entries of the log are missing. Put them back. Nothing has been deleted.`,
  )
}

// ---------------------------------------------------------------- wait or claim

function decide(search: Search, view: LogView, seen: Look): LogDecision {
  const { options } = search
  const refusal = refusalOf(view, options)
  if (refusal !== undefined) return stop(refusal)
  if (view.entry?.kind === 'finished' && options.restore === 'latest') {
    return {
      state: { kind: 'ended', how: 'finished', checkpoint: view.entry.checkpoint },
      actions: [{ kind: 'finished', checkpoint: view.entry.checkpoint }],
    }
  }
  const isConfirmed = search.view?.isConfirmed === true
  if (!isConfirmed) return wait(search, options.pollMs)
  const choice = choiceOf(view, options)
  if (StreamError.is(choice)) return stop(choice)
  const now = watchBeat(search, view, seen)
  if (!isFree(now, view, seen)) return waitForOwner(now, view)
  if (choice === undefined && now.chunks?.newest !== view.newest) return askForChunks(now, view.newest)
  if (choice === undefined && now.chunks?.found === true) return stop(missingCheckpoint(options))
  return claim(now, view, seen)
}

/** Starts the waiter's time anew whenever the owner shows a sign of life: a beat of its epoch, or a new entry. */
function watchBeat(search: Search, view: LogView, seen: Look): Search {
  const epoch = Math.max(0, ...intactEntries(view).map(({ entry }) => entry.epoch))
  const isOwners = seen.beat !== undefined && seen.beat.epoch >= epoch
  const sign = { newest: view.newest, epoch: isOwners ? seen.beat.epoch : 0, count: isOwners ? seen.beat.count : 0 }
  const { seen: last } = search
  const isSame = last?.newest === sign.newest && last.epoch === sign.epoch && last.count === sign.count
  // A zombie's beat may hide the owner's for a moment: no sign of death.
  return isSame ? search : { ...search, seen: sign, waitedMs: 0 }
}

/** True when nobody needs to wait for the owner (only speed rests on this; safety is in the log). */
function isFree(search: Search, view: LogView, seen: Look): boolean {
  const { options, waitedMs, probe } = search
  if (view.entry?.kind === 'release' || view.entry?.kind === 'finished') return true
  const owner = claimOf(view)
  if (owner !== undefined && options.abandoned.includes(owner.token)) return true
  if (owner !== undefined && probe !== undefined && isSameProcess(probe, owner.owner) && seen.ownerAlive === false) return true
  return waitedMs >= Math.max(options.leaseMs, owner?.leaseMs ?? 0)
}

function waitForOwner(search: Search, view: LogView): LogDecision {
  const { options, waitedMs, probe } = search
  const owner = claimOf(view)
  // Before the first wait: whether the claiming process is known to be gone.
  if (owner !== undefined && (probe === undefined || !isSameProcess(probe, owner.owner))) return look({ ...search, probe: owner.owner })
  const left = Math.max(options.leaseMs, owner?.leaseMs ?? 0) - waitedMs
  return wait(search, Math.min(options.pollMs, left))
}

/** A pause of the waiter itself counts for little: beats may have come and gone meanwhile. */
export function afterWait(search: Search, askedMs: number, elapsedMs: number): LogDecision {
  return look({ ...search, waitedMs: search.waitedMs + Math.min(elapsedMs, 2 * askedMs) })
}

function isSameProcess(a: LogOptions['self'], b: LogOptions['self']): boolean {
  return a.boot === b.boot && a.namespace === b.namespace && a.pid === b.pid && a.startedAt === b.startedAt
}

function missingCheckpoint(options: LogOptions): StreamError {
  return new StreamError(
    'CHECKPOINT_CORRUPT',
    `The log of '${options.job}' has no checkpoint, but there are chunks of one: its entry is missing. Put it back. Nothing has been deleted.`,
  )
}

// ---------------------------------------------------------------- claim

function claim(search: Search, view: LogView | undefined, seen: Look): LogDecision {
  const choice = choiceOf(view, search.options)
  if (StreamError.is(choice)) return stop(choice)
  return create(search, { ...claimAfter(view, seen, search.options), tries: 1 })
}

function create(search: Search, claiming: Claiming): LogDecision {
  return {
    state: { kind: 'claiming', search, claiming, phase: 'creating' },
    actions: [{ kind: 'create', number: claiming.number, entry: claiming.entry }],
  }
}

type ClaimingState = LogState & { readonly kind: 'claiming' }

export function onClaiming(state: ClaimingState, event: LogEvent): LogDecision {
  const { search, claiming, phase } = state
  const { number, entry, ownership, tries } = claiming
  const go = (next: ClaimingState['phase'], action: LogAction): LogDecision => ({ state: { ...state, phase: next }, actions: [action] })
  if (phase === 'creating' && event.kind === 'created') {
    if (event.result === 'created') return go('confirming', { kind: 'look', probe: undefined })
    // Taken: by another, or by our own attempt whose answer was lost.
    return tries > 1 ? go('checking', { kind: 'read', numbers: [number] }) : restart(search)
  }
  if (phase === 'creating' && event.kind === 'createFailed') {
    if (tries >= search.options.maxTries) return stop(event.error)
    return {
      state: { ...state, claiming: { ...claiming, tries: tries + 1 }, phase: 'pausing' },
      actions: [{ kind: 'wait', ms: search.options.pollMs }],
    }
  }
  if (phase === 'pausing' && event.kind === 'waited') return create(search, claiming)
  if (phase === 'checking' && event.kind === 'read') {
    const [found] = event.results
    const isOurs = found !== undefined && 'entry' in found && found.entry.kind === 'claim' && found.entry.token === entry.token
    return isOurs ? go('confirming', { kind: 'look', probe: undefined }) : restart(search)
  }
  if (phase === 'confirming' && event.kind === 'looked') {
    const highest = event.look.numbers.at(-1) ?? 0
    // LG3: a claim counts only if nothing above it is visible after its creation.
    if (highest > number) return restart(search)
    if (highest < number) return stop(missingEntry(search.options.nameOf(number), number))
    return beginOwner(
      search.options,
      { ...ownership, numbers: event.look.numbers },
      entry.kept.filter((kept) => !ownership.retained.some((checkpoint) => checkpoint.number === kept)),
    )
  }
  return { state, actions: [] }
}

/** Somebody else was faster: begin again, with nothing remembered. */
function restart(search: Search): LogDecision {
  return beginSearch(search.options)
}
