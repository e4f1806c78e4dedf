import type { Env } from '../core/env.ts'

/**
 * One rule of a contract, tried on one implementation. Belongs to no test framework: give it a name and a function there.
 *
 * @example
 * import { test } from 'node:test'
 * import { arraySource } from 'millrace'
 * import { nodeEnv, sourceSuite } from 'millrace/testing'
 * const numbers = Array.from({ length: 2_000 }, (_, index) => index)
 * const suite = sourceSuite({ env: nodeEnv(), create: () => arraySource(numbers), expected: new Map([['0', numbers]]) })
 * for (const { name, run } of suite) test(name, run)
 */
export interface ContractCase {
  readonly name: string
  /** Rejects with a `ContractViolation` when the rule is broken, or with what the implementation threw. */
  run(): Promise<void>
}

/** What a case of a suite throws when the implementation breaks its contract. */
export class ContractViolation extends Error {
  override readonly name: string = 'ContractViolation'
  readonly code: string = 'CONTRACT'
}

/** On the clock of the Env: far longer than a case takes. */
const CASE_LIMIT_SECONDS = 60

/** The cases of a suite, in their order. What never ends breaks its contract too, and is named. */
export function contractCases<B>(
  cases: Readonly<Record<string, (bench: B) => Promise<void>>>,
  env: Env,
  makeBench: () => Promise<B>,
): readonly ContractCase[] {
  return Object.entries(cases).map(([name, run]) => ({ name, run: () => limited(env, name, async () => run(await makeBench())) }))
}

async function limited(env: Env, name: string, run: () => Promise<void>): Promise<void> {
  let cancel = (): void => {}
  const limit = new Promise<never>((_resolve, reject) => {
    const text = `'${name}' has not ended in ${CASE_LIMIT_SECONDS} seconds: look for a promise that never resolves, such as that of ready() or durable`
    cancel = env.timers.after(CASE_LIMIT_SECONDS * 1_000, () => reject(new ContractViolation(text)))
  })
  try {
    await Promise.race([run(), limit])
  } finally {
    cancel()
  }
}

export function check(condition: unknown, rule: string): asserts condition {
  if (!condition) throw new ContractViolation(rule)
}

export function checkSame(actual: unknown, expected: unknown, rule: string): void {
  if (!isSame(actual, expected)) throw new ContractViolation(`${rule}\n  is:        ${show(actual)}\n  should be: ${show(expected)}`)
}

/** Must reject with an error of one of the codes. Gives the error. */
export async function checkRejects(promise: Promise<unknown>, codes: readonly string[], rule: string): Promise<Error> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    const code = (error as { readonly code?: unknown } | null)?.code
    if (typeof code === 'string' && codes.includes(code)) return error as Error
    throw new ContractViolation(`${rule}: it should fail with ${codes.join(' or ')}, but the error is ${show(error)}`, { cause: error })
  }
  throw new ContractViolation(`${rule}: it should fail with ${codes.join(' or ')}, but gives ${show(value)}`)
}

/** Equal as values: bytes, Maps and Sets by content, NaN is NaN, -0 is not 0. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (ArrayBuffer.isView(a) || ArrayBuffer.isView(b))
    return a instanceof Uint8Array && b instanceof Uint8Array && a.length === b.length && a.every((byte, index) => byte === b[index])
  if (a instanceof Date || b instanceof Date) return a instanceof Date && b instanceof Date && Object.is(a.getTime(), b.getTime())
  if (a instanceof Map || b instanceof Map) return a instanceof Map && b instanceof Map && isSame([...a], [...b])
  if (a instanceof Set || b instanceof Set) return a instanceof Set && b instanceof Set && isSame([...a], [...b])
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  return names.every((name) => Object.hasOwn(b, name) && isSame((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]))
}

const SHOWN_CHARACTERS = 400

function show(value: unknown): string {
  let text: string
  try {
    text = value instanceof Error ? String(value) : (JSON.stringify(value, readable) ?? String(value))
  } catch {
    text = Object.prototype.toString.call(value)
  }
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length} characters)`
}

function readable(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof Map || value instanceof Set) return [...value]
  if (value instanceof Uint8Array) return `bytes(${value.length}) ${[...value.subarray(0, 16)].join(' ')}`
  return value
}

const encoder: TextEncoder = new TextEncoder()

export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text)
}
