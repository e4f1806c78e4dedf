/** What follows from the entries that were read: who owns the log, what a successor restores and how it must claim. Pure. */
import { StreamError } from '../core/errors.ts'
import type { Look, LogOptions, LogView, Ownership, ReadEntry } from './log-types.ts'
import { CHECKPOINT_ID_WINDOW, FIRST_ENTRY, type ClaimEntry, type Entry, type Manifest } from './manifest.ts'

export interface NumberedManifest {
  readonly number: number
  readonly manifest: Manifest
}

/** Intact entries of a view, ascending. */
export function intactEntries(view: LogView | undefined): readonly { readonly number: number; readonly entry: Entry }[] {
  if (view === undefined) return []
  const others = view.others.flatMap((read) => ('entry' in read ? [read] : []))
  return view.entry === undefined ? others : [...others, { number: view.newest, entry: view.entry }]
}

/** Intact checkpoints of a view, ascending. Only these can be restored: everything else of the log counts for nothing (LG5). */
export function intactCheckpoints(view: LogView | undefined): readonly NumberedManifest[] {
  return intactEntries(view).flatMap(({ number, entry }) => (entry.kind === 'checkpoint' ? [{ number, manifest: entry.manifest }] : []))
}

/** Claim of the newest epoch, if it can be read. */
export function claimOf(view: LogView): ClaimEntry | undefined {
  const number = view.entry?.claim
  const found = intactEntries(view).find((read) => read.number === number)?.entry
  return found?.kind === 'claim' ? found : undefined
}

/** Entries that the newest one needs and that are damaged or missing. */
export function damagedEntries(view: LogView, nameOf: (entry: number) => string): Ownership['damaged'] {
  return view.others.flatMap((read) => {
    if ('error' in read) return [read]
    return 'missing' in read ? [{ number: read.number, error: missingEntry(nameOf(read.number), read.number) }] : []
  })
}

/** LG11: a newest entry that only a beat still names counts as one that is damaged. */
export function lostEntry(name: string, number: number): ReadEntry & { readonly error: StreamError } {
  return { number, error: missingEntry(name, number), isLost: true }
}

export function missingEntry(name: string, entry: number): StreamError {
  return new StreamError(
    'CHECKPOINT_CORRUPT',
    `${name} is missing, and the log says that it must be there. Put the file back. Nothing has been deleted.`,
    {
      details: { file: name, entry },
    },
  )
}

/** Loud stop for damage, with what is intact; what is thrown at users whose newest checkpoint cannot be read (rules 1.1). */
export function corruptLog(view: LogView, damage: StreamError): StreamError {
  // Nothing is damaged where another version has written: older checkpoints that are intact are no way out.
  if (damage.code === 'CHECKPOINT_FORMAT')
    return new StreamError('CHECKPOINT_FORMAT', `${damage.message} Nothing has been touched.`, {
      cause: damage,
      details: { ...damage.details },
    })
  const intact = intactCheckpoints(view).map(({ manifest }) => manifest.checkpoint)
  const list = intact.length === 0 ? 'No other checkpoint is intact' : `Intact: ${intact.join(', ')}`
  return new StreamError('CHECKPOINT_CORRUPT', `${damage.message} ${list}. Nothing has been touched.`, {
    cause: damage,
    details: { ...damage.details, intact },
  })
}

/** Errors of a view that no waiting can mend; undefined when there are none. */
export function refusalOf(view: LogView, options: LogOptions): StreamError | undefined {
  for (const { number, entry } of intactEntries(view)) {
    if (entry.job === options.job) continue
    const name = options.nameOf(number)
    return new StreamError(
      'CHECKPOINT_FOREIGN',
      `${name} belongs to the job '${entry.job}', this is '${options.job}'. Use a directory of its own for each job.`,
      {
        details: { file: name, job: entry.job },
      },
    )
  }
  const stale = intactEntries(view).find(({ entry }) => view.entry !== undefined && entry.epoch > view.entry.epoch)
  if (stale === undefined) return undefined
  return corruptLog(
    view,
    new StreamError(
      'CHECKPOINT_CORRUPT',
      `${options.nameOf(view.newest)} is of epoch ${view.entry?.epoch}, after an entry of epoch ${stale.entry.epoch}: it is void.`,
    ),
  )
}

/** What a claim after this view restores; an error when it may not. `undefined`: a fresh start. */
export function choiceOf(
  view: LogView | undefined,
  options: Pick<LogOptions, 'job' | 'restore' | 'nameOf'>,
): NumberedManifest | undefined | StreamError {
  if (view === undefined) return typeof options.restore === 'object' ? notFound(view, options.restore.from, options.nameOf) : undefined
  const latest = view.entry?.latest
  const intact = intactCheckpoints(view)
  if (options.restore === 'none') {
    if (latest === null) return undefined
    return new StreamError(
      'RESTORE_REFUSED',
      `The storage holds checkpoints of '${options.job}', but the run asked to start without them. Use an empty directory, or continue from the newest.`,
    )
  }
  if (options.restore === 'latest') {
    if (view.entry === undefined) return corruptLog(view, view.error as StreamError)
    if (latest === null) return undefined
    const found = intact.find(({ number }) => number === latest)
    if (found !== undefined) return found
    const damage = damagedEntries(view, options.nameOf).find(({ number }) => number === latest)
    return corruptLog(view, damage?.error ?? missingEntry(options.nameOf(latest as number), latest as number))
  }
  const { from, acceptLoss } = options.restore
  const found = intact.findLast(({ manifest }) => manifest.checkpoint === from)
  if (found === undefined) return notFound(view, from, options.nameOf)
  if (found.number === latest || acceptLoss) return found
  return new StreamError(
    'INVALID_OPTION',
    `Checkpoint ${from} is not the newest: what newer ones hold would be forgotten, and the output committed after it written again. Say acceptLoss (--accept-loss) if that is meant.`,
  )
}

