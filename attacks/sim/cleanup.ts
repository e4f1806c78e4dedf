/** Whether a job that has finished may have left something behind. What excuses it is here, and nothing else does. */
import { CLOSING_LASTS } from '../../packages/millrace/src/core/close-all.ts'
import type { Machine } from '../../packages/millrace/src/simulate/machine.ts'
import type { Patient } from './inflict.ts'

export class Cleanup {
  readonly #machine: Machine
  /** Others that lived when the job was claimed last. */
  #others: readonly Patient[] = []
  /** Ended without having seen that the job is done. */
  readonly #broken = new Set<Patient>()
  #finish: { readonly patient: Patient; readonly boot: string } | undefined

  constructor(machine: Machine) {
    this.#machine = machine
  }

  claimed(patient: Patient, all: Iterable<Patient>): void {
    this.#others = [...all].filter((each) => each !== patient && !each.process.isDead)
  }

  finished(patient: Patient): void {
    this.#finish = { patient, boot: this.#machine.boot }
  }

  /** It died, or ended with an error. */
  broke(patient: Patient): void {
    this.#broken.add(patient)
  }

  /** Undefined: nothing may be left. */
  get excuse(): string | undefined {
    if (this.#finish === undefined) return 'whoever finished it died before it had cleaned up'
    // The removal of a name is not synced: it may be back, and a finished job is left as it is.
    if (this.#finish.boot !== this.#machine.boot) return 'the machine has lost power since'
    // What it had sealed or begun goes with the next epoch, and there is none.
    if (this.#others.some((patient) => this.#broken.has(patient))) return 'a process that had lost the job went on beside it'
    if (this.#finish.patient.process.logged.some(({ event }) => event === CLOSING_LASTS))
      return 'what it still wrote took longer than whoever ends waits'
    if ([this.#finish.patient, ...this.#others].some(({ failedCleanups }) => failedCleanups > 0))
      return 'names could not be removed, or not be seen'
    return undefined
  }
}
