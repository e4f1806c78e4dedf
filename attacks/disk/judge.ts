/** Whether all is well once the last process of a life has ended. */
import { StreamError } from '../../packages/millrace/src/core/errors.ts'
import { textOf } from '../lib/error-text.ts'
import { committedFiles, residueOf } from '../sim/outside.ts'
import { compare, expectedOf, type Expected } from '../lib/sequence-check.ts'
import { compareLines } from './lines-check.ts'
import { isLoud, type DiskCode } from './loud.ts'
import { SHAPE, type End, type Life } from './script.ts'

export interface Verdict {
  /** Empty: as it has to be. */
  readonly faults: string[]
  /** The code with which a process ended because its disk failed. */
  readonly loud: string | undefined
}

export class Judge {
  readonly #seed: number
  readonly #expected: Expected

  constructor(seed: number) {
    this.#seed = seed
    this.#expected = expectedOf({ ...SHAPE, seed }, false)
  }

  /**
   * `failedWith`: what the disk has failed with, if it has, so that a process may have ended with an error that says so; the last one may
   * not. `mayLeave`: what is left beside the output is nobody's fault.
   */
  judge(life: Life, { failedWith, mayLeave }: { readonly failedWith: DiskCode | undefined; readonly mayLeave: boolean }): Verdict {
    const faults = [...life.outside.violations]
    const last = life.ends.at(-1)
    if (last !== 'finished' && last !== 'already-finished') faults.push(`the last process ended with ${endText(last)}`)
    const errors = life.ends.slice(0, -1).filter((end) => StreamError.is(end))
    for (const error of errors)
      if (!isLoud({ code: error.code, said: textOf(error) }, failedWith)) faults.push(`a process ended with ${endText(error)}`)
    faults.push(...this.#compare(life, 'when it had finished'))
    if (last === 'finished' && !mayLeave) faults.push(...leftOver(life))
    // All of it is durable by then.
    life.machine.losePower('none')
    faults.push(...this.#compare(life, 'after a loss of power at the end'))
    return { faults, loud: errors[0]?.code }
  }

  #compare(life: Life, when: string): readonly string[] {
    const committed = committedFiles(life.machine.disk)
    const found = compare(this.#expected, committed)
    compareLines(this.#seed, committed, found)
    const { missing, doubled, wrong, examples } = found
    return missing + doubled + wrong === 0
      ? []
      : [`${when}: missing ${missing}, doubled ${doubled}, wrong ${wrong}: ${examples.join('; ')}`]
  }
}

/** Below the folders of output and below that of the checkpoints. */
function leftOver({ machine }: Life): readonly string[] {
  const left = residueOf(machine.disk, machine.boot).map(({ text }) => text)
  return left.length === 0 ? [] : [`left over: ${left.join(', ')}`]
}

function endText(end: End | undefined): string {
  return StreamError.is(end) ? `${end.code}: ${textOf(end)}` : String(end)
}
