/** What every attack is, and what all of them share: options, seeds, progress, places for files. */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

export interface AttackResult {
  readonly passed: number
  readonly failed: number
  /** How many there should have been; without it as many as there were. */
  readonly planned?: number
  /** What was done, by name: kills, faults, rows compared. For the ledger of campaigns. */
  readonly counts?: Readonly<Record<string, number>>
}
/** A module `attacks/NAME/main.ts` exports one as `attack`. */
export interface Attack {
  readonly name: string
  /** One line for the list. */
  readonly summary: string
  run(args: string[]): Promise<AttackResult>
}

export const root: string = join(import.meta.dirname, '../..')

/** Reads `--name value` pairs. @throws for names that are not in `defaults` and values that are no whole numbers */
export function numberOptions<N extends string>(
  args: readonly string[],
  defaults: Readonly<Record<N, number | undefined>>,
): Record<N, number | undefined> {
  const found: Record<string, number | undefined> = { ...defaults }
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i]?.replace(/^--/, '') ?? ''
    const value = Number(args[i + 1])
    if (!args[i]?.startsWith('--') || !Object.hasOwn(defaults, name))
      throw new Error(
        `unknown option '${args[i]}'; there are ${Object.keys(defaults)
          .map((each) => `--${each} N`)
          .join(', ')}`,
      )
    if (args[i + 1] === undefined || !Number.isSafeInteger(value)) throw new Error(`--${name} needs a whole number`)
    found[name] = value
  }
  return found as Record<N, number | undefined>
}

/** The seed given, else one drawn; printed either way, so that a failure can be done again. */
export function chosenSeed(given: number | undefined): number {
  const seed = given ?? randomBytes(4).readUInt32LE()
  process.stdout.write(`seed ${seed}\n`)
  return seed
}

/** An empty folder below `.data/`, which git ignores. */
export function dataFolder(...names: readonly string[]): string {
  const path = join(root, '.data', ...names)
  mkdirSync(path, { recursive: true })
  return path
}

/** The environment of a process of ours that starts often: what Node has compiled once is kept. */
export function fastStart(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_COMPILE_CACHE: dataFolder('compile-cache') }
}

/** As `dataFolder`, but of this process alone: two runs of one attack do not meet. */
export function ownFolder(attack: string): string {
  return dataFolder(attack, String(process.pid))
}

/** A line that counts: in place on a terminal, now and then elsewhere. */
export class Progress {
  readonly #what: string
  readonly #total: number
  #shownAtMs = 0

  constructor(what: string, total: number) {
    this.#what = what
    this.#total = total
  }

  at(done: number, more: string = ''): void {
    const now = performance.now()
    const { isTTY } = process.stdout
    if (now - this.#shownAtMs < (isTTY ? 200 : 10_000) && done < this.#total) return
    this.#shownAtMs = now
    const line = `${this.#what}: ${done} of ${this.#total}${more === '' ? '' : `, ${more}`}`
    process.stdout.write(isTTY ? `\r\x1b[K${line}${done >= this.#total ? '\n' : ''}` : `${line}\n`)
  }

  /** A line of its own, whatever is in place. */
  say(line: string): void {
    process.stdout.write(process.stdout.isTTY ? `\r\x1b[K${line}\n` : `${line}\n`)
  }
}
