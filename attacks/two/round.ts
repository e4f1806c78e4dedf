/**
 * One directory, two processes or three. The owner is stopped by SIGSTOP for long enough that the other takes the job over and makes many
 * checkpoints; then it wakes up.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { Child, type Ending } from '../kill/child-process.ts'
import type { ChildLine, ChildOptions } from '../kill/child-options.ts'
import { ownFolder } from '../lib/attack.ts'
import { committedOf, makeRun, type RunFolder } from '../lib/run-files.ts'
import { compare, expectedOf } from '../lib/sequence-check.ts'
import type { InputShape } from '../lib/sequence-input.ts'

export type RoundKind =
  /** Stopped from outside, at any moment. */
  | { readonly kind: 'pause'; readonly afterMs: number }
  /** Stops itself inside a step. */
  | { readonly kind: 'pause-at'; readonly point: string; readonly nth: number }
  /** The same, and the successor hands over to a third: then the number that the stopped one is about to take is free again. */
  | { readonly kind: 'pause-twice'; readonly point: string; readonly nth: number }
  /** SIGTERM to the owner: the other has to wait for nothing. */
  | { readonly kind: 'hand-over'; readonly afterMs: number }

export interface RoundOptions {
  readonly number: number
  readonly seed: number
  readonly round: RoundKind
  readonly leaseMs: number
}

/** The successor makes so many before the other wakes up. */
const CHECKPOINTS = 20
const LIMIT_MS = 90_000
const FENCED_EXIT = 3
/** Far below the shortest lease. */
const HAND_OVER_MS = 900
/** Together enough for about a hundred checkpoints of both processes. */
const ROWS_PER_CHECKPOINT = 500
const ROWS_PER_FILE = 15_000

export interface RoundResult {
  readonly wrong: readonly string[]
  readonly says: string
}

export async function playRound(options: RoundOptions): Promise<RoundResult> {
  const round = new Round(options)
  try {
    await (options.round.kind === 'hand-over' ? round.handOver() : round.pause())
  } finally {
    for (const child of round.children) {
      child.signal('SIGCONT')
      child.signal('SIGKILL')
    }
  }
  return { wrong: round.wrong, says: round.says }
}

class Round {
  readonly wrong: string[] = []
  readonly children: Child[] = []
  says = ''
  readonly #options: RoundOptions
  readonly #run: RunFolder
  readonly #shape: InputShape

