/** Damage to the log, the heartbeat and the mark, judged by starting on the log. */
import { isDeepStrictEqual } from 'node:util'
import { decodeEntry } from '../../packages/millrace/src/checkpoint/entry.ts'
import type { Restore } from '../../packages/millrace/src/checkpoint/log-types.ts'
import type { Entry } from '../../packages/millrace/src/checkpoint/manifest.ts'
import { StreamError } from '../../packages/millrace/src/core/errors.ts'
import { nodeDigest } from '../../packages/millrace/src/env/node-digest.ts'
import { entryNumberOf, type Built } from './build.ts'
import { damaged, type Damage } from './damage.ts'
import { memoryEnv } from './memory-env.ts'
import { startOnLog, type LogOutcome } from './restore.ts'
import { errorVerdict, type Verdict } from './verdict.ts'

/** So many of those that are judged by their class of error are started in full all the same. */
const IN_FULL = 61

export class LogTrial {
  readonly #built: Built
  readonly #path: string
  readonly #newest: Entry
  readonly #newestNumber: number
  readonly #references = new Map<Restore, LogOutcome>()
  /** An entry that cannot be read gives the log machine an error: whatever its bytes are, equal errors end equally. */
  readonly #verdicts = new Map<string, Verdict>()
  #count = 0

  constructor(built: Built, path: string) {
    this.#built = built
    this.#path = path
    this.#newestNumber = Math.max(...[...built.files.keys()].map((each) => entryNumberOf(each) ?? 0))
    const [newest] = [...built.files].filter(([each]) => entryNumberOf(each) === this.#newestNumber)
    this.#newest = entryOf(newest as [string, Uint8Array])
  }

  async judge(damage: Damage): Promise<Verdict> {
    const files = damaged(this.#built.files, this.#path, damage)
    const decoded = this.#classOf(files.get(this.#path))
    const known = decoded === undefined || damage.kind === 'swapped' ? undefined : this.#verdicts.get(decoded)
    if (known !== undefined && this.#count++ % IN_FULL !== 0) return known
    const verdict = await this.#judgeAll(files)
    if (decoded !== undefined && typeof verdict === 'string') this.#verdicts.set(decoded, verdict)
    return verdict
  }

  /** Undefined when it has to be started in full: no entry, or one that decodes. Throws nothing. */
  #classOf(bytes: Uint8Array | undefined): string | undefined {
    const number = entryNumberOf(this.#path)
    if (number === undefined || bytes === undefined) return undefined
    try {
      decodeEntry(bytes, { number, name: this.#path }, nodeDigest)
      return undefined
    } catch (error) {
      if (!StreamError.is(error) || errorVerdict(error, [this.#path]) !== 'detected') return undefined
      return `${error.code} ${error.message.replaceAll(/\d+ bytes/g, 'n bytes')}`
    }
  }

  async #judgeAll(files: ReadonlyMap<string, Uint8Array | undefined>): Promise<Verdict> {
    const verdicts: Verdict[] = []
    for (const restore of this.#restores()) verdicts.push(await this.#judgeOne(files, restore))
    return verdicts.find((verdict) => typeof verdict !== 'string') ?? (verdicts.includes('detected') ? 'detected' : 'harmless')
  }

  /** The newest; and the checkpoint of the file itself by its name, where it is one that is kept. */
  #restores(): readonly Restore[] {
    const number = entryNumberOf(this.#path)
    if (number === undefined || !this.#isNeeded(number)) return ['latest']
    const entry = entryOf([this.#path, this.#built.files.get(this.#path) as Uint8Array])
    return entry.kind === 'checkpoint' ? ['latest', { from: entry.manifest.checkpoint, acceptLoss: true }] : ['latest']
  }

  #isNeeded(number: number): boolean {
    return number === this.#newestNumber || this.#newest.kept.includes(number)
  }

  async #judgeOne(files: ReadonlyMap<string, Uint8Array | undefined>, restore: Restore): Promise<Verdict> {
    const expected = await this.#reference(restore)
    const env = memoryEnv(this.#built.files, files)
    const paths = [...files.keys()]
    let outcome: LogOutcome
    try {
      outcome = await startOnLog(env, restore)
    } catch (error) {
      if (env.removed.length > 0) return { failure: `removed ${env.removed.join(', ')}` }
      return errorVerdict(error, paths)
    }
    if (env.removed.length > 0) return { failure: `removed ${env.removed.join(', ')}` }
    return this.#judgeStart(outcome, expected, restore, paths)
  }

  #judgeStart(outcome: LogOutcome, expected: LogOutcome, restore: Restore, paths: readonly string[]): Verdict {
    const numbers = paths.flatMap((path) => entryNumberOf(path) ?? [])
    const what = restore === 'latest' ? 'a start' : `a restore of checkpoint ${JSON.stringify(restore)}`
    if (restore !== 'latest' || numbers.includes(this.#newestNumber)) return { failure: `silent: ${what} succeeds` }
    const { reported, ...same } = outcome.kind === 'owner' ? outcome : { ...outcome, reported: [] }
    const { reported: _none, ...wanted } = expected.kind === 'owner' ? expected : { ...expected, reported: [] }
    if (!isDeepStrictEqual(same, wanted)) return { failure: `silent: ${what} gives another state` }
    const needed = numbers.filter((number) => this.#isNeeded(number))
    const named = paths.filter((path) => reported.some((message) => message.includes(path)))
    if (named.length >= needed.length && needed.length > 0) return 'detected'
    // A job that has finished restores nothing, and a start only reads the entry that says so.
    if (needed.length === 0 || outcome.kind === 'finished') return 'harmless'
    return { failure: `the damage is not reported` }
  }

  async #reference(restore: Restore): Promise<LogOutcome> {
    const known = this.#references.get(restore) ?? (await startOnLog(memoryEnv(this.#built.files, new Map()), restore))
    this.#references.set(restore, known)
    return known
  }
}

function entryOf([path, bytes]: readonly [string, Uint8Array]): Entry {
  return decodeEntry(bytes, { number: entryNumberOf(path) as number, name: path }, nodeDigest)
}
