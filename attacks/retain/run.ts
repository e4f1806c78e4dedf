/** One job from its first process to its last, and what its directory holds after each of them. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FAN_IN } from '../../packages/millrace/src/checkpoint/compaction.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import type { ChildOptions } from '../kill/child-options.ts'
import { Child } from '../kill/child-process.ts'
import { ownFolder, Progress, type AttackResult } from '../lib/attack.ts'
import { committedOf, makeRun, type RunFolder } from '../lib/run-files.ts'
import { compare, expectedOf, type Difference } from '../lib/sequence-check.ts'
import type { InputShape } from '../lib/sequence-input.ts'
import { lookAt, type Beyond, type Directory } from './directory.ts'

const EVERY_MS = 10
const RETAIN = 3
/** Enough for three times the checkpoints that there have to be. */
const ROWS_PER_CHECKPOINT = 256
const FILES = 4
const LONGEST_RUN_MS = 1_200
const LONGEST_CLAIM_MS = 150
/** After so many kills a process is told to stop, and leaves nothing beside what is needed. */
const KILLS_PER_STOP = 10
/** By then an owner has deleted what those before it left. */
const CLEAN_AFTER = 5
const LIMIT_MS = 120_000
const MOST_PARALLELISM = 2
/** The sources and the keyed step, each once for each subtask. */
const CHUNKS_PER_CHECKPOINT = 2 * MOST_PARALLELISM
/** Each chunk under a temporary name as well; a merged one, an entry and a heartbeat. */
const MOST_OPEN = 2 * (CHUNKS_PER_CHECKPOINT + 1) + 2
/** The oldest checkpoint goes with what only it needs: its own chunks, and those that were merged in the one after it. */
const MOST_RELEASED = 1 + CHUNKS_PER_CHECKPOINT + FAN_IN * MOST_PARALLELISM

export interface RetainOptions {
  readonly kills: number
  readonly checkpoints: number
}

export class RetainAttack {
  readonly #options: RetainOptions
  readonly #random: SeededRandom
  readonly #run: RunFolder
  readonly #shape: InputShape
  readonly #progress: Progress
  readonly #failures: string[] = []
  readonly #looks: Directory[] = []
  readonly #counts = { kills: 0, early: 0, stops: 0, checkpoints: 0, passed: 0 }
  /** Of owners that died before they had cleaned up after others: what they left may add up. */
  #uncleaned = 0
  #difference: Difference | undefined
  #last: Directory | undefined
  #end: Directory | undefined

  constructor(seed: number, options: RetainOptions) {
    this.#options = options
    this.#random = new SeededRandom(seed, 'retain')
    const rowsPerFile = Math.ceil((3 * options.checkpoints * ROWS_PER_CHECKPOINT) / FILES)
    this.#shape = { seed, files: FILES, rowsPerFile, keysPerFile: 20 + this.#random.below(80), spanMs: 600_000 }
    this.#run = makeRun(join(ownFolder('retain'), 'job'), this.#shape)
    this.#progress = new Progress('kills', options.kills)
  }

