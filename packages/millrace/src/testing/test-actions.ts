/**
 * What a test does to its job, one thing after the other, also where nobody awaits.
 *
 * TA1  A failure rejects the promise that the test has, and the kit handles that one nowhere: if nobody awaits it, the test runner is told.
 * TA2  Nothing may be looked at while something is under way.
 */
import { StreamError } from '../core/errors.ts'

export class TestActions {
  #pending = 0
  #last: Promise<void> = Promise.resolve()

  get isUnderWay(): boolean {
    return this.#pending > 0
  }

  run<T>(action: () => Promise<T>): Promise<T> {
    const calls = callsOfTest()
    this.#pending++
    const done = this.#last.then(action)
    const settled = (): void => void this.#pending--
    this.#last = done.then(settled, settled)
    return done.catch((error: unknown) => {
      throw calledFrom(error, calls)
    })
  }
}

export function notAwaited(job: string, happened: 'looked at' | 'closed'): StreamError {
  return new StreamError(
    'TEST_NOT_AWAITED',
    `The job '${job}' was ${happened} before all that it was given had happened: write await before each feed(), advanceTo() and so on.`,
  )
}

/** An error is told by the action that met it; those that come after it fail with the same one. */
const told = new WeakSet<Error>()

/** The error's own stack is of the turn in which the job was run, which no line of the test has led to. */
function calledFrom(error: unknown, calls: string): unknown {
  if (!(error instanceof Error) || told.has(error)) return error
  told.add(error)
  const stack = error.stack ?? ''
  const own = stack.slice(stack.indexOf(error.message) + error.message.length)
  error.stack = `${error.name}: ${error.message}\n${calls}${own}`
  return error
}

function callsOfTest(): string {
  const lines = (new Error('here').stack ?? '').split('\n').slice(1)
  return lines.filter((line) => !/callsOfTest|TestActions|RunningTest|#act/.test(line)).join('\n')
}
