import { messageOf, StreamError } from '../core/errors.ts'
import { checkValue } from '../serde/check.ts'
import { deepFreeze } from '../serde/freeze.ts'
import { copyString } from '../serde/strings.ts'
import type { HeapStateOptions, Key, StateDeclaration } from './contract.ts'

/** A schema looks at so many values of a state in each subtask, at all that were migrated (rules 1.21). */
export const VALIDATED_VALUES: number = 1_000

/**
 * What becomes of the values of one state on their way out of a checkpoint.
 *
 * U1  A value of another version goes through `migrate` once: its cell is marked, so that the next checkpoint holds it in the
 *     version of now, and what older runs hold of the state counts no more from then on (checkpoint/compare.ts, CW5).
 * U2  What `migrate` gives is looked at as what a user sets is, and by the schema, if there is one. Of what is kept as it is the
 *     schema sees the first {@link VALIDATED_VALUES}.
 */
export class Upgrade {
  readonly #name: string
  readonly #declaration: StateDeclaration
  readonly #owner: string
  readonly #freezes: boolean
  #validated = 0

  constructor(name: string, declaration: StateDeclaration, options: Pick<HeapStateOptions, 'owner' | 'freeze'>) {
    this.#name = name
    this.#declaration = declaration
    this.#owner = options.owner ?? 'a step'
    this.#freezes = options.freeze === 'always' && declaration.kind !== 'accumulator'
  }

  isNeeded(version: number): boolean {
    return version !== this.#declaration.version
  }

  /** @throws {STATE_MISMATCH} {MIGRATE_FAILED} {INVALID_STATE} {ASYNC_SCHEMA} naming step, state and key */
  valueOf(stored: unknown, version: number, key: Key): unknown {
    const isOld = this.isNeeded(version)
    const value = isOld ? this.#migrated(stored, version, key) : stored
    const { validate } = this.#declaration
    if (validate !== undefined && value !== undefined && (isOld || this.#validated++ < VALIDATED_VALUES)) this.#check(validate, value, key)
    return this.#freezes ? deepFreeze(value) : value
  }

  #migrated(stored: unknown, version: number, key: Key): unknown {
    const { migrate, version: now } = this.#declaration
    if (migrate === undefined)
      throw new StreamError('STATE_MISMATCH', `${this.#place()} was written by version ${version} and is version ${now} without migrate.`)
    try {
      const value = migrate(stored, version)
      checkValue(value, 'what it gave')
      return typeof value === 'string' && value.length > 12 ? copyString(value) : value
    } catch (error) {
      throw new StreamError(
        'MIGRATE_FAILED',
        `migrate of ${this.#place()} failed for the key ${textOfKey(key)}, whose value is of version ${version}: ${sentence(messageOf(error))} Mend migrate and start again: the checkpoint is as it was.`,
        { cause: error, details: { ...this.#details(key), fromVersion: version, toVersion: now } },
      )
    }
  }

  #check(validate: (value: unknown) => unknown, value: unknown, key: Key): void {
    try {
      validate(value)
    } catch (error) {
      if (StreamError.is(error) && error.code === 'ASYNC_SCHEMA') throw error
      throw new StreamError(
        'INVALID_STATE',
        `${this.#place()} holds for the key ${textOfKey(key)} what does not fit: ${sentence(messageOf(error))} Raise its version and give it a migrate, or widen the schema.`,
        { cause: error, details: { ...(StreamError.is(error) ? error.details : {}), ...this.#details(key) } },
      )
    }
  }

  #place(): string {
    return `the state ${JSON.stringify(this.#name)} of ${this.#owner}`
  }

  #details(key: Key): { readonly step: string; readonly state: string; readonly key: string } {
    return { step: this.#owner, state: this.#name, key: textOfKey(key) }
  }
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`
}

/** A key as it would be written, cut where it is very long. */
export function textOfKey(key: unknown): string {
  const text = JSON.stringify(key, (_name, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part))
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
