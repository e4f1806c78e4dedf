/** Does one case, or all that a loss of power can leave of one state, and judges each. */
import type { Fault, FaultPlan, Operation, OperationKind } from '../../packages/millrace/src/simulate/faults.ts'
import type { CaseKind, DiskCase } from './cases.ts'
import { Judge } from './judge.ts'
import type { DiskState } from './record.ts'
import { INPUT } from './lines.ts'
import { Life } from './script.ts'
import { allLeft, isSmall, pictureOf, someLeft, type Extent } from './survivals.ts'

/** After an error the power goes so many operations later: what was said to be durable has to be. */
const LATER = 60
const MANY_SAMPLES = 256
/** Operations by which leftovers are found and removed. */
const CLEARING: ReadonlySet<string> = new Set(['unlink', 'removeDirectory', 'list', 'info'])

export interface CaseResult {
  readonly kind: CaseKind
  readonly loud: string | undefined
  readonly failure: string | undefined
}
export interface StateResult {
  readonly subsets: number
  /** Only the newest changes were not durable yet: then all that a loss of power can leave has to be tried. */
  readonly isWindowed: boolean
  readonly isWhole: boolean
  /** Of these, disks that no other subset has left before. */
  readonly distinct: number
  /** Of these, disks with a part of a file that was too long for every subset of its sectors. */
  readonly long: number
  readonly failures: readonly string[]
}

export class Trial {
  readonly #seed: number
  readonly #extent: Extent
  readonly #judge: Judge
  readonly #seen = new Set<string>()

  constructor(seed: number, extent: Extent) {
    this.#seed = seed
    this.#extent = extent
    this.#judge = new Judge(seed)
  }

  async tryCase({ kind, index, fault }: DiskCase): Promise<CaseResult> {
    const life = new Life(this.#seed)
    const { machine } = life
    machine.survival = 'all'
    let struck: Operation | undefined
    const plan = planOf(kind, index, fault)
    machine.faults = (operation) => {
      const chosen = plan(operation)
      if (chosen !== undefined) struck ??= operation
      return chosen
    }
    const losesPower = kind === 'error, then loss of power'
    const isOver = losesPower ? (): boolean => machine.operationCount > index + LATER : undefined
    await life.run(isOver)
    // What comes in the third process has to be waited for.
    const isInLast = struck === undefined
    if (isInLast) await life.finish(isOver)
    const endedInLast = life.ends.at(-1)
    // The disk is mended, or another one is put in.
    machine.faults = undefined
    if (life.ends.at(-1) !== 'finished') await life.finish()
    // Who finishes a job on a disk that goes on failing, or cannot remove something, leaves it: nobody comes after.
    const isOfInput = struck?.path.startsWith(INPUT) === true
    const isHindered = fault.kind === 'error' && !isOfInput && (kind === 'error that stays' || CLEARING.has(struck?.kind ?? ''))
    const mayLeave = isInLast && isHindered && endedInLast === 'finished'
    const { faults, loud } = this.#judge.judge(life, { failedWith: fault.kind === 'error' ? fault.code : undefined, mayLeave })
    if (struck === undefined) faults.push('it never struck')
    const what = `${kind} ${JSON.stringify(fault)} at operation ${index}`
    return { kind, loud, failure: faults.length === 0 ? undefined : `${what}: ${faults.join('\n      ')}` }
  }

  /** `samples` instead of all that a loss of power can leave, if given, or where these are too many. */
  async tryState({ after, disk, outside, wallMs }: DiskState, samples?: number): Promise<StateResult> {
    const isWhole = samples === undefined && isSmall(disk, this.#extent)
    const result = { subsets: 0, isWindowed: samples === undefined, isWhole, distinct: 0, long: 0, failures: [] as string[] }
    const seed = this.#seed + after.operation.index
    for (const left of isWhole ? allLeft(disk, this.#extent) : someLeft(disk, { seed, samples: samples ?? MANY_SAMPLES })) {
      result.subsets++
      const picture = `${pictureOf(left.disk)} ${JSON.stringify([...outside.acknowledged])}`
      if (this.#seen.has(picture)) continue
      this.#seen.add(picture)
      result.distinct++
      if (left.isOfLong) result.long++
      const life = new Life(this.#seed, { disk: left.disk, outside, startMs: wallMs })
      await life.finish()
      const { faults } = this.#judge.judge(life, { failedWith: undefined, mayLeave: false })
      const { index, kind, path } = after.operation
      if (faults.length > 0)
        result.failures.push(
          `loss of power after operation ${index} (${after.phase}: ${kind} ${path}), left ${left.answers}: ${faults.join('\n      ')}`,
        )
    }
    return result
  }
}

/** An error that stays is one of the disk: every later operation of its kind in the same folder fails, as long as the process lives. */
function planOf(of: CaseKind, index: number, fault: Fault): FaultPlan {
  let failing: { readonly kind: OperationKind; readonly folder: string; readonly process: string } | undefined
  return (operation) => {
    const { kind, path, process } = operation
    const folder = path.slice(0, path.lastIndexOf('/'))
    if (operation.index === index) {
      if (of === 'error that stays') failing = { kind, folder, process }
      return fault
    }
    return failing?.kind === kind && failing.folder === folder && failing.process === process ? fault : undefined
  }
}
