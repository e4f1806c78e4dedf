/**
 * The Env of a job under test: nothing happens but when the kit lets it, and the clock stands still meanwhile.
 *
 * TK1  What is due now is done by `settle`; what is due later is done by `passTo`, each thing at its own time and in that order.
 * TK2  A process that has crashed reaches nobody: its timers are gone, its storage answers no more.
 * TK3  What never comes to rest while the clock stands still ends the process, in turns that let the test runner go on meanwhile.
 */
import { SeededRandom } from '../connectors/seeded-random.ts'
import { CLOSING_FAILED } from '../core/close-all.ts'
import type { Env, ProcessIdentity } from '../core/env.ts'
import { nodeDigest } from '../env/node-digest.ts'
import { Disk } from '../simulate/disk.ts'
import { EventQueue, type Event } from '../simulate/event-queue.ts'
import { WholeGunzip } from '../env/whole-gunzip.ts'
import { simulatedFiles } from '../simulate/simulated-files.ts'
import { turn } from '../env/turn.ts'

/** So often may be asked for more of one turn, by all. */
const TURN_ASKS = 1_000
/** So many turns may lead to another one while the clock stands still. */
const MOST_TURNS = 2_000

/** Of all kits in this process: the engine remembers ids that were given up, and they must not be drawn again. */
let processes = 0

/** The clock that all processes of one test share. */
export class TestClock {
  /** What has passed since the test began. */
  passedMs = 0
  /** Who is alive. */
  readonly living: Set<number> = new Set()
  #startMs: number

  constructor(startMs: number) {
    this.#startMs = startMs
  }

  get nowMs(): number {
    return this.#startMs + this.passedMs
  }

  /** It shows another time, and nothing has passed. */
  set(nowMs: number): void {
    this.#startMs = nowMs - this.passedMs
  }
}

/** One process of a job under test. */
export class TestProcess implements Env {
  readonly clock: Env['clock']
  readonly timers: Env['timers']
  readonly random: Env['random']
  readonly files: Env['files']
  readonly processes: Env['processes']
  readonly digest: Env['digest'] = nodeDigest
  readonly gunzip: Env['gunzip'] = () => new WholeGunzip()
  readonly output: Env['output'] = { write: () => Promise.resolve() }
  readonly log: Env['log'] = (_level, message, fields) => this.#onLog(message, fields)
  readonly budget: Env['budget'] = () => ({ hasLeft: () => this.#asksLeft-- > 0 })
  readonly crashPoint: Env['crashPoint'] = () => {}
  readonly heapLimitBytes: number = Number.POSITIVE_INFINITY
  /** What the `close` of steps threw. */
  readonly closingFailures: string[] = []
  /** TK3. */
  isRestless = false
  readonly #world: TestClock
  readonly #pid: number = ++processes
  readonly #queue = new EventQueue()
  #soon: (() => void)[] = []
  /** The order of what was queued last. */
  #newest = -1
  #asksLeft = TURN_ASKS
  #isDead = false

  constructor(world: TestClock) {
    this.#world = world
    world.living.add(this.#pid)
    const random = new SeededRandom(this.#pid, 'test')
    const identity: ProcessIdentity = { boot: 'test', namespace: 'test', pid: this.#pid, startedAt: String(this.#pid) }
    this.clock = { now: () => world.nowMs, monotonic: () => world.passedMs }
    this.random = { next: () => random.next(), id: () => random.id() }
    this.processes = { self: () => identity, isAlive: ({ pid, boot }) => (boot === 'test' ? world.living.has(pid) : undefined) }
    this.timers = { soon: (run) => this.#addSoon(run), after: (delayMs, run) => this.#after(delayMs, run) }
    // A job whose sources and sinks are replaced has no files; who opens some all the same finds an empty disk.
    const disk = new Disk()
    disk.now = () => world.nowMs
    this.files = simulatedFiles(disk, { operate: (_kind, _path, effect) => this.answer(() => effect.run()) })
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** TK2. */
  die(): void {
    this.#isDead = true
    this.#world.living.delete(this.#pid)
    this.#soon = []
  }

  /** What the outside world answers; nothing, once the process is dead. */
  answer<T>(action: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isDead) return
      try {
        resolve(action())
      } catch (error) {
        reject(error)
      }
    })
  }

  /** Until nothing is left that is due now. */
  async settle(): Promise<void> {
    // Promises may need a turn to lead to work: twice nothing is nothing.
    for (let quiet = 0, turns = 0; quiet < 2; turns++) {
      await turn()
      quiet = this.#runDue() ? 0 : quiet + 1
      if (turns < MOST_TURNS) continue
      this.isRestless = true
      this.die()
    }
  }

  /** Lets the clock go on to this time, with all that is due on the way. */
  async passTo(nowMs: number): Promise<void> {
    await this.settle()
    const world = this.#world
    const endMs = world.passedMs + Math.max(0, nowMs - world.nowMs)
    for (let next = this.#queue.peek(); next !== undefined && next.atMs <= endMs && !this.#isDead; next = this.#queue.peek()) {
      world.passedMs = Math.max(world.passedMs, next.atMs)
      await this.settle()
    }
    world.passedMs = endMs
    await this.settle()
  }

  /** What was due when the turn began: what that leads to is for the next one. */
  #runDue(): boolean {
    const newest = this.#newest
    this.#asksLeft = TURN_ASKS
    let hasRun = false
    for (let next = this.#queue.peek(); next !== undefined && next.atMs <= this.#world.passedMs; next = this.#queue.peek()) {
      if (this.#isDead) return false
      if (next.order > newest) break
      hasRun = true
      this.#queue.take()?.run()
    }
    for (const run of this.#soon.splice(0)) {
      if (this.#isDead) return false
      hasRun = true
      run()
    }
    return hasRun
  }

  #onLog(message: string, fields: Parameters<Env['log']>[2]): void {
    if (message === CLOSING_FAILED) this.closingFailures.push(String(fields?.['cause']))
  }

  #addSoon(run: () => void): void {
    if (!this.#isDead) this.#soon.push(run)
  }

  #after(delayMs: number, run: () => void): () => void {
    if (this.#isDead) return () => {}
    const event: Event = this.#queue.add(this.#world.passedMs + Math.max(0, delayMs), 'timer', run)
    this.#newest = event.order
    return () => this.#queue.cancel(event)
  }
}
