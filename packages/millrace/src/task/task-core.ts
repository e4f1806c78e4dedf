/**
 * One subtask of one task. It knows no threads, sockets, clocks or disks: elements, credits, time and notifications come in,
 * elements and snapshots go out. It works only inside `step`, one begun thing at a time, and can stop after each record.
 *
 *   running ──last barrier──► draining ──flushed──► held ──resume──► running
 *
 * T1  Nothing new begins while draining or held; what has begun (a batch, the timers of a watermark) is finished first.
 * T2  Between `held` and `resume` nothing leaves (the hold, rules 1.4).
 * T3  At `held`, in one synchronous turn, writers and state are sealed; what comes later belongs to the next checkpoint.
 * T4  Everything sealed that no manifest holds yet is in the next snapshot, also after an abort (rules 1.5 b).
 * T5  An operator handles a watermark completely before the next operator gets it (WM-8).
 * T6  A writer that is full until a commit closes the gate, but not for what has to come before a barrier that is on its way: else
 *     the checkpoint whose commit it waits for never came.
 */
import type { Plain } from '../connect/contract.ts'
import type { Budget } from '../core/env.ts'
import { StreamError, invariant, tame } from '../core/errors.ts'
import { WATERMARK_END } from '../core/time.ts'
import { FLUSH_AFTER_MS } from '../plan/physical.ts'
import type { Key } from '../state/contract.ts'
import { buildChain, hasOpenCursor, runCursors, type Chain, type ChainOperator, type Working } from './chain.ts'
import { explained } from './explain-error.ts'
import { FullWriters } from './full-writers.ts'
import { InputGate } from './input-gate.ts'
import { lookAt } from './look.ts'
import { CHANNEL_CREDITS, type BarrierReason, type StepResult, type StreamElement } from './messages.ts'
import { closeOperator, openOperator, openTask, type OpenParts } from './open-task.ts'
import { OperatorTimes } from './operator-times.ts'
import { restoreOperator } from './restore-operator.ts'
import { createRouter, type Router } from './router.ts'
import { SnapshotJob } from './snapshot-job.ts'
import { SinkSeals } from './sink-seals.ts'
import { createSweeper, type Sweeper } from './sweeper.ts'
import { countsOf, type TaskCounts } from './task-counts.ts'
import type { HostTime, OperatorRestore, TaskOptions } from './task-spec.ts'
import { watermarkWork, type Work } from './work.ts'

type Phase = 'opening' | 'running' | 'draining' | 'held' | 'failed' | 'closed'

export class TaskCore {
  readonly options: TaskOptions
  readonly #gate = { isClosed: false }
  readonly #router: Router
  readonly #inputs: InputGate
  readonly #seals: SinkSeals
  #chain!: Chain
  #times!: OperatorTimes
  #parts: OpenParts | undefined
  #sweeper: Sweeper | undefined
  #phase: Phase = 'opening'
  #work: Work | undefined
  #barrier: { readonly checkpoint: number; readonly reason: BarrierReason } | undefined
  /** Of the last checkpoint; it may still wait for its sinks. */
  #snapshot: SnapshotJob | undefined
  #isEncoding = false
  #inputEnded = false
  #hasEnded = false
  #hasBegun = false
  #hasPolled = false
  #isWaitingForSource = false
  #now = Number.NEGATIVE_INFINITY
  #monotonic = 0
  #lastCheckpoint = -1
  /** Of the last one nobody has said yet whether it is complete. */
  #isUntold = false
  #flushedAtMs = 0
  readonly #working: Working = { step: undefined }
  readonly #full: FullWriters
  /** The checkpoint that has been asked for and not been taken by this task. */
  #expected: number | undefined

