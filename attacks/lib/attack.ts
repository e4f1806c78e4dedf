/** What every attack is, and what all of them share: options, seeds, progress, places for files. */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

export interface AttackResult {
  readonly passed: number
  readonly failed: number
  /** How many there should have been; without it as many as there were. */
  readonly planned?: number
  /** Of these, what this machine has no means for: neither passed nor failed, and told in the last lines. */
  readonly notRun?: number
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

/** What was asked for cannot be done: told in one sentence, without a stack. */
export class OptionError extends Error {}
/** `--help` was among the arguments: by name what there is, with its default. */
export class HelpAsked extends Error {
  readonly defaults: Readonly<Record<string, number | undefined>>

  constructor(defaults: Readonly<Record<string, number | undefined>>) {
    super('help was asked for')
    this.defaults = defaults
  }
}

/** Both inside. */
export interface Range {
  readonly least?: number
  readonly most?: number
}

const IS_SEED = /^(?:.*-)?seed$|^replay$/

/**
 * Reads `--name value` pairs. A number is at least 1; at least 0 where it is a seed or 0 is its default; or as its range says.
 * @throws {OptionError} for names that are not in `defaults` and values that are no such numbers
 */
export function numberOptions<N extends string>(
  args: readonly string[],
  defaults: Readonly<Record<N, number | undefined>>,
  ranges?: Readonly<Partial<Record<N, Range>>>,
): Record<N, number | undefined> {
  if (args.includes('--help')) throw new HelpAsked(defaults)
  const found: Record<string, number | undefined> = { ...defaults }
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i]?.replace(/^--/, '') ?? ''
    if (!args[i]?.startsWith('--') || !Object.hasOwn(defaults, name))
      throw new OptionError(`unknown option '${args[i]}'; there are ${listOf(Object.keys(defaults))}`)
    const { least = IS_SEED.test(name) || defaults[name as N] === 0 ? 0 : 1, most = Number.MAX_SAFE_INTEGER } = ranges?.[name as N] ?? {}
    const text = args[i + 1]
    const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text)
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      const limits = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
      throw new OptionError(`--${name} needs a whole number ${limits}${text === undefined ? '' : `, not '${text}'`}`)
    }
    found[name] = value
  }
  return found as Record<N, number | undefined>
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `--${name} N`).join(', ')
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
