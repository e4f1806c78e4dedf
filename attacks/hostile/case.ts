/** One case: the job with its hostile function as a real `millrace run`, then the same job without; then every committed row is compared. */
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { residueOf } from '../lib/run-files.ts'
import type { Act } from './acts.ts'
import { differences, type JobName } from './expected.ts'
import { AFTER_A_KILL, isOfFolds, type HostileConfig, type Place } from './places.ts'
import { RunProcess, type Memory } from './run-process.ts'
import { addressOf, allowedEnds, CLOSES, hasToSay, TASK, WITHOUT_STACK, type End } from './verdict.ts'

export interface HostileCase {
  readonly number: number
  readonly act: Act
  readonly place: Place
  readonly parallelism: number
  /** The job starts again by itself. */
  readonly restarts: boolean
  readonly after: number
  readonly busyMs: number
}
export interface HostileResult {
  readonly end: End | 'unclear'
  /** The first line that says why. */
  readonly says: string
  readonly wrong: readonly string[]
  readonly processes: number
}

/** Acts that only another process can answer. */
const WITH_SUCCESSOR: readonly Act[] = ['busy-past-lease', 'block-for-ever']
const SHORT_LEASE_MS = 600
const LEASE_MS = 10_000
/** Nothing of a case takes longer; then it is told to stop, and has its deadline of nine seconds for it. */
const PATIENCE_MS = 40_000
const NEVER_MS = 1_500
const STOP_MS = 12_000
/** Of the process before, which is killed when it is to commit once more: so many checkpoints with rows of its sink are complete. */
const KILLED_AFTER = 2

export async function playCase(of: HostileCase, folder: string): Promise<HostileResult> {
  const play = new Play(of, join(folder, String(of.number)))
  try {
    return await play.run()
  } finally {
    play.killAll()
  }
}

function memoryOf(act: Act): Memory {
  return act === 'heap' ? 'little heap' : act === 'buffer' ? 'little data' : 'ample'
}

class Play {
  readonly #case: HostileCase
  readonly #path: string
  readonly #processes: RunProcess[] = []
  readonly #wrong: string[] = []

  constructor(of: HostileCase, path: string) {
    this.#case = of
    this.#path = path
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path, { recursive: true })
  }

  async run(): Promise<HostileResult> {
    if (AFTER_A_KILL.includes(this.#case.place)) await this.#leaveSomething()
    const first = this.#start(memoryOf(this.#case.act))
    const end = await this.#endOf(first)
    if (!existsSync(this.#marker)) this.#wrong.push('it never struck')
    const { act, place, restarts } = this.#case
    const allowed = allowedEnds(act, place, restarts)
    if (end === 'unclear' || !allowed.includes(end))
      this.#wrong.push(`ended as ${end}, which should be ${allowed.join(' or ')}: ${first.tail}`)
    if (hasToSay(end, act, place) && !this.#namesPlace(end, first)) this.#wrong.push(`the message names no place: ${first.tail}`)
    // The marker is there: it is the same job without the hostile step.
    const last = this.#processes.at(-1)
    if (end !== 'finished' && (last === first || last === undefined)) await this.#finish()
    this.#compare()
    if (this.#wrong.length === 0) rmSync(this.#path, { recursive: true })
    return { end, says: first.reason, wrong: this.#wrong, processes: this.#processes.length }
  }

  killAll(): void {
    for (const each of this.#processes) each.signal('SIGKILL')
  }

  get #marker(): string {
    return join(this.#path, 'struck')
  }

  async #endOf(first: RunProcess): Promise<End | 'unclear'> {
    const { act, place } = this.#case
    if (WITH_SUCCESSOR.includes(act)) {
      await first.until(() => existsSync(this.#marker), PATIENCE_MS)
      const successor = this.#start('ample')
      if ((await successor.endWithin(PATIENCE_MS)) !== true) this.#wrong.push(`the successor does not end: ${successor.tail}`)
      else if (successor.code !== 0) this.#wrong.push(`the successor fails: ${successor.tail}`)
    }
    const isPatient = allowedEnds(act, place, false).includes('stopped')
    if (isPatient) await first.until(() => existsSync(this.#marker), PATIENCE_MS)
    if (await first.endWithin(isPatient ? NEVER_MS : act === 'block-for-ever' ? 0 : PATIENCE_MS + this.#case.busyMs)) return first.end
    first.signal('SIGTERM')
    if (await first.endWithin(act === 'block-for-ever' ? NEVER_MS : STOP_MS)) return isPatient ? first.end : 'unclear'
    first.signal('SIGKILL')
    await first.endWithin(STOP_MS)
    return 'blocked'
  }

  async #finish(): Promise<void> {
    const clean = this.#start('ample')
    if ((await clean.endWithin(PATIENCE_MS)) !== true)
      return void this.#wrong.push(`without the hostile step it does not end: ${clean.tail}`)
    if (clean.code !== 0) this.#wrong.push(`without the hostile step it fails: ${clean.tail}`)
  }

  /** A process of the version before, which is killed. */
  async #leaveSomething(): Promise<void> {
    const marker = join(this.#path, 'killed')
    const before = this.#start('ample', { marker, place: 'commit', act: 'kill-self', after: KILLED_AFTER, stateVersion: 1 })
    await before.endWithin(PATIENCE_MS)
    if (before.end !== 'died') this.#wrong.push(`the process before it does not die: ${before.tail}`)
  }

  get #job(): JobName {
    return isOfFolds(this.#case.place) ? 'folds' : 'job'
  }

  #compare(): void {
    const output = join(this.#path, 'output')
    const different = differences(this.#job, output)
    if (different.length > 0) this.#wrong.push(`${different.length} rows differ: ${different.slice(0, 3).join('; ')}`)
    const { act, place } = this.#case
    // A process that woke up after the last one had begun leaves what only a later one withdraws.
    if (WITH_SUCCESSOR.includes(act)) return
    const all = residueOf({ path: this.#path, input: '', output, checkpoints: join(this.#path, 'checkpoints') })
    // A job that had finished has no owner after it, who would remove the heartbeat that was being written.
    const left = CLOSES.includes(place) ? all.filter((name) => !basename(name).startsWith('.beat.')) : all
    if (left.length > 0) this.#wrong.push(`left over: ${left.slice(0, 3).join(', ')}`)
  }

  /** Not where it has broken what others stand on. */
  #namesPlace(end: End | 'unclear', { output, warnings }: RunProcess): boolean {
    const { act, place } = this.#case
    if (end === 'finished') return addressOf[place].test(warnings)
    const hasBrokenOthers = act === 'break-array' || act === 'close-files'
    return hasBrokenOthers || addressOf[place].test(output) || (WITHOUT_STACK.includes(act) && TASK.test(output))
  }

  #start(memory: Memory, differently: Partial<HostileConfig> = {}): RunProcess {
    const { act, place, after, busyMs, parallelism, restarts } = this.#case
    const own: HostileConfig = { output: join(this.#path, 'output'), marker: this.#marker, place, act, after, busyMs, stateVersion: 2 }
    const process = new RunProcess({
      job: this.#job,
      config: { ...own, ...differently },
      checkpoints: join(this.#path, 'checkpoints'),
      parallelism,
      leaseMs: WITH_SUCCESSOR.includes(act) ? SHORT_LEASE_MS : LEASE_MS,
      restart: restarts ? 'fixed-delay:attempts=3,delay=20ms' : 'none',
      memory,
    })
    this.#processes.push(process)
    return process
  }
}
