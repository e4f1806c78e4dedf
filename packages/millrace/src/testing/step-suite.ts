import type { Stream } from '../api/stream-types.ts'
import { StreamError } from '../core/errors.ts'
import { check, checkSame, ContractViolation, type ContractCase } from './contract-case.ts'
import { differenceOf, isEqual, valuesText } from './multiset.ts'
import { checkFunctions, wrongOption } from './suite-options.ts'
import { checkTestOptions } from './test-options.ts'
import { STEP_OPTIONS, stepJob, type StepOptions, type StepUnderTest, type TestStep } from './test-step.ts'
import { testJob } from './test-job.ts'
import type { TestJob, TestOptions } from './test-types.ts'

/** What a script may do with the steps: what comes between, the suite does. */
export type StepScript<I> = Pick<TestStep<I, never>, 'push' | 'advanceTo' | 'advanceBy' | 'passTime' | 'finish'>

/** What is tried, and what has to come out. */
export interface StepSuiteOptions<I, O> extends StepOptions<I> {
  step: StepUnderTest<I, O>
  /** What happens: at least two actions, so that something comes between. Played once for each case. */
  script: (t: StepScript<I>) => Promise<void>
  /** All that has to come out, something at least: in its order where nothing is disturbed, in any order where something is. */
  expected: readonly O[]
}

/**
 * One script in every situation in which steps may find themselves: left alone, with checkpoints, with crashes, in several subtasks, and
 * with another number of them after each action. What comes out must always be the same. It says what a test of a stateful step would
 * have to try by hand.
 *
 * @throws {INVALID_OPTION} {INVALID_JOB}
 *
 * @example
 * import { test } from 'node:test'
 * import { type Out, type Stream, valueState } from 'millrace'
 * import { stepSuite } from 'millrace/testing'
 * const first = (words: Stream<string>): Stream<string> =>
 *   words.keyBy((word) => word).process('first', {
 *     state: { seen: valueState({ initial: () => false }) },
 *     onRecord(word, { state }, out: Out<string>) {
 *       if (!state.seen.get()) out.emit(word)
 *       state.seen.set(true)
 *     },
 *   })
 * const suite = stepSuite({ step: first, script: (t) => t.push('a', 'b', 'a'), expected: ['a', 'b'] })
 * for (const { name, run } of suite) test(name, run)
 */
export function stepSuite<I, O>(options: StepSuiteOptions<I, O>): readonly ContractCase[] {
  checkOptions(options)
  const { step, script, expected, timestamp: _t, outOfOrderness: _o, idleness: _i, ...rest } = options
  const job = stepJob(step, options)
  return situations.map(({ name, parallelism, between, hint }) => ({
    name,
    run: async () => {
      const player = new Player<I, O>(await testJob(job, { ...rest, ...(parallelism === undefined ? {} : { parallelism }) }), between)
      player.restart = (t, subtasks) => t.restoreInto(job, { ...without(rest, 'start'), parallelism: subtasks })
      await script(player)
      const actual = await player.end()
      if (between === undefined && parallelism === undefined) checkSame(actual, expected, 'what comes out')
      checkOutput(actual, expected, hint)
    },
  }))
}

const OPTIONS = ['step', 'script', 'expected', ...STEP_OPTIONS]

function checkOptions(options: object): void {
  checkTestOptions(options, OPTIONS, 'stepSuite')
  checkFunctions('stepSuite', options as Readonly<Record<string, unknown>>, ['step', 'script'])
  const { expected } = options as { readonly expected?: unknown }
  if (!Array.isArray(expected)) throw wrongOption('stepSuite', 'expected', expected, 'an array of all that has to come out')
  if (expected.length > 0) return
  throw new StreamError(
    'INVALID_OPTION',
    'expected of stepSuite is an empty list: with nothing to come out, nothing is compared. Give the script records of which something comes out.',
  )
}

type Running<I, O> = TestJob<{ readonly input: Stream<I>; readonly output: Stream<O> }>
type Between = 'checkpoint' | 'crash' | 'checkpoint and crash' | 'rescale'

