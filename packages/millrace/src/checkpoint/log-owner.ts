/** The log machine of an owner: one entry after the other, each looked up again after its creation. The protocol is in log.ts. */
import { invariant, StreamError } from '../core/errors.ts'
import type { AppendBody, LogAction, LogDecision, LogEvent, LogOptions, Look, Owner, Ownership, Pending } from './log-types.ts'
import { missingEntry } from './log-view.ts'
import type { Entry, EntryHead } from './manifest.ts'

export function beginOwner(options: LogOptions, ownership: Ownership, damaged: readonly number[]): LogDecision {
  const owner: Owner = {
    options,
    log: ownership.log,
    epoch: ownership.epoch,
    claim: ownership.claim,
    token: options.token,
    last: ownership.claim,
    latest: ownership.restored?.number ?? null,
    checkpoints: ownership.retained,
    damaged,
    beats: 1,
    pending: undefined,
    next: undefined,
  }
  return { state: { kind: 'owner', owner }, actions: [beatOf(owner), { kind: 'owner', ownership }] }
}

function beatOf(owner: Owner): LogAction {
  return { kind: 'beat', beat: { epoch: owner.epoch, count: owner.beats, newestEntry: owner.last } }
}

export function onOwner(owner: Owner, event: LogEvent): LogDecision {
  const { pending } = owner
  switch (event.kind) {
    case 'append':
      return append(owner, event.body)
    case 'beatDue':
      return onBeatDue(owner, event.seen?.epoch ?? 0)
    case 'noticed':
      return onNoticed(owner, event.numbers)
    case 'created':
      return pending?.phase === 'creating' && event.number === pending.number ? onCreated(owner, pending, event.result) : same(owner)
    case 'createFailed':
      return pending?.phase === 'creating' && event.number === pending.number ? onCreateFailed(owner, pending, event.error) : same(owner)
    case 'waited':
      return pending?.phase === 'pausing' ? create(owner, pending) : same(owner)
    case 'read':
      return pending?.phase === 'checking' ? onChecked(owner, pending, event) : same(owner)
    case 'looked':
      return pending?.phase === 'confirming' ? onConfirming(owner, pending, event.look) : same(owner)
    case 'ioFailed':
      return pending === undefined ? same(owner) : onCreateFailed(owner, pending, event.error)
    case 'start':
    case 'chunksSeen':
      return same(owner)
  }
}

function same(owner: Owner): LogDecision {
  return { state: { kind: 'owner', owner }, actions: [] }
}

function go(owner: Owner, pending: Pending, action: LogAction): LogDecision {
  return { state: { kind: 'owner', owner: { ...owner, pending } }, actions: [action] }
}

// ---------------------------------------------------------------- one entry

function append(owner: Owner, body: AppendBody): LogDecision {
  const { pending } = owner
  if (pending !== undefined) {
    // What is on its way may be there already: a new attempt begins, or the job ends, after what the log says once that is settled.
    const mayWait =
      (body.kind === 'claim' || body.kind === 'release') && (pending.entry.kind === 'checkpoint' || pending.entry.kind === 'finished')
    invariant(mayWait && owner.next === undefined, 'LG2: an owner appends one entry at a time')
    return same({ ...owner, next: body })
  }
  const number = owner.last + 1
  return create(owner, { number, entry: entryOf(owner, number, body), phase: 'creating', tries: 0 })
}

function create(owner: Owner, pending: Pending): LogDecision {
  const next: Pending = { ...pending, phase: 'creating', tries: pending.tries + 1 }
  return go(owner, next, { kind: 'create', number: next.number, entry: next.entry })
}

function onCreated(owner: Owner, pending: Pending, result: 'created' | 'exists'): LogDecision {
  if (result === 'created') return go(owner, { ...pending, phase: 'confirming' }, { kind: 'look', probe: undefined })
  if (pending.tries === 1) return fenced(owner)
  return go(owner, { ...pending, phase: 'checking' }, { kind: 'read', numbers: [pending.number] })
}

/**
 * LG9: the entry may be there, or come to be there later. So the same entry is tried again, and nothing else is ever tried under
 * this number; in the end the ownership is given up, and a new claim settles what has become of it.
 */
function onCreateFailed(owner: Owner, pending: Pending, error: StreamError): LogDecision {
  const { maxTries, pollMs } = owner.options
  if (pending.tries >= maxTries) return { state: { kind: 'ended', how: 'stopped' }, actions: [{ kind: 'stop', error }] }
  return go(owner, { ...pending, phase: 'pausing' }, { kind: 'wait', ms: pollMs })
}

function onChecked(owner: Owner, pending: Pending, event: LogEvent & { readonly kind: 'read' }): LogDecision {
  const [found] = event.results
  if (found === undefined || !('entry' in found) || !isSame(found.entry, pending.entry)) return fenced(owner)
  return go(owner, { ...pending, phase: 'confirming' }, { kind: 'look', probe: undefined })
}

/** Of one epoch there is one owner, and it makes each number once. But another process may claim the same epoch: claims have tokens. */
function isSame(found: Entry, own: Entry): boolean {
  if (own.kind === 'claim') return found.kind === 'claim' && found.token === own.token
  return found.kind === own.kind && found.epoch === own.epoch
}

