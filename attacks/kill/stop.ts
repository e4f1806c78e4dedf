/** `--signal TERM`: a job with a million keys is told to stop over and over. It ends with 0 at once, and the next start waits for nobody. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { ownFolder, type AttackResult } from '../lib/attack.ts'
import { makeRun, residueOf, type RunFolder } from '../lib/run-files.ts'
import { Child } from './child-process.ts'
import { checkKeys } from './keys-job.ts'

export interface StopOptions {
  readonly seed: number
  readonly stops: number
  readonly keys: number
  readonly parallelism: number | undefined
}

const LIMIT_MS = 2_000
/** Far below the lease of ten seconds: looking at the log, nothing more. */
const CLAIM_LIMIT_MS = 1_000
const LONGEST_RUN_MS = 800
/** Records that the last run has left to do. */
const LAST_RECORDS = 100_000

class StopAttack {
  readonly failures: string[] = []
  readonly #options: StopOptions
  readonly #random: SeededRandom
  readonly #run: RunFolder
  #records = 0
  stops = 0

  constructor(options: StopOptions) {
    this.#options = options
    this.#random = new SeededRandom(options.seed, 'stops')
    this.#run = makeRun(join(ownFolder('kill'), 'stop'), { seed: 0, files: 0, rowsPerFile: 0, keysPerFile: 0, spanMs: 0 })
  }

  async run(): Promise<void> {
    const { stops } = this.#options
    await this.#stop('filling')
    while (this.stops < stops && this.failures.length === 0) {
      // Now and then in the middle of the restore.
      const when = this.#random.chance(0.2) ? 'claimed' : 'running'
      this.stops++
      await this.#stop(when)
    }
    await this.#finish()
  }

  /** One process: runs for a while, is told to stop, and ends. `filling`: until all keys are there. */
  async #stop(when: 'claimed' | 'running' | 'filling'): Promise<void> {
    const child = this.#start(1e12)
    await child.until((line) => (when === 'filling' ? line.kind === 'checkpoint' && line.records > this.#options.keys : line.kind === when))
    await Promise.race([sleep(this.#random.below(LONGEST_RUN_MS)), child.ended])
    const told = performance.now()
    child.signal('SIGTERM')
    await child.ended
    return this.#ended(child, performance.now() - told)
  }

  async #ended(child: Child, tookMs: number | undefined): Promise<void> {
    await child.ended
    const claimed = child.find('claimed')
    const ended = child.find('ended')
    const name = tookMs === undefined ? 'run' : `stop ${this.stops}`
    const line = `${name}: claimed after ${claimed?.afterMs.toFixed(0)} ms, ${ended?.records} records, ${tookMs === undefined ? '' : `ended ${tookMs.toFixed(0)} ms after SIGTERM with `}exit ${child.ending?.code}`
    process.stdout.write(`  ${line}\n`)
    if (child.ending?.code !== 0 || ended === undefined)
      return void this.failures.push(`${line}: ${JSON.stringify(child.find('failed'))} ${child.stderr}`)
    this.#records += ended.records
    if (tookMs !== undefined && tookMs > LIMIT_MS) this.failures.push(`${line}: the limit is ${LIMIT_MS} ms`)
    if (child.find('waiting') !== undefined || (claimed?.afterMs ?? Infinity) > CLAIM_LIMIT_MS)
      this.failures.push(`${line}: it waited for an owner that had left`)
  }

  async #finish(): Promise<void> {
    if (this.failures.length > 0) return
    const total = Math.max(this.#records, this.#options.keys) + LAST_RECORDS
    const child = this.#start(total)
    await this.#ended(child, undefined)
    const { rows, wrong } = checkKeys({ output: this.#run.output, keys: this.#options.keys, records: total })
    const residue = residueOf(this.#run)
    process.stdout.write(
      `${this.#options.keys} keys, ${total} records, ${rows} rows compared: wrong ${wrong}; files left over ${residue.length}\n`,
    )
    if (wrong > 0) this.failures.push(`${wrong} rows are wrong`)
    for (const left of residue) this.failures.push(`left over: ${left}`)
  }

  #start(records: number): Child {
    const { output, checkpoints, path, input } = this.#run
    const parallelism = this.#options.parallelism ?? 1
    return new Child({
      input,
      output,
      checkpoints,
      parallelism,
      everyMs: 500,
      retain: 2,
      leaseMs: 10_000,
      wide: false,
      phaseFile: join(path, 'phase'),
      batchRecords: 512,
      many: { keys: this.#options.keys, records },
    })
  }
}

export async function stopAttack(options: StopOptions): Promise<AttackResult> {
  const attack = new StopAttack(options)
  await attack.run()
  for (const failure of attack.failures) process.stdout.write(`  violation: ${failure}\n`)
  // The comparison at the end counts as one.
  return { passed: attack.stops + 1 - attack.failures.length, failed: attack.failures.length, planned: options.stops + 1 }
}