  constructor(options: RoundOptions) {
    this.#options = options
    const random = new SeededRandom(options.seed, `round ${options.number}`)
    this.#shape = {
      seed: options.seed + options.number,
      files: 4,
      rowsPerFile: ROWS_PER_FILE,
      keysPerFile: 20 + random.below(40),
      spanMs: 60_000,
    }
    this.#run = makeRun(join(ownFolder('two'), `round-${options.number}`), this.#shape)
  }

  async pause(): Promise<void> {
    const { round } = this.#options
    const owner = this.#start('owner', 'point' in round ? { point: round.point, nth: round.nth } : undefined)
    if ((await owner.until(({ kind }) => kind === 'running', LIMIT_MS)) === undefined) return this.#fail('the owner did not run', owner)
    const other = this.#start('other', undefined)
    if ((await other.until(({ kind }) => kind === 'waiting', LIMIT_MS)) === undefined) return this.#fail('the other did not wait', other)
    if (round.kind === 'pause') {
      await sleep(round.afterMs)
      owner.signal('SIGSTOP')
    }
    await this.#takeOver(owner, other)
  }

  async #takeOver(owner: Child, other: Child): Promise<void> {
    const taken = await other.until(({ kind }) => kind === 'claimed', LIMIT_MS)
    if (taken === undefined) return this.#fail('nobody has taken over', other)
    const last = this.#options.round.kind === 'pause-twice' ? await this.#handOn(other) : other
    if (last === undefined) return
    await last.until((line) => line.kind === 'ended' || (line.kind === 'checkpoint' && checkpointsOf(last) >= CHECKPOINTS), LIMIT_MS)
    const checkpoints = checkpointsOf(last)
    if (checkpoints < CHECKPOINTS) this.#fail(`only ${checkpoints} checkpoints before the other wakes up`, last)
    const told = owner.lines.length
    owner.signal('SIGCONT')
    const ending = await ended(owner)
    this.#checkWoken(owner.lines.slice(told), other)
    if (ending === undefined) return this.#fail('the one that woke up goes on', owner)
    if (ending.code !== FENCED_EXIT)
      this.#fail(`the one that woke up ended with ${ending.code ?? ending.signal} instead of ${FENCED_EXIT} (fenced)`, owner)
    await this.#finish(last)
    const silence = `${other.find('waiting')?.silentMs.toFixed(0)} ms of silence${last === other ? '' : ' and handed on'}`
    this.says = `taken over after ${silence}, ${checkpoints} checkpoints later it woke up: exit ${ending.code}; ${checkpointsOf(last)} in all`
  }

  /** The successor leaves too. @returns the third, which has claimed */
  async #handOn(other: Child): Promise<Child | undefined> {
    const third = this.#start('third', undefined)
    const isWaiting = (await third.until(({ kind }) => kind === 'waiting', LIMIT_MS)) !== undefined
    other.signal('SIGTERM')
    const ending = await ended(other)
    if (!isWaiting || ending?.code !== 0) this.#fail(`the successor left with ${ending?.code ?? 'nothing'}`, other)
    if ((await third.until(({ kind }) => kind === 'claimed', LIMIT_MS)) !== undefined) return third
    this.#fail('nobody has taken over from the successor', third)
    return undefined
  }

  /** What the successor has not restored, the woken one must not call complete: only then it would commit it. */
  #checkWoken(lines: readonly ChildLine[], other: Child): void {
    const restored = other.find('running')?.checkpoint ?? -1
    for (const line of lines)
      if (line.kind === 'claimed' || line.kind === 'running' || (line.kind === 'checkpoint' && line.checkpoint > restored))
        this.wrong.push(`awake again it goes on: ${JSON.stringify(line)}, restored was ${restored}`)
  }

  async handOver(): Promise<void> {
    const { round } = this.#options
    const owner = this.#start('owner', undefined)
    const other =
      (await owner.until(({ kind }) => kind === 'running', LIMIT_MS)) === undefined ? undefined : this.#start('other', undefined)
    if (other === undefined || (await other.until(({ kind }) => kind === 'waiting', LIMIT_MS)) === undefined)
      return this.#fail('the other did not wait', owner)
    await sleep(round.kind === 'hand-over' ? round.afterMs : 0)
    owner.signal('SIGTERM')
    const ending = await ended(owner)
    const left = performance.now()
    await other.until(({ kind }) => kind === 'claimed' || kind === 'ended', LIMIT_MS)
    const afterMs = performance.now() - left
    if (ending?.code !== 0) this.#fail(`the owner ended with ${ending?.code ?? 'nothing'}`, owner)
    if (afterMs > HAND_OVER_MS) this.#fail(`taken over only ${afterMs.toFixed(0)} ms after the owner had left`, other)
    await this.#finish(other)
    this.says = `handed over: taken ${afterMs.toFixed(0)} ms after the owner had left with exit ${ending?.code}`
  }

  async #finish(other: Child): Promise<void> {
    const ending = await ended(other)
    if (ending?.code !== 0) this.#fail(`the successor did not finish: ${ending?.code ?? 'hangs'}`, other)
    const finished = this.children.filter((child) => child.find('ended')?.outcome === 'finished')
    if (finished.length !== 1) this.wrong.push(`${finished.length} processes have finished the job`)
    const { missing, doubled, wrong, examples } = compare(expectedOf(this.#shape, false), committedOf(this.#run, false))
    if (missing + doubled + wrong > 0) this.wrong.push(`missing ${missing}, doubled ${doubled}, wrong ${wrong}: ${examples.join('; ')}`)
  }

  #start(name: string, at: { readonly point: string; readonly nth: number } | undefined): Child {
    const { input, output, checkpoints, path } = this.#run
    const stop = at === undefined ? {} : { at: { ...at, signal: 'SIGSTOP' as const } }
    const options: ChildOptions = {
      input,
      output,
      checkpoints,
      parallelism: 1,
      everyMs: 50,
      retain: 1,
      leaseMs: this.#options.leaseMs,
      wide: false,
      phaseFile: join(path, `phase-${name}`),
      batchRecords: 8,
      rowsPerCheckpoint: ROWS_PER_CHECKPOINT,
      ...stop,
    }
    const child = new Child(options)
    this.children.push(child)
    return child
  }

  #fail(what: string, child: Child): void {
    this.wrong.push(`${what}: ${JSON.stringify(child.find('failed') ?? child.lines.at(-1))} ${child.stderr.slice(0, 300)}`)
  }
}

/** Undefined when it goes on for too long. */
function ended(child: Child): Promise<Ending | undefined> {
  return Promise.race([child.ended, sleep(LIMIT_MS, undefined, { ref: false })])
}

function checkpointsOf(child: Child): number {
  return child.lines.filter(({ kind }) => kind === 'checkpoint').length
}
