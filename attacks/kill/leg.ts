/** One job from its first process to its last: it is killed for as long as there are kills, then left to finish and compared. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { committedOf, makeRun, residueOf, type RunFolder } from '../lib/run-files.ts'
import { compare, expectedOf, type Difference } from '../lib/sequence-check.ts'
import type { InputFormat, InputShape } from '../lib/sequence-input.ts'
import { compareWindows } from '../lib/window-check.ts'
import { Child } from './child-process.ts'
import type { ChildOptions } from './child-options.ts'
import { lastPhase, type Phase } from './phase.ts'
import type { Kill } from './kill.ts'

const MOST_SUBTASKS = 4

/** What became of one process. */
export type Outcome =
  | { readonly kind: 'killed'; readonly phase: Phase }
  /** Before it had claimed: nothing was hit. */
  | { readonly kind: 'too-early' }
  | { readonly kind: 'finished'; readonly recordsLastRun: number }
  | { readonly kind: 'violation'; readonly what: string }

/** What a job is like; the rest is drawn from seed and number. */
export interface LegDraw {
  readonly number: number
  /** Below which it has a folder of its own. */
  readonly folder: string
  readonly seed: number
  /** Drawn for each start where it is undefined. */
  readonly parallelism: number | undefined
  readonly rowsPerFile: number
  readonly windows: boolean
  /** Every kind of state; not with CSV, whose columns are in all rows. */
  readonly wide?: boolean
  /** Drawn where it is undefined. */
  readonly keepsPartsOpen?: boolean
}

export class Leg {
  readonly number: number
  readonly run: RunFolder
  readonly shape: InputShape
  readonly draw: LegDraw
  isFresh = true
  isFinished = false
  starts = 0
  /** The kill that ended the last start. */
  last: Kill | undefined
  /** Of the last start. */
  parallelism = 0
  readonly #random: SeededRandom
  readonly #phaseFile: string
  readonly format: InputFormat
  /** Parts that stay open over checkpoints, in every second job. */
  readonly #partBytes: number | undefined
  /** It was killed after its last entry: the next run changes nothing, so what the dead one was deleting stays. */
  #isFoundFinished = false

  constructor(of: LegDraw) {
    this.draw = of
    this.number = of.number
    this.#random = new SeededRandom(of.seed, `leg ${of.number}`)
    this.shape = {
      seed: of.seed + of.number,
      files: 4,
      rowsPerFile: of.rowsPerFile,
      keysPerFile: 20 + this.#random.below(80),
      spanMs: 60_000,
      ...(of.windows ? { strays: 0.02 } : {}),
    }
    const path = join(of.folder, `leg-${of.number}`)
    const files = new SeededRandom(of.seed, `files ${of.number}`)
    this.format = files.pick(['jsonl', 'csv', 'jsonl.gz'])
    const keepsOpen = !files.chance(0.5)
    this.#partBytes = (of.keepsPartsOpen ?? keepsOpen) ? files.pick([1_000, 50_000, 5_000_000]) : undefined
    this.run = makeRun(path, this.shape, this.format)
    this.#phaseFile = join(path, 'phase')
  }

  get isWide(): boolean {
    return this.draw.wide === true && this.format !== 'csv'
  }

  get keepsPartsOpen(): boolean {
    return this.#partBytes !== undefined
  }

  /** Starts a process and kills it; without a kill it is left to finish. */
  async start(kill: Kill | undefined): Promise<Outcome> {
    this.starts++
    this.last = kill
    const child = new Child(this.#options(kill))
    if (kill?.kind === 'time' && (await child.until(({ kind }) => kind === kill.since, 30_000)) !== undefined) {
      await Promise.race([sleep(kill.afterMs), child.ended])
      child.signal('SIGKILL')
    }
    const isHanging = (await Promise.race([child.ended, sleep(60_000, undefined, { ref: false })])) === undefined
    if (isHanging) child.signal('SIGKILL')
    await child.ended
    const wasFresh = this.isFresh
    if (child.find('checkpoint') !== undefined) this.isFresh = false
    return isHanging
      ? { kind: 'violation', what: `a process did not end within a minute: ${JSON.stringify(child.lines.at(-1))}` }
      : this.#outcome(child, wasFresh)
  }

  /** All committed files against the straight line. @returns what is wrong */
  check(): { readonly difference: Difference; readonly residue: readonly string[] } {
    const { windows } = this.draw
    const committed = committedOf(this.run, this.isWide, windows)
    const difference = compare(expectedOf(this.shape, this.isWide), committed)
    if (windows) compareWindows(this.shape, committed, difference)
    return {
      difference,
      residue: residueOf(this.run, this.#isFoundFinished),
    }
  }

  #outcome(child: Child, wasFresh: boolean): Outcome {
    const phase = lastPhase(this.#phaseFile)
    const ended = child.find('ended')
    if (child.ending?.signal === 'SIGKILL') {
      if (ended !== undefined) this.isFinished = true
      if (phase === undefined) return { kind: 'too-early' }
      return { kind: 'killed', phase: phase === 'restore' && wasFresh ? 'before checkpoint 0' : phase }
    }
    if (child.ending?.code === 0 && ended !== undefined) {
      this.isFinished = true
      this.#isFoundFinished = ended.outcome === 'already-finished'
      return { kind: 'finished', recordsLastRun: ended.records }
    }
    const failed = child.find('failed')
    return {
      kind: 'violation',
      what: failed === undefined ? `exit ${child.ending?.code}: ${child.stderr}` : `${failed.code}: ${failed.message}`,
    }
  }

  #options(kill: Kill | undefined): ChildOptions {
    const { input, output, checkpoints } = this.run
    const at = kill?.kind === 'point' ? { at: { point: kill.point, nth: kill.nth, signal: 'SIGKILL' as const } } : {}
    const least = kill?.kind === 'point' && kill.place === 'subtasks' ? 2 : 1
    const parallelism = this.draw.parallelism ?? least + this.#random.below(MOST_SUBTASKS + 1 - least)
    this.parallelism = parallelism
    // Left alone it may run at full speed.
    const batchRecords = kill === undefined ? 512 : 8
    return {
      input,
      output,
      checkpoints,
      parallelism,
      everyMs: 40,
      retain: 2,
      leaseMs: 10_000,
      wide: this.isWide,
      format: this.format,
      ...(this.#partBytes === undefined ? {} : { partBytes: this.#partBytes }),
      windows: this.draw.windows,
      phaseFile: this.#phaseFile,
      batchRecords,
      ...at,
    }
  }
}