  constructor(options: TaskOptions) {
    this.options = options
    const { spec, host } = options
    this.#router = createRouter({
      credits: options.credits ?? CHANNEL_CREDITS,
      ...(options.batchRecords === undefined ? {} : { batchRecords: options.batchRecords }),
      keyGroups: spec.keyGroups,
      gate: this.#gate,
      send: (output, target, element) => {
        invariant(this.#phase !== 'held', 'T2: nothing leaves a task between held and resume')
        host.send(output, target, element)
      },
    })
    this.#inputs = new InputGate(spec.channels)
    this.#seals = new SinkSeals(options.underway)
    this.#full = new FullWriters(options, (error) => this.#fail(error))
  }

  /** Opens readers, writers and user resources, and puts the restored state in place. Before anything else. */
  async open(restored: Readonly<Record<string, OperatorRestore>>, time: HostTime): Promise<void> {
    this.#tick(time)
    this.#parts = await openTask(this.options, restored)
    this.#chain = buildChain({
      options: this.options,
      gate: this.#gate,
      router: this.#router,
      writers: this.#parts.writers,
      whenFull: (node) => this.#whenFull(node),
    })
    const sweeper = (this.#sweeper = createSweeper(this.#chain.operators, this.options))
    for (const each of this.#chain.operators) {
      const from = restored[each.node.address]
      if (from?.kind === 'keyed') await restoreOperator(each, from, this.#now, this.options, (nowMs) => sweeper?.measure(nowMs))
    }
    this.#times = new OperatorTimes(this.options.spec, this.#chain.operators)
    this.#times.carryDown()
    for (const each of [...this.#chain.operators].reverse()) await openOperator(each, this.options.underway)
    if (this.options.signal.aborted) throw new StreamError('STOPPED', 'The job was stopped while it was opened.')
    if (this.#parts.reader !== undefined) this.#source.start(this.#parts.reader, this.#parts.restoredSplits)
    this.#phase = 'running'
  }

  /** Records may flow. Until then only a barrier is taken: checkpoint 0 is written before the first record (rules 1.1). */
  begin(): void {
    this.#hasBegun = true
  }

  // ---------------------------------------------------------------- what the host brings

  deliver(channel: number, element: StreamElement): void {
    this.#inputs.push(channel, element)
  }

  credit(output: number, target: number, credits: number): void {
    this.#guard(() => this.#router.credit(output, target, credits))
  }

  /** A barrier for a task that has no live input: a source, or one that has ended. */
  barrier(checkpoint: number, reason: BarrierReason): void {
    if (this.#phase === 'failed' || this.#phase === 'closed' || checkpoint <= this.#lastCheckpoint) return
    if (this.#barrier?.checkpoint === checkpoint) return
    invariant(this.#barrier === undefined, `T1: barrier ${checkpoint} while ${this.#barrier?.checkpoint} is not resumed`)
    this.#barrier = { checkpoint, reason }
  }

  /** Barrier n has been sent to the sources. Before it comes here nothing waits for a commit (T6). */
  expect(checkpoint: number): void {
    if (checkpoint <= this.#lastCheckpoint) return
    this.#expected = checkpoint
    if (this.#full.awaitCommit) this.options.host.wake()
  }

  /** The host has sent the barrier on: the hold is over. */
  resume(checkpoint: number): void {
    if (this.#phase !== 'held') return
    invariant(this.#barrier?.checkpoint === checkpoint, `T2: resume of ${checkpoint} while ${this.#barrier?.checkpoint} is held`)
    if (this.#barrier?.reason === 'stop') this.#hasBegun = false
    this.#barrier = undefined
    this.#expected = undefined
    this.#phase = 'running'
    this.#inputs.release(checkpoint)
  }

  /** A manifest holds checkpoint n. */
  complete(checkpoint: number): void {
    this.#seals.complete(checkpoint)
    this.#full.askForCheckpoint(this.#parts?.writers)
    // A task that had ended before is not asked again: it did not seal this one.
    if (this.#isUntold && checkpoint === this.#lastCheckpoint) {
      this.#isUntold = false
      if (this.options.keepsState) for (const { keyed } of this.#chain.operators) keyed?.snapshots.complete(checkpoint)
    }
    if (this.#sweeper?.canFree === true) this.options.host.wake()
  }

  /** As if checkpoint n had never been asked for; what it covered joins the next one (T4). */
  abort(checkpoint: number): void {
    if (this.#phase === 'failed' || this.#phase === 'closed') return
    this.#inputs.abort(checkpoint)
    if (this.#snapshot?.checkpoint === checkpoint) {
      this.#snapshot.abort()
      this.#isEncoding = false
    }
    if (this.#expected === checkpoint) this.#expected = undefined
    // What it had sealed needs another one to be committed.
    if (this.#full.awaitCommit) this.options.host.checkpointWanted?.()
    if (this.#barrier?.checkpoint === checkpoint && this.#phase !== 'held') {
      this.#barrier = undefined
      this.#phase = 'running'
      return
    }
    if (!this.#isUntold || checkpoint !== this.#lastCheckpoint) return
    this.#isUntold = false
    if (this.options.keepsState) for (const { keyed } of this.#chain.operators) keyed?.snapshots.abort(checkpoint)
  }

  /** Of the source's positions by split, its own are in a durable checkpoint. */
  async acknowledge(positions: Readonly<Record<string, Plain>>): Promise<void> {
    await this.#chain.source?.acknowledge(positions)
  }

  // ---------------------------------------------------------------- work

  /** Does one piece of work. `more`: call again when others had their turn; `idle`: call again when something was brought. */
  step(time: HostTime): StepResult {
    if (this.#phase === 'opening' || this.#phase === 'held' || this.#phase === 'failed' || this.#phase === 'closed') return 'idle'
    this.#working.step = undefined
    try {
      this.#tick(time)
      const encoded = this.#encode()
      const worked = this.#withUserCode(() => this.#advance())
      if (this.#chain.source !== undefined) this.#chain.source.mayRead = this.#mayRead()
      const swept = this.#sweep(encoded || worked)
      return encoded || worked || swept ? 'more' : 'idle'
    } catch (error) {
      this.#fail(error)
      return 'idle'
    }
  }

  /** When `step` has to be called although nothing was brought: ms from `time`, undefined for never. */
  wakeInMs(time: HostTime): number | undefined {
    if (this.#phase !== 'running' || this.#hasEnded || !this.#hasBegun || this.#gate.isClosed) return undefined
    const idle = this.#chain.source?.idleCheckInMs()
    const due = this.#nextProcessingTimer()
    const timer = due === Number.POSITIVE_INFINITY ? undefined : Math.max(0, due - time.now + 1)
    const sweep = this.#sweeper?.wakeInMs(time.monotonic)
    const earliest = Math.min(idle ?? Number.POSITIVE_INFINITY, timer ?? Number.POSITIVE_INFINITY, sweep ?? Number.POSITIVE_INFINITY)
    return earliest === Number.POSITIVE_INFINITY ? undefined : earliest
  }

  /** State and outputs are open while user code may be called; a promise that uses them later is told so. */
  #withUserCode(work: () => boolean): boolean {
    const { operators } = this.#chain
    for (let i = 0; i < operators.length; i++) (operators[i] as ChainOperator).time.isRunning = true
    try {
      const worked = work()
      if (this.options.check) for (const { keyed } of operators) keyed?.checkLent()
      return worked
    } finally {
      for (let i = 0; i < operators.length; i++) {
        const { time, keyed } = operators[i] as ChainOperator
        time.isRunning = false
        keyed?.leave()
      }
    }
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** The lowest watermark of its operators, or of its source; for people. */
  get watermark(): number {
    // Asked also before the task is open: while its state is restored.
    if (this.#chain === undefined) return Number.NEGATIVE_INFINITY
    return this.#chain.operators.reduce((lowest, { time }) => Math.min(lowest, time.watermark), Number.POSITIVE_INFINITY)
  }

  look(address: string, key: Key, time: HostTime): ReturnType<typeof lookAt> {
    this.#tick(time)
    return lookAt(this.#chain, address, key)
  }

  /** For people. */
  counts(): TaskCounts {
    return countsOf(this.#chain)
  }

  async close(): Promise<void> {
    this.#phase = 'closed'
    const operators = this.#chain === undefined ? [] : this.#chain.operators
    await this.#parts?.close(operators.map((each) => () => closeOperator(each, this.options.underway)))
  }

  get #source(): NonNullable<Chain['source']> {
    return this.#chain.source as NonNullable<Chain['source']>
  }

  #advance(): boolean {
    this.#refreshGate()
    if (this.#gate.isClosed) return false
    if (this.#work !== undefined || hasOpenCursor(this.#chain.operators)) {
      this.#run()
      return true
    }
    if (this.#barrier !== undefined) return this.#drain(this.#barrier)
    if (this.#monotonic - this.#flushedAtMs > FLUSH_AFTER_MS) this.#flush()
    // Past-due processing-time timers fire after a restore, before the first record (rules 1.17).
    this.#work = this.#dueProcessing() ?? this.#takeInput()
    if (this.#work !== undefined) {
      this.#run()
      return true
    }
    return this.#rest()
  }

  /** Nothing to do: what is buffered leaves; a task whose input has ended ends. */
  #rest(): boolean {
    if (this.#barrier !== undefined) return this.#drain(this.#barrier)
    if (this.#router.hasBuffered()) {
      this.#flush()
      return !this.#router.isWaiting()
    }
    if (this.#inputEnded && !this.#hasEnded && this.#router.isFlushed()) {
      this.#hasEnded = true
      for (const output of this.options.spec.outputs) this.#sendToAll(output, { kind: 'end' })
      this.options.host.ended()
    }
    return false
  }

  #flush(): void {
    this.#flushedAtMs = this.#monotonic
    this.#router.flush()
  }

  #drain(barrier: { readonly checkpoint: number; readonly reason: BarrierReason }): boolean {
    this.#phase = 'draining'
    this.options.env.crashPoint('task.draining')
    this.#router.flush()
    if (!this.#router.isFlushed()) return false
    this.options.env.crashPoint('task.drained')
    this.#hold(barrier.checkpoint, barrier.reason)
    return true
  }

  /** T3. */
  #hold(checkpoint: number, reason: BarrierReason): void {
    invariant(checkpoint > this.#lastCheckpoint, `T1: checkpoint ${checkpoint} after ${this.#lastCheckpoint}`)
    // CP-3: what a host may have completed without a word is in this one too.
    if (this.#isUntold) this.abort(this.#lastCheckpoint)
    this.#lastCheckpoint = checkpoint
    this.#isUntold = true
    this.#snapshot = new SnapshotJob({
      checkpoint,
      reason,
      isFinal: this.#hasEnded,
      chain: this.#chain,
      seals: this.#seals,
      options: this.options,
      failed: (error) => this.#fail(error),
    })
    this.#isEncoding = true
    this.#phase = 'held'
    this.options.env.crashPoint('task.held')
    this.options.host.held(checkpoint, reason)
  }

  /** A slice of a running snapshot; true while there is something to encode. */
  #encode(): boolean {
    if (!this.#isEncoding || this.#snapshot === undefined) return false
    this.#isEncoding = !this.#snapshot.encode(this.options.env.budget('slice'))
    return this.#isEncoding
  }

  /** Between batches, not while a snapshot takes such slices (TT-4). */
  #sweep(isBusy: boolean): boolean {
    if (this.#phase !== 'running' || !this.#hasBegun || this.#hasEnded) return false
    this.#sweeper?.measure(this.#monotonic)
    if (this.#isEncoding) return false
    return this.#sweeper?.step(this.#monotonic, isBusy) === true
  }

  /** Goes on with what has begun until it is done, the gate closes or the turn is over. */
  #run(): void {
    if (!runCursors(this.#chain.operators, this.#working)) return
    this.#working.step = undefined
    const work = this.#work
    if (work === undefined) return
    switch (work.kind) {
      case 'batch':
        if (this.#runBatch(work)) this.#work = undefined
        return
      case 'source':
        if (!this.#source.run() || hasOpenCursor(this.#chain.operators)) return
        this.#work = this.#sourceTime()
        return
      case 'watermark':
        if (this.#runWatermark(work)) this.#finishWatermark(work.at)
        return
      case 'processing':
        if (this.#runProcessing(work)) this.#work = undefined
    }
  }

  #runBatch(work: Extract<Work, { kind: 'batch' }>): boolean {
    const { values, timestamps } = work.batch
    work.index = work.entry(values, timestamps, work.index, values.length)
    if (work.index < values.length || hasOpenCursor(this.#chain.operators)) return false
    this.options.host.consumed(work.channel)
    return true
  }

  /** T5: operator by operator; true when all are done. */
  #runWatermark(work: Extract<Work, { kind: 'watermark' }>): boolean {
    const { operators } = this.#chain
    for (; work.operator < operators.length; work.operator++, work.begun = false) {
      const each = operators[work.operator] as ChainOperator
      // An operator restored with a later watermark than its task has reached stays where it is (rules 1.2 c, TM-3).
      if (!work.begun && !work.isEnd && work.at <= each.time.watermark) continue
      if (!work.begun) this.options.host.watermark?.(each.node.address, work.at, this.#now)
      each.time.watermark = work.at
      work.begun = true
      if (!this.#fireDue(each, 'event', work.at)) return false
    }
    return true
  }

  #runProcessing(work: Extract<Work, { kind: 'processing' }>): boolean {
    const { operators } = this.#chain
    for (; work.operator < operators.length; work.operator++) {
      const each = operators[work.operator] as ChainOperator
      this.options.host.clock?.(each.node.address, this.#now)
      if (!this.#fireDue(each, 'processing', this.#now)) return false
    }
    return true
  }

  /** True when nothing is due any more; false when the gate closed or the turn is over. */
  #fireDue({ keyed, operator, node }: ChainOperator, domain: 'event' | 'processing', upTo: number): boolean {
    if (keyed === undefined || operator.onTimer === undefined) return true
    this.#working.step = node.address
    const budget: Budget = this.options.env.budget('turn')
    for (let fired = keyed.takeDue(domain, upTo); fired !== undefined; fired = keyed.takeDue(domain, upTo)) {
      operator.onTimer(fired)
      if (this.#gate.isClosed || operator.cursor?.isOpen === true || !budget.hasLeft()) return false
    }
    return true
  }

  #finishWatermark(at: number): void {
    this.#work = undefined
    for (const { output, node } of this.options.spec.outputs)
      this.#router.time(output, { kind: 'watermark', at: this.#times.leaving(node, at) })
  }

  #sourceTime(): Work | undefined {
    const { watermark, idle } = this.#source.time()
    if (idle === true) this.#sendIdle()
    return watermark === undefined ? undefined : watermarkWork(watermark)
  }

  #sendIdle(): void {
    for (const { output } of this.options.spec.outputs) this.#router.time(output, { kind: 'idle' })
  }

  /** The next thing that begins, if any. */
  #takeInput(): Work | undefined {
    if (this.#inputEnded) return undefined
    if (!this.#hasBegun && this.#chain.source !== undefined) return undefined
    return this.#chain.source === undefined ? this.#takeElement() : this.#takeSource()
  }

  /** Nothing but the reader keeps records from coming. */
  #mayRead(): boolean {
    return this.#phase === 'running' && this.#hasBegun && this.#barrier === undefined && !this.#gate.isClosed
  }

  #takeSource(): Work | undefined {
    if (!this.#hasPolled) {
      this.#hasPolled = true
      // They hear it before they get a record.
      const restored = this.#source.restoredWatermark()
      if (restored !== undefined) return watermarkWork(restored)
    }
    if (this.#isWaitingForSource && !this.#source.hasToAsk()) return this.#sourceTime()
    const polled = this.#source.poll()
    if (polled === 'wait') this.#awaitSource()
    else this.#isWaitingForSource = false
    if (polled === 'batch') return { kind: 'source' }
    return polled === 'end' ? this.#endInput() : this.#sourceTime()
  }

  #awaitSource(): void {
    if (this.#isWaitingForSource) return
    this.#isWaitingForSource = true
    this.#source.ready().then(
      () => {
        this.#isWaitingForSource = false
        this.options.host.wake()
      },
      (error: unknown) => this.#fail(error),
    )
  }

  #takeElement(): Work | undefined {
    for (let taken = this.#inputs.next(); taken !== undefined; taken = this.#inputs.next()) {
      switch (taken.kind) {
        case 'batch': {
          const { node, input } = this.options.spec.channels[taken.channel] as TaskOptions['spec']['channels'][number]
          return { kind: 'batch', batch: taken.batch, entry: this.#chain.entry(node, input), channel: taken.channel, index: 0 }
        }
        case 'watermark':
          return watermarkWork(taken.at)
        case 'idle':
          this.#sendIdle()
          break
        case 'aligned':
          this.#barrier = { checkpoint: taken.checkpoint, reason: taken.reason }
          return undefined
        case 'ended':
          return this.#endInput()
      }
    }
    return undefined
  }

  /** EO-1: the watermark at the end fires all event-time timers; pending processing-time timers do not fire (TM-6). */
  #endInput(): Work {
    this.#inputEnded = true
    return { ...watermarkWork(WATERMARK_END), isEnd: true }
  }

  #dueProcessing(): Work | undefined {
    if (!this.#hasBegun || this.#inputEnded || this.#nextProcessingTimer() >= this.#now) return undefined
    return { kind: 'processing', operator: 0 }
  }

  #nextProcessingTimer(): number {
    let next = Number.POSITIVE_INFINITY
    for (const { keyed } of this.#chain.operators) if (keyed !== undefined) next = Math.min(next, keyed.nextTimer('processing'))
    return next
  }

  #sendToAll(
    output: { readonly output: number; readonly partitioning: string; readonly targets: number; readonly forwardTarget: number },
    element: StreamElement,
  ): void {
    if (output.partitioning === 'forward') this.options.host.send(output.output, output.forwardTarget, element)
    else for (let target = 0; target < output.targets; target++) this.options.host.send(output.output, target, element)
  }

  // ---------------------------------------------------------------- time, room, failure

  #tick(time: HostTime): void {
    // Rules 1.17: processing time never decreases inside a task.
    if (time.now > this.#now) this.#now = time.now
    this.#monotonic = time.monotonic
    if (this.#chain === undefined) return
    this.#chain.source?.look(time.monotonic)
    for (const { keyed, time: own } of this.#chain.operators) {
      own.now = this.#now
      if (keyed !== undefined) keyed.now = this.#now
    }
  }

  #refreshGate(): void {
    const isCommitDue = this.#full.awaitCommit && this.#expected === undefined && this.#barrier === undefined
    this.#gate.isClosed = this.#router.isWaiting() || this.#full.areFull || isCommitDue
  }

  #whenFull(node: number): void {
    const writer = this.#parts?.writers.get(node)
    this.#full.add(node, writer)
    if (writer?.awaitsCommit === true) this.#refreshGate()
  }

  #guard(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    if (this.#phase === 'failed' || this.#phase === 'closed') return
    this.#phase = 'failed'
    this.options.host.failed(explained(tame(error), this.options, this.#chain?.operators ?? [], this.#working.step))
  }
}
