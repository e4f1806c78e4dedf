/** How a process performs what the machines decide: the smallest honest host. Every step of it is atomic; anything may come between. */
import type { Merge } from '../../packages/millrace/src/checkpoint/compaction.ts'
import { chunkName } from '../../packages/millrace/src/checkpoint/chunk-name.ts'
import {
  decideCheckpoint,
  startCoordinator,
  type CoordinatorAction,
  type CoordinatorDecision,
  type CoordinatorEvent,
} from '../../packages/millrace/src/checkpoint/coordinator.ts'
import {
  decideLog,
  startLog,
  type AppendBody,
  type LogAction,
  type LogDecision,
  type LogEvent,
  type LogOptions,
  type Ownership,
} from '../../packages/millrace/src/checkpoint/log.ts'
import type { Entry, Manifest, StoredCommittable, TaskReport } from '../../packages/millrace/src/checkpoint/manifest.ts'
import { decideRetention, startRetention, type RetentionEvent } from '../../packages/millrace/src/checkpoint/retention.ts'
import { StreamError } from '../../packages/millrace/src/core/errors.ts'
import type { Mutation } from './mutations.ts'
import { idOf, latestManifest, numbersOf, positionOf, SINK, SOURCE, STEP, TASK } from './world.ts'
import type { Budget, Ghost, Operation, Process, Scenario, Sink, Storage, Task, World } from './world.ts'

type Mutable<T> = { -readonly [P in keyof T]: T[P] }
const GROUPS = 1
const RESTARTED: readonly string[] = ['CHECKPOINT_FAILED', 'CHECKPOINT_TIMEOUT', 'USER_CODE']
const RANDOM = '0123456789abcdef'

/** One step in the making: drafts of what it changes. */
export class Step {
  readonly scenario: Scenario
  readonly mutation: Mutation
  readonly index: number
  storage: Mutable<Storage>
  sink: Mutable<Sink>
  budget: Mutable<Budget>
  ghost: Mutable<Ghost>
  process: Mutable<Process>
  current: number
  readonly #processes: readonly Process[]

  constructor(world: World, index: number, scenario: Scenario, mutation: Mutation) {
    this.scenario = scenario
    this.mutation = mutation
    this.index = index
    this.current = index
    this.storage = { ...world.storage }
    this.sink = { ...world.sink }
    this.budget = { ...world.budget }
    this.ghost = { ...world.ghost }
    this.process = { ...(world.processes[index] as Process) }
    this.#processes = world.processes
  }

  world(): World {
    const { storage, sink, budget, ghost, index, process } = this
    return { storage, sink, budget, ghost, processes: this.#processes.with(index, process), current: this.current }
  }

  violate(what: string): void {
    this.ghost.violation ??= `${this.process.name}: ${what}`
  }

  // -------------------------------------------------------------- life

  start(): void {
    this.process.life = 'running'
    this.#followLog(startLog(this.#logOptions()))
  }

  /** Also while it is paused. */
  crash(current: number): void {
    this.budget.crashes--
    this.current = current
    Object.assign(this.process, {
      life: 'dead',
      log: undefined,
      coordinator: undefined,
      retention: undefined,
      task: undefined,
      operations: [],
    })
  }

  #done(): void {
    Object.assign(this.process, {
      life: 'done',
      log: undefined,
      coordinator: undefined,
      retention: undefined,
      task: undefined,
      operations: [],
    })
  }

