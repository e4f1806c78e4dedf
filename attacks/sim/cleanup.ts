/** Whether a job that has finished may have left something behind. What excuses it is here, and nothing else does. */
import { CLOSING_LASTS } from '../../packages/millrace/src/core/close-all.ts'
import type { Machine } from '../../packages/millrace/src/simulate/machine.ts'
import type { Patient } from './inflict.ts'
import { cleanedFolder, type Residue } from './outside.ts'

/** What the excuses are about: of a {@link Patient} no more than this. */
export type Cleaner = Pick<Patient, 'failedCleanups'> & { readonly process: Pick<Patient['process'], 'isDead' | 'logged'> }

export class Cleanup {
  readonly #machine: Pick<Machine, 'boot'>
  /** Who has claimed the job last. */
  #owner: Cleaner | undefined
  /** Others that lived when the job was claimed last. */
  #others: readonly Cleaner[] = []
  /** Ended without having seen that the job is done. */
  readonly #broken = new Set<Cleaner>()
  #finish: { readonly patient: Cleaner; readonly boot: string } | undefined

  constructor(machine: Pick<Machine, 'boot'>) {
    this.#machine = machine
  }

  claimed(patient: Cleaner, all: Iterable<Cleaner>): void {
    this.#owner = patient
    this.#others = [...all].filter((each) => each !== patient && !each.process.isDead)
  }

  /**
   * It says that the job has finished. Whoever finds after a failure that another has finished it says so too, and what it finds may be its
   * own entry, of which it was not told: true for the one that nobody has followed.
   */
  finished(patient: Cleaner): boolean {
    if (patient !== this.#owner) return false
    this.#finish = { patient, boot: this.#machine.boot }
    return true
  }

  /** It died, or ended with an error. */
  broke(patient: Cleaner): void {
    this.#broken.add(patient)
  }

  /** Undefined: nothing may be left but where names could not be removed. */
  get excuse(): string | undefined {
    if (this.#finish === undefined) return 'whoever finished it died before it had cleaned up'
    // The removal of a name is not synced: it may be back, and a finished job is left as it is.
    if (this.#finish.boot !== this.#machine.boot) return 'the machine has lost power since'
    // What it had sealed or begun goes with the next epoch, and there is none.
    if (this.#others.some((patient) => this.#broken.has(patient))) return 'a process that had lost the job went on beside it'
    if (this.#finish.patient.process.logged.some(({ event }) => event === CLOSING_LASTS))
      return 'what it still wrote took longer than whoever ends waits'
    return undefined
  }

  /** Without an excuse for all: names could not be removed there, or not be seen. What is missing is no residue. */
  excuses({ path, isMissing = false }: Residue): boolean {
    const cleaners = this.#finish === undefined ? this.#others : [this.#finish.patient, ...this.#others]
    return !isMissing && cleaners.some(({ failedCleanups }) => failedCleanups.has(cleanedFolder(path) ?? ''))
  }
}
