/**
 * `npm run campaign -- --minutes N [--seed S] [--ledger FILE]`: the attacks in rotation, each turn with a fresh seed, until the time is
 * over. Appends one line of JSON to docs/campaigns.jsonl, also when Ctrl-C ends it. A violation ends it with exit code 1 and the command
 * that repeats it.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { SeededRandom } from '../packages/millrace/src/connectors/seeded-random.ts'
import { violationsOf, withTurn, type Attacks, type CampaignRecord, type TurnResult } from './campaign/record.ts'
import { ROTATION, type Turn } from './campaign/rotation.ts'
import { runChild } from './lib/child.ts'
import { root } from './lib/files.ts'

const LEDGER = join(root, 'docs/campaigns.jsonl')
/** Far beyond what a turn takes: it hangs. */
const TURN_TIMEOUT_MS = 15 * 60_000
const SHOWN_LINES = 60

interface Options {
  readonly minutes: number
  readonly seed: number
  readonly ledger: string
}

function optionsOf(args: string[]): Options {
  const { values } = parseArgs({ args, options: { minutes: { type: 'string' }, seed: { type: 'string' }, ledger: { type: 'string' } } })
  const minutes = Number(values.minutes ?? Number.NaN)
  const seed = values.seed === undefined ? randomBytes(4).readUInt32LE() : Number(values.seed)
  if (!(minutes > 0) || !Number.isSafeInteger(seed)) throw new Error('npm run campaign -- --minutes N [--seed S] [--ledger FILE]')
  return { minutes, seed, ledger: values.ledger ?? LEDGER }
}

class Campaign {
  attacks: Attacks = {}
  readonly #options: Options
  readonly #interrupted = new AbortController()
  readonly #began = performance.now()
  readonly #date = new Date().toISOString()
  readonly #result = join(root, '.data/campaign', `${process.pid}.json`)

  constructor(options: Options) {
    this.#options = options
  }

  async run(): Promise<number> {
    const { minutes, seed } = this.#options
    const random = new SeededRandom(seed, 'campaign')
    const stop = (): void => this.#interrupted.abort()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
    process.stdout.write(`seed ${seed}\n`)
    mkdirSync(join(root, '.data/campaign'), { recursive: true })
    for (let index = 0; this.#minutes < minutes && !this.#isInterrupted && violationsOf(this.attacks) === 0; index++)
      await this.#turn(ROTATION[index % ROTATION.length] as Turn, random.word() >>> 0)
    return this.#write()
  }

  async #turn({ attack, args }: Turn, seed: number): Promise<void> {
    const words = ['attack', attack, '--seed', String(seed), ...args]
    rmSync(this.#result, { force: true })
    const { code, output, tookMs } = await runChild(process.execPath, ['scripts/run.mjs', ...words, '--json', this.#result], {
      timeoutMs: TURN_TIMEOUT_MS,
      signal: this.#interrupted.signal,
    })
    // It was cut: what it has done counts for nothing.
    if (this.#isInterrupted) return
    const result = this.#read()
    this.attacks = withTurn(this.attacks, attack, seed, result)
    const says = result === undefined ? `ended with ${code} and without a result` : `${result.passed} passed, ${result.failed} failed`
    process.stdout.write(
      `${this.#minutes.toFixed(1)} of ${this.#options.minutes} minutes: ${attack} with seed ${seed}: ${says} (${(tookMs / 1000).toFixed(0)} s)\n`,
    )
    if (violationsOf(this.attacks) === 0) return
    process.stdout.write(
      `${output.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n')}\nviolation; again: npm run ${words.join(' ').replace('attack ', 'attack -- ')}\n`,
    )
  }

  #read(): TurnResult | undefined {
    try {
      return JSON.parse(readFileSync(this.#result, 'utf8')) as TurnResult
    } catch {
      return undefined
    } finally {
      rmSync(this.#result, { force: true })
    }
  }

  get #minutes(): number {
    return (performance.now() - this.#began) / 60_000
  }

  get #isInterrupted(): boolean {
    return this.#interrupted.signal.aborted
  }

  #write(): number {
    const { attacks } = this
    const violations = violationsOf(attacks)
    const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
    const record: CampaignRecord = {
      date: this.#date,
      commit: git('rev-parse', '--short=12', 'HEAD'),
      isDirty: git('status', '--porcelain', '--untracked-files=no', '--', '.', `:!${relative(root, LEDGER)}`) !== '',
      node: process.versions.node,
      seed: this.#options.seed,
      minutes: Number(this.#minutes.toFixed(1)),
      ended: violations > 0 ? 'violation' : this.#isInterrupted ? 'interrupted' : 'time is over',
      violations,
      attacks,
    }
    appendFileSync(this.#options.ledger, `${JSON.stringify(record)}\n`)
    for (const [name, { seeds, counts }] of Object.entries(attacks)) {
      const says = Object.entries(counts).map(([what, count]) => `${count} ${what}`)
      process.stdout.write(`  ${name.padEnd(10)} ${seeds.length} turns${says.length === 0 ? '' : `: ${says.join(', ')}`}\n`)
    }
    process.stdout.write(`${record.ended} after ${record.minutes} minutes; appended to ${relative(root, this.#options.ledger)}\n`)
    const passed = Object.values(attacks).reduce((sum, each) => sum + each.passed, 0)
    process.stdout.write(`${passed} passed, ${violations} failed\n`)
    return violations > 0 || passed === 0 ? 1 : 0
  }
}

if (import.meta.main) {
  try {
    process.exitCode = await new Campaign(optionsOf(process.argv.slice(2))).run()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  }
}
