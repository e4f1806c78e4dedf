/** What every attack is, and what all of them share: seeds, progress, places for files. */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Options, Values } from './options.ts'

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
export interface Attack<O extends Options = Options> {
  readonly name: string
  /** One line for the list. */
  readonly summary: string
  readonly options: O
  /** @throws {OptionError} for values that do not go together */
  run(options: Values<O>): Promise<AttackResult>
}

export function defineAttack<O extends Options>(attack: Attack<O>): Attack {
  return attack
}

export const root: string = join(import.meta.dirname, '../..')

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