interface Situation {
  readonly name: string
  readonly parallelism?: number
  readonly between?: Between
  /** Where to look for the mistake of a step that gives something else here, and not where it is left alone. */
  readonly hint?: string
}

const LOST = 'what a step keeps outside of its declared state is lost in a crash'
const MOVED = 'each subtask calls the functions of the step by itself, and sees only its keys: what belongs together has to have one key'

const situations: readonly Situation[] = [
  { name: 'left alone' },
  { name: 'a checkpoint after each action', between: 'checkpoint' },
  {
    name: 'a crash after each action: all is read again',
    between: 'crash',
    hint: 'records that are read again have to give the same: the clock, chance, and memory that outlives the process do not',
  },
  { name: 'a checkpoint and a crash after each action', between: 'checkpoint and crash', hint: LOST },
  { name: 'three subtasks', parallelism: 3, hint: MOVED },
  {
    name: 'another number of subtasks after each action',
    between: 'rescale',
    hint: `${LOST}, and in a restart with other subtasks; ${MOVED}`,
  },
]

/** Plays a script; after each action, of which each record is one, comes what the situation says. */
class Player<I, O> implements StepScript<I> {
  restart!: (t: Running<I, O>, subtasks: number) => Promise<Running<I, O>>
  readonly #between: Between | undefined
  readonly #before: O[] = []
  #t: Running<I, O>
  #actions = 0
  #hasFinished = false

  constructor(t: Running<I, O>, between: Between | undefined) {
    this.#t = t
    this.#between = between
  }

  async push(...records: readonly I[]): Promise<void> {
    for (const record of records) await this.#play((t) => t.feedRaw(t.streams.input, [record]))
  }

  advanceTo(moment: Parameters<TestJob['advanceTo']>[0]): Promise<void> {
    return this.#play((t) => t.advanceTo(moment))
  }

  advanceBy(duration: Parameters<TestJob['advanceBy']>[0]): Promise<void> {
    return this.#play((t) => t.advanceBy(duration))
  }

  passTime(duration: Parameters<TestJob['passTime']>[0]): Promise<void> {
    return this.#play((t) => t.passTime(duration))
  }

  finish(): Promise<void> {
    this.#hasFinished = true
    return this.#play((t) => t.finish())
  }

  async end(): Promise<readonly O[]> {
    check(
      this.#actions > 1,
      `the script has to have at least two actions, or nothing comes between: it has ${this.#actions}. A record is one, finish() another`,
    )
    const output = [...this.#before, ...this.#t.output(this.#t.streams.output)]
    await this.#t.close()
    return output
  }

  async #play(action: (t: Running<I, O>) => Promise<void>): Promise<void> {
    await action(this.#t)
    this.#actions++
    if (!this.#hasFinished) await this.#disturb()
  }

  async #disturb(): Promise<void> {
    if (this.#between === 'checkpoint' || this.#between === 'checkpoint and crash') await this.#t.checkpoint()
    if (this.#between === 'crash' || this.#between === 'checkpoint and crash') await this.#t.crash()
    if (this.#between !== 'rescale') return
    this.#before.push(...this.#t.output(this.#t.streams.output))
    this.#t = await this.restart(this.#t, 1 + (this.#actions % 3))
  }
}

function checkOutput(actual: readonly unknown[], expected: readonly unknown[], hint: string | undefined): void {
  const difference = differenceOf(actual, expected)
  if (isEqual(difference)) return
  const { missing, extra } = difference
  throw new ContractViolation(
    `what comes out is other than expected\n  missing:  ${valuesText(missing) || 'nothing'}\n  too many: ${valuesText(extra) || 'nothing'}${hint === undefined ? '' : `\n  look here: ${hint}`}`,
  )
}

function without(options: TestOptions, name: 'start'): Omit<TestOptions, 'start'> {
  const { [name]: _left, ...rest } = options
  return rest
}