  #logOptions(): LogOptions {
    const { name, tokens } = this.process
    return {
      job: 'numbers',
      self: { boot: 'b', namespace: 'n', pid: this.index, startedAt: name },
      token: `${name}${tokens}`,
      leaseMs: 100,
      pollMs: 100,
      retain: this.scenario.retain,
      restore: this.mutation.restoresAsAsked === true && tokens > 0 ? { from: 0, acceptLoss: true } : 'latest',
      abandoned: Array.from({ length: tokens }, (_, i) => `${name}${i}`),
      maxTries: 2,
      nameOf: (entry) => `${entry}.entry`,
    }
  }

  /** Something that is not an answer happens to the coordinator. */
  tell(event: CoordinatorEvent): void {
    const { coordinator } = this.process
    if (coordinator === undefined) return
    this.#followCoordinator(decideCheckpoint(coordinator, this.mutation.coordinatorEvent?.(coordinator, event) ?? event))
  }

  begin(operation: Operation): void {
    this.process.operations = [...this.process.operations, operation]
    const { deletes, answers, reports } = this.scenario
    const isRelease = operation.kind === 'delete-entry' || operation.kind === 'delete-chunk' || operation.kind === 'list-chunks'
    const isAnswer = operation.kind === 'commit' && (answers === 'no-matter' || (operation.left.length === 0 && answers === 'at-once'))
    const isReport = operation.kind === 'acknowledge' && this.budget.aborts === 0
    if ((isRelease && deletes === 'at-once') || isAnswer || (isReport && reports === 'at-once'))
      this.perform(this.process.operations.length - 1, '')
  }

  // -------------------------------------------------------------- the log machine

  feedLog(event: LogEvent): void {
    if (this.process.log !== undefined)
      this.#followLog(decideLog(this.process.log, this.mutation.logEvent?.(this.process.log, event) ?? event))
  }

  #followLog({ state, actions }: LogDecision): void {
    this.process.log = state
    for (const action of actions) this.#performLog(action)
  }

  #performLog(action: LogAction): void {
    switch (action.kind) {
      case 'look':
      case 'read':
      case 'look-for-chunks':
      case 'wait':
      case 'create':
        return this.begin({ kind: 'log', action })
      case 'beat':
        this.storage.beat = action.beat
        return
      case 'owner':
        return this.#own(this.mutation.ownership?.(action.ownership) ?? action.ownership)
      case 'appended':
        return this.#appended(action)
      case 'finished':
        this.#judgeFinish()
        return this.#done()
      case 'fenced':
        return this.#done()
      case 'stop':
        return this.#giveUp(action.error)
    }
  }

  #own(ownership: Ownership): void {
    const { epoch, claim, checkpointFloor, retained, numbers } = ownership
    if (this.ghost.confirmed.some((other) => other.epoch === epoch)) this.violate(`epoch ${epoch} begins twice`)
    this.#confirm(claim, epoch, undefined)
    const restored = ownership.restored?.manifest
    this.process.retention = startRetention({ epoch, mayDelete: ownership.mayDelete, retained, limit: 4 })
    this.#retain({ kind: 'appended', number: claim, kept: retained.map((entry) => entry.number), numbers, manifest: undefined })
    this.begin({ kind: 'list-chunks', epoch })
    const started = startCoordinator({
      job: 'numbers',
      epoch,
      planHash: 'p',
      keyGroups: GROUPS,
      tasks: [{ task: TASK, subtask: 0, isSource: true }],
      restored,
      checkpointFloor,
      needsFirst: restored === undefined,
      failureBudget: this.scenario.failureBudget,
    })
    this.#followCoordinator(started)
  }

  #appended({ number, entry, numbers }: LogAction & { readonly kind: 'appended' }): void {
    this.#confirm(number, entry.epoch, entry.kind === 'checkpoint' ? positionOf(entry.manifest) : undefined)
    const manifest = entry.kind === 'checkpoint' ? entry.manifest : undefined
    this.#retain({ kind: 'appended', number, kept: entry.kept, numbers, manifest })
    if (entry.kind === 'release' || entry.kind === 'finished') {
      this.#retain({ kind: 'ended' })
      // C10: the next owner may begin with the same. Of an attempt that failed the host waits for what it has begun.
      const begun = this.process.operations.find(
        (operation) => (operation.kind === 'commit' || operation.kind === 'withdraw') && operation.epoch === entry.epoch,
      )
      if (begun !== undefined && this.process.coordinator?.stage === 'closing')
        this.violate(`the log says ${entry.kind} during a ${begun.kind}`)
    }
    if (entry.kind === 'checkpoint') this.tell({ kind: 'stored', nowMs: 0, epoch: entry.epoch, checkpoint: entry.manifest.checkpoint })
    else if (entry.kind !== 'claim') this.tell({ kind: 'closed', nowMs: 0, epoch: entry.epoch, entry: entry.kind })
    // Released between two attempts: no coordinator hears of it.
    if (entry.kind === 'release' && this.process.coordinator?.stage === 'ended') this.#done()
  }

  #append(body: AppendBody): void {
    this.feedLog({ kind: 'append', body })
  }

  /** At most one owner's entries follow in the log, and what counts is never taken back. */
  #confirm(number: number, epoch: number, position: number | undefined): void {
    for (const other of this.ghost.confirmed) {
      if (other.number === number) this.violate(`entry ${number} counts twice`)
      if (other.number < number ? other.epoch > epoch : other.epoch < epoch)
        this.violate(`entry ${number} of epoch ${epoch} counts beside entry ${other.number} of epoch ${other.epoch}`)
      if (other.number < number && position !== undefined && (other.position ?? 0) > position)
        this.violate(`entry ${number} goes back to record ${position}`)
    }
    this.ghost.confirmed = [...this.ghost.confirmed, { number, epoch, position }]
  }

  // -------------------------------------------------------------- retention

  #retain(event: RetentionEvent): void {
    if (this.process.retention === undefined) return
    const before = this.process.retention
    const honest = decideRetention(before, this.mutation.retention?.(event) ?? event)
    const decision = this.mutation.released?.(before, event, honest) ?? honest
    this.process.retention = decision.state
    for (const number of decision.deleteEntries) this.begin({ kind: 'delete-entry', number })
    for (const chunk of decision.deleteChunks) this.begin({ kind: 'delete-chunk', chunk })
    if (decision.isMore) this.#retain({ kind: 'continue' })
  }

  // -------------------------------------------------------------- the coordinator

  #followCoordinator({ state, actions }: CoordinatorDecision): void {
    this.process.coordinator = state
    for (const action of this.mutation.actions?.(state, actions) ?? actions) this.#performCoordinator(action, state.options.epoch)
  }

  #performCoordinator(action: CoordinatorAction, epoch: number): void {
    switch (action.kind) {
      case 'commit':
        return this.begin({ kind: 'commit', epoch, upTo: action.upTo, left: action.groups.flatMap((group) => group.sinks[SINK] ?? []) })
      case 'withdraw':
        return this.begin({ kind: 'withdraw', epoch, kept: action.kept })
      case 'start-tasks':
        return this.begin({ kind: 'open', epoch, manifest: this.process.coordinator?.newest })
      case 'trigger-barrier':
        if (this.ghost.used.includes(action.checkpoint)) this.violate(`checkpoint id ${action.checkpoint} is used again`)
        this.ghost.used = [...this.ghost.used, action.checkpoint]
        return this.begin({ kind: 'seal', epoch, barrier: action })
      case 'store-manifest':
        if (!this.ghost.used.includes(action.manifest.checkpoint)) this.ghost.used = [...this.ghost.used, action.manifest.checkpoint]
        return this.#append({ kind: 'checkpoint', manifest: action.manifest })
      case 'append-finished':
        return this.#append({ kind: 'finished', checkpoint: action.checkpoint, usedTo: action.usedTo })
      case 'append-release':
        return this.#append({ kind: 'release', usedTo: action.usedTo })
      case 'fail-job':
        return this.#restart(action.error)
      case 'ended':
        if (action.how === 'finished') this.#judgeFinish()
        return this.#done()
      case 'discard-merge':
        return this.#retain({ kind: 'discarded', chunk: action.merge.chunk.name })
      case 'abort':
      case 'notify-complete':
      case 'acknowledge-sources':
      case 'release-files':
        return
    }
  }

  /** A new attempt in the same process: a new claim. What the old one had begun is void, but not undone. */
  #restart(error: StreamError): void {
    if (!RESTARTED.includes(error.code)) return this.violate(`failed: ${error.message}`)
    const usedTo = this.process.coordinator?.usedTo ?? -1
    this.#endAttempt()
    this.begin({ kind: 'restart', usedTo })
  }

  #begin(usedTo: number, isStopped: boolean): void {
    if (isStopped) {
      this.budget.stops--
      return this.#append({ kind: 'release', usedTo })
    }
    this.#append({ kind: 'claim', token: `${this.process.name}${this.process.tokens}`, usedTo })
  }

  /** LG9: an owner that has given the job up searches the log anew; a starter is told at once. */
  #giveUp(error: StreamError): void {
    if (!this.ghost.hadDoubt || error.code !== 'STORAGE') return this.violate(`stopped: ${error.message}`)
    if (this.process.coordinator === undefined) return this.#done()
    this.#endAttempt()
    this.process.coordinator = undefined
    this.process.retention = undefined
    this.#followLog(startLog(this.#logOptions()))
  }

  #endAttempt(): void {
    this.process.tokens++
    this.process.task = undefined
    this.process.operations = this.process.operations.filter(
      ({ kind }) => kind !== 'seal' && kind !== 'withdraw' && kind !== 'open' && kind !== 'list-chunks',
    )
  }

  #judgeFinish(): void {
    const records = Object.values(this.sink.committed)
      .flat()
      .sort((a, b) => a - b)
    const expected = Array.from({ length: this.scenario.records }, (_, i) => i + 1)
    if (records.join() !== expected.join()) this.violate(`finished with [${records}] instead of [${expected}]`)
  }

  // -------------------------------------------------------------- operations

  /** Takes an operation off the list, performs its effect and delivers the answer. */
  perform(at: number, variant: string): void {
    const operation = this.process.operations[at] as Operation
    this.process.operations = this.process.operations.toSpliced(at, 1)
    switch (operation.kind) {
      case 'log':
        return this.#performLogOperation(operation.action, variant)
      case 'seal':
        return this.#seal(operation)
      case 'acknowledge':
        return this.#acknowledge(operation, variant)
      case 'commit':
        return this.#commit(operation)
      case 'withdraw':
        return this.#withdraw(operation)
      case 'open':
        return this.#open(operation)
      case 'list-chunks':
        return this.#retain({ kind: 'listed', chunks: Object.keys(this.storage.chunks) })
      case 'delete-entry': {
        const { [operation.number]: _gone, ...entries } = this.storage.entries
        this.storage.entries = entries
        return
      }
      case 'delete-chunk':
        return this.#deleteChunk(operation.chunk)
      case 'merge':
        return this.#merge(operation)
      case 'restart':
        return this.#begin(operation.usedTo, variant === 'stopped')
      case 'land':
        if (!Object.hasOwn(this.storage.entries, operation.number))
          this.storage.entries = { ...this.storage.entries, [operation.number]: operation.entry }
        return
    }
  }

  #performLogOperation(action: (Operation & { readonly kind: 'log' })['action'], variant: string): void {
    const { entries, chunks, beat } = this.storage
    switch (action.kind) {
      case 'look': {
        const owner = action.probe === undefined ? undefined : this.#processes[action.probe.pid]
        const ownerAlive = owner === undefined ? undefined : owner.life === 'running'
        return this.feedLog({ kind: 'looked', look: { numbers: numbersOf(this.storage), beat, ownerAlive } })
      }
      case 'read':
        return this.feedLog({
          kind: 'read',
          results: action.numbers.map((number) => {
            const entry = entries[number]
            return entry === undefined ? { number, missing: true } : { number, entry }
          }),
        })
      case 'look-for-chunks':
        return this.feedLog({ kind: 'chunksSeen', found: Object.keys(chunks).length > 0 })
      case 'wait':
        if (variant === 'lease') this.budget.leases--
        return this.feedLog({ kind: 'waited', elapsedMs: variant === 'lease' ? 1_000_000 : 0 })
      case 'create':
        return this.#create(action.number, action.entry, variant)
    }
  }

  #create(number: number, entry: Entry, variant: string): void {
    const exists = Object.hasOwn(this.storage.entries, number) && this.mutation.overwrites !== true
    if (!exists && variant !== 'lost' && variant !== 'late') this.storage.entries = { ...this.storage.entries, [number]: entry }
    if (variant === 'late') this.begin({ kind: 'land', number, entry })
    if (variant === 'told') return this.feedLog({ kind: 'created', number, result: exists ? 'exists' : 'created' })
    this.budget.doubts--
    this.ghost.hadDoubt = true
    this.feedLog({ kind: 'createFailed', number, error: new StreamError('STORAGE', 'no answer') })
  }

  #open({ epoch, manifest }: Operation & { readonly kind: 'open' }): void {
    for (const chunk of manifest?.chunks ?? [])
      if (!Object.hasOwn(this.storage.chunks, chunk.name)) this.violate(`chunk ${chunk.name} is gone at restore`)
    const position = positionOf(manifest)
    this.process.task = { position, open: [], sealed: [], hasEnded: false }
    this.tell({ kind: 'tasksRunning', nowMs: 0, epoch })
  }

  /**
   * The barrier reaches the task, which seals and writes; the acknowledgement is a step of its own. What is not known to be in a
   * complete checkpoint is written again: a chunk holds all of it, as committables do.
   */
  #seal({ epoch, barrier }: Operation & { readonly kind: 'seal' }): void {
    const task = this.process.task as Task
    const { checkpoint, completed } = barrier
    const known = task.sealed.filter((committable) => committable.checkpoint > completed)
    const fresh: StoredCommittable = { checkpoint, epoch, subtask: 0, data: [...task.open] }
    const hasNews = task.open.length > 0
    // A split that has ended stays so, also where the task does not know yet that it was the last one.
    const part = this.process.coordinator?.newest?.operators[SOURCE]
    const ended = task.hasEnded || (part?.kind === 'source' && part.splits['0']?.ended === true)
    const sealed = hasNews ? [...known, fresh] : known
    if (hasNews) this.sink.prepared = { ...this.sink.prepared, [idOf(fresh)]: task.open }
    this.process.task = { ...task, open: [], sealed }
    const delta = this.mutation.dropsPending === true ? task.open : sealed.flatMap((committable) => committable.data as readonly number[])
    const name = chunkName({ epoch, kind: 'checkpoint', checkpoint, task: TASK, subtask: 0, random: RANDOM })
    const hasDelta = delta.length > 0
    if (hasDelta) {
      this.#retain({ kind: 'writing', chunk: name })
      this.#writeChunk(name, delta)
    }
    const report: TaskReport = {
      task: TASK,
      subtask: 0,
      isFinal: task.hasEnded,
      ...(hasDelta ? { chunk: { name, sizeBytes: 1, sha256: '' } } : {}),
      operators: {
        [SOURCE]: { kind: 'source', splits: { 0: { position: task.position, maxTimestamp: task.position, ended } } },
        [STEP]: {
          kind: 'keyed',
          states: {},
          first: 0,
          last: GROUPS - 1,
          watermark: task.position,
          ...(hasDelta ? { run: { bytes: 1, entries: 1 } } : {}),
        },
        [SINK]: { kind: 'sink', committables: this.mutation.dropsAborted === true && hasNews ? [fresh] : sealed },
      },
    }
    this.begin({ kind: 'acknowledge', epoch, checkpoint, report })
  }

  /** Or a refusal, though everything was written. */
  #acknowledge({ epoch, checkpoint, report }: Operation & { readonly kind: 'acknowledge' }, variant: string): void {
    if (variant !== 'decline') return this.tell({ kind: 'acked', nowMs: 0, epoch, checkpoint, report })
    this.budget.aborts--
    const error = new StreamError('CHECKPOINT_FAILED', 'declined')
    this.tell({ kind: 'declined', nowMs: 0, epoch, checkpoint, task: TASK, subtask: 0, error })
  }

  #writeChunk(name: string, records: readonly number[]): void {
    this.storage.chunks = { ...this.storage.chunks, [name]: records }
    this.#retain({ kind: 'written', chunk: name })
  }

  #deleteChunk(chunk: string): void {
    const { [chunk]: _gone, ...chunks } = this.storage.chunks
    this.storage.chunks = chunks
  }

  /** One committable a step; the answer is a step of its own. */
  #commit(operation: Operation & { readonly kind: 'commit' }): void {
    const [next, ...left] = operation.left
    if (next === undefined) return this.tell({ kind: 'committed', nowMs: 0, epoch: operation.epoch, upTo: operation.upTo })
    this.begin({ ...operation, left })
    const id = idOf(next)
    const data = next.data as readonly number[]
    const done = this.sink.committed[id]
    if (done !== undefined) {
      if (done.join() !== data.join()) this.violate(`${id} is committed as [${done}] and again as [${data}]`)
      return
    }
    if (this.sink.prepared[id]?.join() !== data.join())
      return this.violate(`${id} is committed as [${data}], prepared is [${this.sink.prepared[id]}]`)
    const visible = positionOf(latestManifest(this.storage))
    if (data.some((record) => record > visible)) this.violate(`[${data}] is committed, but the newest checkpoint ends at ${visible}`)
    const before = Object.values(this.sink.committed).flat()
    if (data.some((record) => before.includes(record))) this.violate(`[${data}] is committed after [${before}]`)
    this.sink.committed = { ...this.sink.committed, [id]: data }
  }

  #withdraw({ epoch, kept }: Operation & { readonly kind: 'withdraw' }): void {
    const ids = new Set(Object.values(kept).flat().map(idOf))
    const left = Object.entries(this.sink.prepared).filter(
      ([id]) => Number.parseInt(id, 10) >= epoch || ids.has(id) || Object.hasOwn(this.sink.committed, id),
    )
    if (this.mutation.withdrawsNothing !== true) this.sink.prepared = Object.fromEntries(left)
    this.tell({ kind: 'withdrawn', nowMs: 0, epoch })
  }

  #merge({ epoch, merge }: Operation & { readonly kind: 'merge' }): void {
    this.#writeChunk(
      merge.chunk.name,
      merge.inputs.flatMap((input) => this.storage.chunks[input] ?? []),
    )
    this.tell({ kind: 'merged', nowMs: 0, epoch, merge })
  }

  /** Begins to merge all runs of the newest manifest into one. */
  beginMerge(manifest: Manifest): void {
    const part = manifest.operators[STEP]
    const epoch = this.process.coordinator?.options.epoch ?? 0
    if (part?.kind !== 'keyed') return
    const name = chunkName({ epoch, kind: 'merged', checkpoint: manifest.checkpoint, task: TASK, subtask: 0, random: RANDOM })
    const merge: Merge = {
      operator: STEP,
      first: 0,
      last: GROUPS - 1,
      inputs: part.runs.map((run) => run.chunk),
      run: { chunk: name, first: 0, last: GROUPS - 1, bytes: 1, entries: 1, level: 'base' },
      chunk: { name, sizeBytes: 1, sha256: '' },
    }
    this.budget.merges--
    this.#retain({ kind: 'writing', chunk: name })
    this.begin({ kind: 'merge', epoch, merge })
  }
}
