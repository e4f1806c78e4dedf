/** One job from its first process to its last: it is killed for as long as there are kills, then left to finish and compared. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { ownFolder } from '../lib/attack.ts'
import { committedOf, makeRun, residueOf, type RunFolder } from '../lib/run-files.ts'
import { compare, expectedOf, type Difference } from '../lib/sequence-check.ts'
import type { InputFormat, InputShape } from '../lib/sequence-input.ts'
import { Child } from './child-process.ts'
import type { ChildOptions } from './child-options.ts'
import { lastPhase, type Phase } from './phase.ts'
import type { Kill } from './plan.ts'

/** What became of one process. */
export type Outcome =
  | { readonly kind: 'killed'; readonly phase: Phase }
  /** Before it had claimed: nothing was hit. */
  | { readonly kind: 'too-early' }
  | { readonly kind: 'finished'; readonly recordsLastRun: number }
  | { readonly kind: 'violation'; readonly what: string }

export class Leg {
  readonly number: number
  readonly run: RunFolder
  readonly shape: InputShape
  isFresh = true
  isFinished = false
  starts = 0
  readonly #random: SeededRandom
  readonly #parallelism: number | undefined
  readonly #phaseFile: string
  readonly #format: InputFormat
  /** Parts that stay open over checkpoints, in every second job. */
  readonly #partBytes: number | undefined
  /** It was killed after its last entry: the next run changes nothing, so what the dead one was deleting stays. */
  #isFoundFinished = false

  constructor(of: {
    readonly number: number
    readonly seed: number
    readonly parallelism: number | undefined
    readonly rowsPerFile: number
  }) {
    this.number = of.number
    this.#random = new SeededRandom(of.seed, `leg ${of.number}`)
    this.#parallelism = of.parallelism
    this.shape = {
      seed: of.seed + of.number,
      files: 4,
      rowsPerFile: of.rowsPerFile,
      keysPerFile: 20 + this.#random.below(80),
      spanMs: 60_000,
    }
    const path = join(ownFolder('kill'), `leg-${of.number}`)
    const files = new SeededRandom(of.seed, `files ${of.number}`)
    this.#format = files.pick(['jsonl', 'csv', 'jsonl.gz'])
    this.#partBytes = files.chance(0.5) ? undefined : files.pick([1_000, 50_000, 5_000_000])
    this.run = makeRun(path, this.shape, this.#format)
    this.#phaseFile = join(path, 'phase')
  }

  /** Starts a process and kills it; without a kill it is left to finish. */
  async start(kill: Kill | undefined): Promise<Outcome> {
    this.starts++
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
    return {
      difference: compare(expectedOf(this.shape, false), committedOf(this.run, false)),
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
    const parallelism = this.#parallelism ?? 1 + this.#random.below(4)
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
      wide: false,
      format: this.#format,
      ...(this.#partBytes === undefined ? {} : { partBytes: this.#partBytes }),
      phaseFile: this.#phaseFile,
      batchRecords,
      ...at,
    }
  }
}
