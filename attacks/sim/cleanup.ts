/** Whether a job that has finished may have left something behind. What excuses it is here, and nothing else does. */
import type { Machine } from '../../packages/millrace/src/simulate/machine.ts'
import type { Patient, Process } from './inflict.ts'

export class Cleanup {
  readonly #machine: Machine
  /** Others that lived when the job was claimed last. */
  #others: ReadonlySet<Process> = new Set()
  /** Ended without having seen that the job is done. */
  readonly #broken = new Set<Process>()
  #finish: { readonly patient: Patient; readonly boot: string } | undefined

  constructor(machine: Machine) {
    this.#machine = machine
  }

  claimed({ process }: Patient): void {
    this.#others = new Set((this.#machine.processes as readonly Process[]).filter((each) => each !== process && !each.isDead))
  }

  finished(patient: Patient): void {
    this.#finish = { patient, boot: this.#machine.boot }
  }

  /** It died, or ended with an error. */
  broke({ process }: Patient): void {
    this.#broken.add(process)
  }

  /** Undefined: nothing may be left. */
  get excuse(): string | undefined {
    if (this.#finish === undefined) return 'whoever finished it died before it had cleaned up'
    // The removal of a name is not synced: it may be back, and a finished job is left as it is.
    if (this.#finish.boot !== this.#machine.boot) return 'the machine has lost power since'
    // What it had sealed or begun goes with the next epoch, and there is none.
    if ([...this.#others].some((process) => this.#broken.has(process))) return 'a process that had lost the job went on beside it'
    if (this.#finish.patient.failedUnlinks > 0) return 'it was not let remove names'
    return undefined
  }
}