  async run(): Promise<void> {
    while (this.#counts.kills < this.#options.kills && this.#failures.length === 0) {
      await this.#kill()
      if (this.#counts.kills % KILLS_PER_STOP === 0 && this.#failures.length === 0) await this.#stop()
    }
    if (this.#failures.length === 0) await this.#finish()
  }

  async #kill(): Promise<void> {
    const child = this.#start(ROWS_PER_CHECKPOINT)
    const since = this.#random.chance(0.2) ? 'claiming' : 'running'
    const afterMs = this.#random.below(since === 'claiming' ? LONGEST_CLAIM_MS : LONGEST_RUN_MS)
    await child.until(({ kind }) => kind === since, LIMIT_MS)
    const isLast = this.#counts.kills === this.#options.kills - 1
    const isEnough = (): boolean => this.#counts.checkpoints + checkpointsOf(child) >= this.#options.checkpoints
    if (isLast && !isEnough()) await child.until(isEnough, LIMIT_MS)
    await Promise.race([sleep(afterMs), child.ended])
    child.signal('SIGKILL')
    const { signal } = await child.ended
    if (signal !== 'SIGKILL')
      return this.#fail(`a process ended before it was killed: ${JSON.stringify(child.lines.at(-1))} ${child.stderr}`)
    this.#counts.kills++
    if (child.find('running') === undefined) this.#counts.early++
    this.#uncleaned = checkpointsOf(child) >= CLEAN_AFTER ? 0 : this.#uncleaned + 1
    await this.#look(child, `kill ${this.#counts.kills}, ${since} + ${afterMs} ms`)
    this.#progress.at(this.#counts.kills, `${this.#counts.checkpoints} checkpoints`)
  }

  async #look(child: Child, after: string): Promise<void> {
    this.#counts.checkpoints += checkpointsOf(child)
    const found = await lookAt(this.#run.checkpoints, this.#last)
    this.#last = found
    this.#looks.push(found)
    const { beyond, missing, checkpoints } = found
    const before = this.#failures.length
    if (missing.length > 0) this.#fail(`after ${after}: missing ${missing.join(', ')}`)
    if (checkpoints > RETAIN) this.#fail(`after ${after}: ${checkpoints} checkpoints are kept`)
    if (beyond.open.length > MOST_OPEN) this.#fail(`after ${after}: more than one attempt has open: ${beyond.open.join(', ')}`)
    if (beyond.released.length > MOST_RELEASED) this.#fail(`after ${after}: not deleted: ${beyond.released.join(', ')}`)
    if (beyond.older.length > this.#uncleaned * (MOST_OPEN + MOST_RELEASED))
      this.#fail(`after ${after}: left by older attempts: ${beyond.older.join(', ')}`)
    if (this.#failures.length === before) this.#counts.passed++
  }

  /** SIGTERM: it leaves the directory as it should be. */
  async #stop(): Promise<void> {
    const child = this.#start(ROWS_PER_CHECKPOINT)
    await child.until(() => checkpointsOf(child) >= 2, LIMIT_MS)
    child.signal('SIGTERM')
    const { code } = await child.ended
    this.#counts.stops++
    this.#counts.checkpoints += checkpointsOf(child)
    this.#uncleaned = 0
    if (code !== 0) return this.#fail(`told to stop it ended with ${code}: ${JSON.stringify(child.lines.at(-1))} ${child.stderr}`)
    await this.#checkRest(`stop ${this.#counts.stops}`)
  }

  async #finish(): Promise<void> {
    const child = this.#start(Number.MAX_SAFE_INTEGER)
    const { code } = await child.ended
    this.#counts.checkpoints += checkpointsOf(child)
    if (code !== 0 || child.find('ended')?.outcome !== 'finished')
      return this.#fail(`left alone it did not finish: ${JSON.stringify(child.lines.at(-1))} ${child.stderr}`)
    this.#end = await this.#checkRest('the end')
    if (this.#counts.checkpoints < this.#options.checkpoints) this.#fail(`only ${this.#counts.checkpoints} checkpoints`)
    else this.#counts.passed++
    this.#difference = compare(expectedOf(this.#shape, false), committedOf(this.#run, false))
    const { missing, doubled, wrong, examples } = this.#difference
    if (missing + doubled + wrong > 0) this.#fail(`missing ${missing}, doubled ${doubled}, wrong ${wrong}: ${examples.join('; ')}`)
    else this.#counts.passed++
  }

  /** Nothing too many, nothing too few. */
  async #checkRest(after: string): Promise<Directory> {
    const found = await lookAt(this.#run.checkpoints, this.#last)
    this.#last = found
    const orphans = orphansOf(found.beyond)
    if (found.missing.length > 0) this.#fail(`after ${after}: missing ${found.missing.join(', ')}`)
    else if (orphans.length > 0) this.#fail(`after ${after}: ${orphans.length} orphans: ${orphans.join(', ')}`)
    else this.#counts.passed++
    return found
  }

  #start(rowsPerCheckpoint: number): Child {
    const { input, output, checkpoints, path } = this.#run
    const options: ChildOptions = {
      input,
      output,
      checkpoints,
      parallelism: 1 + this.#random.below(MOST_PARALLELISM),
      everyMs: EVERY_MS,
      retain: RETAIN,
      leaseMs: 10_000,
      wide: false,
      phaseFile: join(path, 'phase'),
      batchRecords: 64,
      rowsPerCheckpoint,
    }
    return new Child(options)
  }

  #fail(what: string): void {
    this.#failures.push(what)
    this.#progress.say(`  ${what}`)
  }

  report(): AttackResult {
    const { kills, early, stops, checkpoints, passed } = this.#counts
    const say = (line: string): void => void process.stdout.write(`${line}\n`)
    say(`checkpoints ${checkpoints}, kills ${kills} (${early} before it ran), stops ${stops}`)
    const most = (of: (each: Directory) => number): number => Math.max(0, ...this.#looks.map(of))
    const mean = (of: (each: Directory) => number): string =>
      (this.#looks.reduce((sum, each) => sum + of(each), 0) / this.#looks.length).toFixed(1)
    const row = (what: string, of: (each: Directory) => number): void =>
      say(`  ${what.padEnd(52)} ${mean(of).padStart(8)} ${String(most(of)).padStart(8)}`)
    say(`after each kill${''.padEnd(43)} mean     most`)
    row('files', (each) => each.files)
    row('KiB', (each) => Math.round(each.bytes / 1024))
    row('kept checkpoints', (each) => each.checkpoints)
    row('referenced', (each) => each.referenced)
    row(`beyond: of the checkpoint being made (limit ${MOST_OPEN})`, ({ beyond }) => beyond.open.length)
    row(`beyond: let go, not deleted yet (limit ${MOST_RELEASED})`, ({ beyond }) => beyond.released.length)
    row('beyond: of attempts that died before cleaning up', ({ beyond }) => beyond.older.length)
    if (this.#end !== undefined)
      say(
        `at the end: files ${this.#end.files}, referenced ${this.#end.referenced}, orphans ${orphansOf(this.#end.beyond).length}, missing ${this.#end.missing.length}`,
      )
    if (this.#difference !== undefined) {
      const { rows, missing, doubled, wrong } = this.#difference
      say(`${rows} rows compared: missing ${missing}, doubled ${doubled}, wrong ${wrong}`)
    }
    const planned = this.#options.kills + Math.floor(this.#options.kills / KILLS_PER_STOP) + 3
    return { passed, failed: this.#failures.length, planned: Math.max(planned, passed + this.#failures.length) }
  }
}

function orphansOf({ open, released, older }: Beyond): readonly string[] {
  return [...open, ...released, ...older]
}

function checkpointsOf(child: Child): number {
  return child.lines.filter(({ kind }) => kind === 'checkpoint').length
}