/** LG3: the second look. */
function onConfirming(owner: Owner, pending: Pending, look: Look): LogDecision {
  const highest = look.numbers.at(-1) ?? 0
  if (highest > pending.number) return fenced(owner)
  if (highest < pending.number) {
    return {
      state: { kind: 'ended', how: 'stopped' },
      actions: [{ kind: 'stop', error: missingEntry(owner.options.nameOf(pending.number), pending.number) }],
    }
  }
  return confirmed(owner, pending, look)
}

function confirmed(owner: Owner, { number, entry }: Pending, look: Look): LogDecision {
  const after = ownerAfter(owner, number, entry)
  const appended: LogAction = { kind: 'appended', number, entry, numbers: look.numbers }
  if (entry.kind === 'claim') {
    const began = ownershipOf(after, entry.checkpointFloor, look.numbers)
    return { state: { kind: 'owner', owner: after }, actions: [beatOf(after), { kind: 'owner', ownership: began }] }
  }
  if (entry.kind === 'checkpoint') {
    if (after.next === undefined) return { state: { kind: 'owner', owner: after }, actions: [beatOf(after), appended] }
    const waited = append({ ...after, next: undefined }, after.next)
    return { state: waited.state, actions: [beatOf(after), appended, ...waited.actions] }
  }
  if (entry.kind === 'release') return { state: { kind: 'ended', how: 'released' }, actions: [beatOf(after), appended] }
  const { checkpoint } = entry
  const answer: readonly LogAction[] = after.next === undefined ? [] : [{ kind: 'finished', checkpoint }]
  return { state: { kind: 'ended', how: 'finished', checkpoint }, actions: [beatOf(after), appended, ...answer] }
}

function ownerAfter(owner: Owner, number: number, entry: Entry): Owner {
  const settled: Owner = { ...owner, last: number, latest: entry.latest, beats: owner.beats + 1, pending: undefined }
  if (entry.kind === 'claim') return { ...settled, epoch: entry.epoch, claim: number, token: entry.token, beats: 1 }
  if (entry.kind !== 'checkpoint') return settled
  return { ...settled, checkpoints: [...owner.checkpoints, { number, manifest: entry.manifest }].slice(-owner.options.retain) }
}

function ownershipOf(owner: Owner, checkpointFloor: number, numbers: readonly number[]): Ownership {
  const restored = owner.checkpoints.find(({ number }) => number === owner.latest)
  return {
    log: owner.log,
    epoch: owner.epoch,
    claim: owner.claim,
    restored,
    checkpointFloor,
    retained: owner.checkpoints,
    damaged: [],
    mayDelete: owner.damaged.length === 0,
    numbers,
  }
}

/** What entry `number` says besides its own matter: above all what must be there with it (LG5). */
function entryOf(owner: Owner, number: number, body: AppendBody): Entry {
  const { options, log, claim, epoch, latest, checkpoints, damaged } = owner
  const others = body.kind === 'checkpoint' ? lastOf(checkpoints, options.retain - 1) : checkpoints
  const needed = [...others.map((entry) => entry.number), ...damaged]
  const kept = [...new Set(body.kind === 'claim' ? needed : [...needed, claim])].sort((a, b) => a - b)
  const head = (checkpointFloor: number): EntryHead => ({ job: options.job, log, epoch, claim, latest, kept, checkpointFloor })
  switch (body.kind) {
    case 'checkpoint':
      return { kind: 'checkpoint', ...head(body.manifest.checkpoint), latest: number, manifest: body.manifest }
    case 'claim':
      return {
        kind: 'claim',
        ...head(body.usedTo),
        epoch: epoch + 1,
        claim: number,
        owner: options.self,
        token: body.token,
        leaseMs: options.leaseMs,
      }
    case 'release':
      return { kind: 'release', ...head(body.usedTo) }
    case 'finished':
      return { kind: 'finished', ...head(body.usedTo), checkpoint: body.checkpoint }
  }
}

function lastOf<T>(list: readonly T[], count: number): readonly T[] {
  return count === 0 ? [] : list.slice(-count)
}

// ---------------------------------------------------------------- heart and end

function onBeatDue(owner: Owner, seenEpoch: number): LogDecision {
  if (seenEpoch > owner.epoch) return fenced(owner)
  const after: Owner = { ...owner, beats: owner.beats + 1 }
  return { state: { kind: 'owner', owner: after }, actions: [beatOf(after)] }
}

/** LG3: whoever sees a higher entry than its own is fenced, whatever it looked for. */
function onNoticed(owner: Owner, numbers: readonly number[]): LogDecision {
  return (numbers.at(-1) ?? 0) > (owner.pending?.number ?? owner.last) ? fenced(owner) : same(owner)
}

function fenced(owner: Owner): LogDecision {
  const error = new StreamError(
    'FENCED',
    `Another process has taken over '${owner.options.job}' after epoch ${owner.epoch}. This one stops and commits nothing more.`,
    {
      details: { job: owner.options.job, epoch: owner.epoch },
    },
  )
  return { state: { kind: 'ended', how: 'fenced' }, actions: [{ kind: 'fenced', error }] }
}
