/** Feeds one parser with its cases in a thread of small means, and says what came of each. */
import { errorCodes } from '../../packages/millrace/src/core/error-codes.ts'
import { messageOf, StreamError } from '../../packages/millrace/src/core/errors.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { mutated } from './mutate.ts'
import type { Parser } from './parser.ts'

/** Of the process's time: what a machine that is busy with other things makes of it does not count. */
export const LIMIT_MS = 1_000
export const LIMIT_BYTES: number = 256 << 20

export interface Fed {
  /** `valid`, or a code. */
  readonly outcome: string
  readonly cpuMs: number
  /** Not a value, and no error as it has to be. */
  readonly fault: string | undefined
}

/** Of every hundred, so many are left without being made whole. */
const UNSEALED = 0.2

export function inputOf(parser: Parser, seed: number, index: number): Uint8Array {
  const { hostile = [], samples, isText, seal } = parser
  const own = hostile[index]
  if (own !== undefined) return own
  const random = new SeededRandom(seed, `${parser.name} ${index}`)
  const bytes = mutated(random, samples, isText)
  return seal === undefined || random.chance(UNSEALED) ? bytes : seal(bytes)
}

export async function feed(parser: Parser, seed: number, index: number): Promise<Fed> {
  const input = inputOf(parser, seed, index)
  const first = await feedOnce(parser, input)
  // The first time code may be compiled, and memory cleared up.
  if (first.cpuMs <= LIMIT_MS) return first
  const second = await feedOnce(parser, input)
  return second.cpuMs <= LIMIT_MS ? second : { ...second, fault: second.fault ?? `it took ${second.cpuMs.toFixed(0)} ms` }
}

async function feedOnce(parser: Parser, input: Uint8Array): Promise<Fed> {
  const began = process.cpuUsage()
  let outcome = 'valid'
  let fault: string | undefined
  try {
    await parser.parse(input)
  } catch (error) {
    if (StreamError.is(error) && Object.hasOwn(errorCodes, error.code)) outcome = error.code
    else fault = `it threw ${error instanceof Error ? (error.stack ?? error.message).slice(0, 600) : messageOf(error)}`
  }
  const { user, system } = process.cpuUsage(began)
  return { outcome, cpuMs: (user + system) / 1_000, fault: fault ?? pollution() }
}

function pollution(): string | undefined {
  const names = Object.keys(Object.prototype)
  return 'polluted' in {} || names.length > 0 ? `Object.prototype has ${names.join(', ')}` : undefined
}
