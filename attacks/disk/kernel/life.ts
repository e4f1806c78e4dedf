/** One job as processes on the real kernel: the first is disturbed, the next are left alone until it has finished. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChildOptions } from '../../kill/child-options.ts'
import { Child } from '../../kill/child-process.ts'
import { committedOf, makeRun, type RunFolder } from '../../lib/run-files.ts'
import { compare, expectedOf } from '../../lib/sequence-check.ts'
import type { InputShape } from '../../lib/sequence-input.ts'
import type { ProcessEnd } from '../loud.ts'

const SHAPE: Omit<InputShape, 'seed'> = { files: 2, rowsPerFile: 60, keysPerFile: 5, spanMs: 20_000 }
const LIMIT_MS = 60_000
/** One is disturbed, the next may find a job that the disturbed one has held until its lease ends. */
const MOST_PROCESSES = 4

export interface Ending {
  /** How each process ended. */
  readonly ends: readonly ProcessEnd[]
  readonly faults: readonly string[]
}

export class KernelLife {
  readonly run: RunFolder
  readonly #shape: InputShape
  readonly #ends: ProcessEnd[] = []

  constructor(path: string, seed: number) {
    this.#shape = { ...SHAPE, seed }
    const run = makeRun(path, this.#shape)
    this.run = { ...run, output: `${this.place(path)}/output`, checkpoints: `${this.place(path)}/checkpoints` }
  }

  /** Where checkpoints and output go. */
  place(path: string = this.run.path): string {
    return `${path}/place`
  }

  get ends(): readonly ProcessEnd[] {
    return this.#ends
  }

  /** A process with this environment, until it ends. */
  async start(environment: NodeJS.ProcessEnv = {}): Promise<void> {
    const child = new Child(this.#options(), environment)
    const isHanging = (await Promise.race([child.ended, sleep(LIMIT_MS, undefined, { ref: false })])) === undefined
    if (isHanging) child.signal('SIGKILL')
    await child.ended
    const { code, signal } = child.ending ?? { code: null, signal: null }
    const failed = child.find('failed')
    const ended = child.find('ended')
    const how = failed?.code ?? (code === 0 ? ended?.outcome : undefined)
    this.#ends.push({ how: isHanging ? 'hang' : (how ?? signal ?? `exit ${code}: ${child.stderr}`), said: failed?.message ?? '' })
  }

  async finish(): Promise<Ending> {
    while (!this.#isFinished() && this.#ends.length < MOST_PROCESSES && !this.#ends.some(({ how }) => how === 'hang')) await this.start()
    const faults = this.#ends.slice(1).flatMap((end) => (isFinished(end) ? [] : [`${end.how} ${end.said}`]))
    if (!this.#isFinished()) faults.push(`it has not finished: ${this.#ends.map(({ how }) => how).join(', ')}`)
    const { missing, doubled, wrong, examples } = compare(expectedOf(this.#shape, false), committedOf(this.run, false))
    if (missing + doubled + wrong > 0) faults.push(`missing ${missing}, doubled ${doubled}, wrong ${wrong}: ${examples.join('; ')}`)
    return { ends: this.#ends, faults }
  }

  #isFinished(): boolean {
    return isFinished(this.#ends.at(-1))
  }

  #options(): ChildOptions {
    const { input, output, checkpoints, path } = this.run
    return {
      input,
      output,
      checkpoints,
      parallelism: 1,
      everyMs: 10,
      retain: 2,
      leaseMs: 10_000,
      wide: false,
      partBytes: 2_000,
      phaseFile: `${path}/phase`,
      batchRecords: 8,
      rowsPerCheckpoint: 8,
    }
  }
}

function isFinished(end: ProcessEnd | undefined): boolean {
  return end?.how === 'finished' || end?.how === 'already-finished'
}