/** Of a damaged entry nobody can say which checkpoint it was: it may be the one that was asked for. */
function notFound(view: LogView | undefined, from: number, nameOf: (entry: number) => string): StreamError {
  const intact = intactCheckpoints(view).map(({ manifest }) => manifest.checkpoint)
  const list = intact.length === 0 ? 'there is none' : `there are ${intact.join(', ')}`
  const damage = view === undefined ? undefined : suspectOf(view, nameOf)
  if (view === undefined || damage === undefined)
    return new StreamError('CHECKPOINT_NOT_FOUND', `Checkpoint ${from} is not in the storage: ${list}.`, { details: { intact } })
  const message = `Checkpoint ${from} is in no intact entry. ${damage.message}`
  return corruptLog(
    view,
    new StreamError('CHECKPOINT_CORRUPT', message, { cause: damage, ...(damage.details && { details: { ...damage.details } }) }),
  )
}

/** The damage of an entry that may be a checkpoint. */
function suspectOf(view: LogView, nameOf: (entry: number) => string): StreamError | undefined {
  return damagedEntries(view, nameOf).find(({ number }) => number !== view.entry?.claim)?.error ?? view.error
}

/** The claim that follows a view, and what its owner begins with. `look` is the one by which the claim is made. */
export function claimAfter(
  view: LogView | undefined,
  look: Look,
  options: LogOptions,
): { readonly number: number; readonly entry: ClaimEntry; readonly ownership: Ownership } {
  // LG11: above what is there and above what is lost.
  const number = Math.max(look.numbers.at(-1) ?? FIRST_ENTRY - 1, view?.newest ?? 0) + 1
  const choice = choiceOf(view, options) as NumberedManifest | undefined
  // With the user's word for a certain checkpoint, what is damaged is given up; else it stays needed and stops deletion.
  const damaged = view === undefined || typeof options.restore === 'object' ? [] : damagedEntries(view, options.nameOf)
  const retained = intactCheckpoints(view)
  const lost = damagedCheckpoints(damaged, view)
  const kept = [...retained.map((entry) => entry.number), ...lost].sort((a, b) => a - b)
  const epoch = epochAfter(view, look) + 1
  const checkpointFloor = floorAfter(view)
  const log = intactEntries(view).at(-1)?.entry.log ?? options.token
  const entry: ClaimEntry = {
    kind: 'claim',
    job: options.job,
    log,
    epoch,
    claim: number,
    latest: choice?.number ?? null,
    kept,
    checkpointFloor,
    owner: options.self,
    token: options.token,
    leaseMs: options.leaseMs,
  }
  return {
    number,
    entry,
    ownership: {
      log,
      epoch,
      claim: number,
      restored: choice,
      checkpointFloor,
      retained,
      damaged,
      mayDelete: lost.length === 0,
      numbers: [...look.numbers, number],
    },
  }
}

/** Without the old claim: it has no chunks, and the new claim takes its place. */
export function damagedCheckpoints(damaged: Ownership['damaged'], view: LogView | undefined): readonly number[] {
  return damaged.map(({ number }) => number).filter((number) => number !== view?.entry?.claim)
}

/** No owner so far can have had a higher epoch: each unreadable entry may be one more claim. */
function epochAfter(view: LogView | undefined, look: Look): number {
  const last = intactEntries(view).at(-1)
  const unreadable = view === undefined ? 0 : view.newest - (last?.number ?? FIRST_ENTRY - 1)
  return Math.max(0, look.beat?.epoch ?? 0, ...intactEntries(view).map(({ entry }) => entry.epoch)) + unreadable
}

/** No owner so far can have used a higher checkpoint id (LG8): an entry lets its maker go on by one window at most. */
function floorAfter(view: LogView | undefined): number {
  const last = intactEntries(view).at(-1)
  if (view === undefined || last === undefined) return view === undefined ? -1 : CHECKPOINT_ID_WINDOW * view.newest - 1
  const isExact = last.entry.kind === 'release' || last.entry.kind === 'finished'
  return last.entry.checkpointFloor + CHECKPOINT_ID_WINDOW * (view.newest - last.number + (isExact ? 0 : 1))
}

/**
 * What was read. Of a damaged newest entry nothing is known, so the highest intact one below it says what counts; numbers that it
 * does not need may have been taken again by a zombie.
 */
export function viewOf(newest: ReadEntry, others: readonly ReadEntry[]): LogView {
  const isLost = 'error' in newest && newest.isLost === true
  let ordered = [...others].sort((a, b) => a.number - b.number)
  const highest = ordered.findLast((read) => 'entry' in read)
  if (!('entry' in newest) && highest !== undefined && 'entry' in highest) {
    ordered = ordered.filter(({ number }) => number >= highest.number || highest.entry.kept.includes(number))
  }
  return {
    newest: newest.number,
    entry: 'entry' in newest ? newest.entry : undefined,
    others: ordered,
    error: 'error' in newest ? newest.error : undefined,
    isLost,
    isConfirmed: !isLost && !ordered.some((read) => 'missing' in read),
  }
}
