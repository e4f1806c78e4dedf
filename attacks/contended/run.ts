/** One job, while others run beside it: its processes are killed, stopped and replaced as planned, then it is left to finish and compared. */
import { rmSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import type { ChildOptions } from '../kill/child-options.ts'
import { Child } from '../kill/child-process.ts'
import { committedOf, makeRun, residueOf, type RunFolder } from '../lib/run-files.ts'
import { compare, expectedOf, type Difference } from '../lib/sequence-check.ts'
import { compareWindows } from '../lib/window-check.ts'
import { LONG_PAUSE_MS, NICE, type Fault, type RunPlan, type When } from './plan.ts'
import { FENCED_EXIT, isLeftBy, judgeWoken, type Fenced } from './zombie.ts'

/** Four jobs on two cores, some of them with the lowest priority: nothing takes longer. */
const LIMIT_MS = 120_000
/** A SIGCONT that comes before the process has stopped itself is lost: it is said again. */
const WAKE_EVERY_MS = 250

export interface RunResult {
  readonly wrong: readonly string[]
  readonly faults: Readonly<Record<Fault['kind'], number>>
  /** The job had ended before they came. */
  readonly missed: number
  /** Pauses, alone or while another one took over, of ten seconds and more. */
  readonly longPauses: number
  readonly processes: number
  readonly fenced: number
  readonly rows: number
}

export class ContendedRun {
  readonly #plan: RunPlan
  readonly #run: RunFolder
  readonly #random: SeededRandom
  readonly #wrong: string[] = []
  readonly #children: Child[] = []
  readonly #fenced: Fenced[] = []
  readonly #faults: Record<Fault['kind'], number> = { kill: 0, pause: 0, takeover: 0 }
  #missed = 0
  #longPauses = 0
  #wakers: NodeJS.Timeout[] = []
  #isFinished = false
  #isFoundFinished = false

  constructor(plan: RunPlan, folder: string) {
    this.#plan = plan
    this.#random = new SeededRandom(plan.seed, `processes ${plan.number}`)
    this.#run = makeRun(join(folder, `run-${plan.number}`), plan.shape, plan.format)
  }

  async play(): Promise<RunResult> {
    try {
      let living: Child | undefined
      for (const fault of this.#plan.faults) {
        if (this.#isFinished || this.#wrong.length > 0) this.#missed++
        else living = await this.#suffer(fault, living)
      }
      if (!this.#isFinished && this.#wrong.length === 0) await this.#ended(living ?? this.#start(undefined, true))
    } finally {
      for (const timer of this.#wakers) clearInterval(timer)
      for (const child of this.#children) for (const signal of ['SIGCONT', 'SIGKILL'] as const) child.signal(signal)
    }
    return this.#result()
  }

  /** @returns the process that goes on, if one does */
  async #suffer(fault: Fault, living: Child | undefined): Promise<Child | undefined> {
    const { when } = fault
    // What it does to itself it was told at its start: one that lives is left to be killed by the clock.
    const timed: When = living !== undefined && when.since === 'point' ? { since: 'running', afterMs: 10 * when.nth } : when
    const child = living ?? this.#start(fault)
    if (!(await this.#reaches(child, timed, living !== undefined, fault.kind))) {
      this.#missed++
      await this.#ended(child)
      return undefined
    }
    switch (fault.kind) {
      case 'kill':
        child.signal('SIGKILL')
        await child.ended
        if (child.find('ended') !== undefined) this.#isFinished = true
        this.#faults.kill++
        return undefined
      case 'pause':
        if (timed.since !== 'point') child.signal('SIGSTOP')
        await this.#sleep(fault.pauseMs)
        this.#wake(child)
        this.#faults.pause++
        return child
      case 'takeover':
        return this.#takeOver(child, fault.pauseMs)
    }
  }

  /** The moment of the fault. False: it has ended before. */
  async #reaches(child: Child, when: When, isLiving: boolean, kind: Fault['kind']): Promise<boolean> {
    if (when.since === 'point') {
      if (kind !== 'kill') return (await child.until((line) => line.kind === 'pausing', LIMIT_MS)) !== undefined
      await this.#endWithin(child)
      return child.ending?.signal === 'SIGKILL'
    }
    const since = when.since
    if (!isLiving && (await child.until((line) => line.kind === since, LIMIT_MS)) === undefined) return false
    await Promise.race([sleep(when.afterMs), child.ended])
    return child.ending === undefined && child.find('ended') === undefined
  }

  async #takeOver(owner: Child, pauseMs: number): Promise<Child | undefined> {
    const other = this.#start(undefined)
    await Promise.race([other.until(({ kind }) => kind === 'waiting' || kind === 'ended', LIMIT_MS), owner.ended])
    owner.signal('SIGSTOP')
    const taken = await other.until(({ kind }) => kind === 'claimed' || kind === 'ended', LIMIT_MS)
    if (taken === undefined) this.#fail('nobody has taken over', other)
    // It has stood still since: what it has said by now it said before the other claimed.
    const hadEnded = owner.find('ended') !== undefined
    await this.#sleep(pauseMs)
    this.#wake(owner)
    await this.#ended(owner, true)
    const woken = judgeWoken({ isReplaced: taken?.kind === 'claimed', hadEnded, code: owner.ending?.code })
    if (woken === 'takeover') this.#faults.takeover++
    else this.#missed++
    if (woken === 'wrong') this.#fail('a process was replaced while it stood still, and ended as if it had the job', owner)
    if (other.ending === undefined) return other
    await this.#ended(other)
    return undefined
  }

  async #sleep(ms: number): Promise<void> {
    await sleep(ms)
    if (ms >= LONG_PAUSE_MS.least) this.#longPauses++
  }

  #wake(child: Child): void {
    child.signal('SIGCONT')
    const timer = setInterval(() => (child.ending === undefined ? child.signal('SIGCONT') : clearInterval(timer)), WAKE_EVERY_MS)
    this.#wakers.push(timer)
  }

  async #endWithin(child: Child): Promise<void> {
    const isHanging = (await Promise.race([child.ended, sleep(LIMIT_MS, undefined, { ref: false })])) === undefined
    if (isHanging) this.#fail(`a process has not ended within ${LIMIT_MS / 1_000} s`, child)
  }

  /** It ends by itself: well, or because another one has the job. */
  async #ended(child: Child, mayBeFenced: boolean = false): Promise<void> {
    await this.#endWithin(child)
    const ended = child.find('ended')
    const { code, signal } = child.ending ?? {}
    if (code === FENCED_EXIT && mayBeFenced) return void this.#fenced.push({ pid: child.pid, epoch: child.find('claimed')?.epoch })
    if (code !== 0 || ended === undefined) return this.#fail(`a process ended with ${signal ?? code}`, child)
    this.#isFinished = true
    this.#isFoundFinished ||= ended.outcome === 'already-finished'
  }

  #result(): RunResult {
    const { shape, wide, windows } = this.#plan
    const committed = committedOf(this.#run, wide, windows)
    const difference = compare(expectedOf(shape, wide), committed)
    if (windows) compareWindows(shape, committed, difference)
    this.#note(difference)
    const left = residueOf(this.#run, this.#isFoundFinished).filter((file) => !this.#fenced.some((fenced) => isLeftBy(fenced, file)))
    if (left.length > 0) this.#wrong.push(`left over: ${left.join(', ')}`)
    if (this.#wrong.length === 0) rmSync(this.#run.path, { recursive: true })
    return {
      wrong: this.#wrong,
      faults: this.#faults,
      missed: this.#missed,
      longPauses: this.#longPauses,
      processes: this.#children.length,
      fenced: this.#fenced.length,
      rows: difference.rows,
    }
  }

  #note({ missing, doubled, wrong, examples }: Difference): void {
    if (missing + doubled + wrong > 0)
      this.#wrong.push(`missing ${missing}, doubled ${doubled}, wrong ${wrong} in ${this.#run.path}: ${examples.join('\n      ')}`)
  }

  #start(fault: Fault | undefined, isFast: boolean = false): Child {
    const { plan, run } = { plan: this.#plan, run: this.#run }
    const when = fault?.when
    const signal = fault?.kind === 'kill' ? 'SIGKILL' : 'SIGSTOP'
    const options: ChildOptions = {
      input: run.input,
      output: run.output,
      checkpoints: run.checkpoints,
      parallelism: 1 + this.#random.below(4),
      everyMs: plan.everyMs,
      retain: 1 + this.#random.below(2),
      leaseMs: plan.leaseMs,
      wide: plan.wide,
      windows: plan.windows,
      format: plan.format,
      ...(plan.partBytes === undefined ? {} : { partBytes: plan.partBytes }),
      phaseFile: join(run.path, `phase-${this.#children.length}`),
      batchRecords: isFast ? 512 : plan.batchRecords,
      credits: plan.credits,
      ...(isFast ? {} : { rowsPerCheckpoint: plan.rowsPerCheckpoint }),
      ...(when?.since === 'point' ? { at: { point: when.point, nth: when.nth, signal } } : {}),
    }
    const child = new Child(options)
    this.#children.push(child)
    setPriority(child.pid, this.#random.pick(NICE))
    return child
  }

  #fail(what: string, child: Child): void {
    this.#wrong.push(`${what}: ${JSON.stringify(child.find('failed') ?? child.lines.at(-1))} ${child.stderr.slice(0, 300)}`)
  }
}
