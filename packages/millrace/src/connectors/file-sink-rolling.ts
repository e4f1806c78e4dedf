import { durationMs, durationWritten, type Duration } from '../core/duration.ts'
import { StreamError } from '../core/errors.ts'

/** When a part ends. */
export interface Rolling {
  readonly atCheckpoint: boolean
  readonly bytes: number
  /** From its first record; looked at when a checkpoint is taken, since a part appears no earlier. */
  readonly ageMs: number
}

export interface RollAfter {
  readonly checkpoint?: boolean
  readonly bytes?: number
  readonly age?: Duration
}

/** @throws {INVALID_OPTION} {INVALID_DURATION} */
export function rollingOf(rollAfter: RollAfter = {}): Rolling {
  if (typeof rollAfter !== 'object' || rollAfter === null) throw invalid('is an object: { checkpoint, bytes, age }')
  for (const name of Object.keys(rollAfter))
    if (!['checkpoint', 'bytes', 'age'].includes(name)) throw invalid(`has no option ${name}; there are checkpoint, bytes and age`)
  const { checkpoint = true, bytes = Number.POSITIVE_INFINITY, age } = rollAfter
  if (typeof checkpoint !== 'boolean') throw invalid('needs checkpoint to be true or false')
  if (rollAfter.bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes > 0)) throw invalid('needs bytes as a whole number above 0')
  const ageMs = age === undefined ? Number.POSITIVE_INFINITY : durationMs(age, 'rollAfter.age')
  if (!checkpoint && bytes === Number.POSITIVE_INFINITY && age === undefined)
    throw invalid('says that no part ends with a checkpoint: then bytes or age has to say when one does')
  return { atCheckpoint: checkpoint, bytes, ageMs }
}

/** When a record is seen, for explain(); undefined where that is with the next checkpoint. */
export function rollingText({ atCheckpoint, bytes, ageMs }: Rolling): string | undefined {
  if (atCheckpoint) return undefined
  const size = bytes === Number.POSITIVE_INFINITY ? [] : [`when it has ${bytes.toLocaleString('en-US')} bytes`]
  const age =
    ageMs === Number.POSITIVE_INFINITY ? [] : [`with the first checkpoint at which its first record is ${durationWritten(ageMs)} old`]
  return `once its part has ended, with the next checkpoint: a part ends ${[...size, ...age].join(', or ')}`
}

function invalid(what: string): StreamError {
  return new StreamError('INVALID_OPTION', `rollAfter of fileSink ${what}.`)
}
