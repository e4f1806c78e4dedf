/** Adds up what the pieces have found, and prints it. */
import type { AttackResult } from '../lib/attack.ts'
import { casesOf, type CaseKind } from './cases.ts'
import type { Recording } from './record.ts'
import type { CaseResult, StateResult } from './try.ts'
import { piecesOf, statesOf, type WorkOptions } from './work.ts'
import type { PieceResult } from './worker.ts'

interface Row {
  tried: number
  loud: number
  silent: number
}

const MOST_SHOWN = 12

export class Tally {
  readonly #recording: Recording
  readonly #work: WorkOptions
  readonly #rows = new Map<CaseKind, Row>()
  readonly #codes = new Map<string, number>()
  readonly #states = { states: 0, windowed: 0, whole: 0, long: 0, subsets: 0, distinct: 0, silent: 0 }
  #deaths = 0
  #shown = 0

  constructor(recording: Recording, work: WorkOptions) {
    this.#recording = recording
    this.#work = work
  }

  /** @returns what is to be shown */
  add({ cases, states }: PieceResult): readonly string[] {
    for (const each of cases) this.#addCase(each)
    for (const each of states) this.#addState(each)
    const failures = [...cases.flatMap(({ failure }) => failure ?? []), ...states.flatMap((state) => state.failures)]
    const left = Math.max(0, MOST_SHOWN - this.#shown)
    this.#shown += failures.length
    return failures.slice(0, left)
  }

  /** What was in the piece is missing from what was planned. */
  died(): void {
    this.#deaths++
  }

  report(): AttackResult {
    const { operations, states } = this.#recording
    this.#printLife()
    const say = (line: string): void => void process.stdout.write(`${line}\n`)
    for (const [kind, { tried, loud, silent }] of this.#rows)
      say(
        `  ${kind.padEnd(26)}${pad(tried)} tried${pad(tried - loud - silent)} exact at once${pad(loud)} loud, then exact${pad(silent)} silent or wrong`,
      )
    const { states: looked, windowed, whole, long, subsets, distinct, silent } = this.#states
    say(
      `  ${'loss of power'.padEnd(26)}${pad(distinct)} tried${pad(distinct - silent)} exact${pad(silent)} silent or wrong: disks, each once, of ` +
        `${subsets} subsets that ${looked} states can leave; all that ${whole} of ${windowed} states can whose older changes are durable`,
    )
    if (long > 0)
      say(
        `  of ${long} of these disks a file with more than ${this.#work.extent.sectors} sectors lacks its end from a sector on, or one sector`,
      )
    if (this.#codes.size > 0) say(`  loud: ${[...this.#codes].map(([code, count]) => `${code} ${count}`).join(', ')}`)
    const cases = [...this.#rows.values()]
    // A sample in the place of all subsets is not what was promised.
    const cut = windowed - whole
    if (cut > 0) say(`  ${cut} states can leave so much that not all of it was tried`)
    const tried = cases.reduce((sum, row) => sum + row.tried, 0) + distinct
    const failed = cases.reduce((sum, row) => sum + row.silent, 0) + silent + cut + this.#deaths
    say(`  simulated disk: ${operations.length} operations, ${states.length} states, ${tried} cases, ${failed} silent or wrong`)
    const counts = { cases: tried, disks: distinct, states: looked }
    return { passed: tried - failed + this.#deaths + cut, failed, planned: this.#planned(tried) + cut, counts }
  }

  /** What a state can leave is counted when it is tried; those of pieces that were lost are missing, one for each. */
  #planned(tried: number): number {
    const pieces = piecesOf(this.#recording, this.#work)
    const cases = pieces.reduce((sum, piece) => sum + (piece.kind === 'cases' ? piece.cases.length : 0), 0)
    const states = pieces.reduce((sum, piece) => sum + (piece.kind === 'states' ? statesOf(piece, this.#work).length : 0), 0)
    const triedCases = [...this.#rows.values()].reduce((sum, row) => sum + row.tried, 0)
    return tried + (cases - triedCases) + (states - this.#states.states)
  }

  #printLife(): void {
    const { operations } = this.#recording
    const phases = new Map<string, number>()
    for (const { phase } of operations) phases.set(phase, (phases.get(phase) ?? 0) + 1)
    const { every, window } = this.#work
    process.stdout.write(
      `  operations of the recorded life: ${operations.length} (${[...phases].map(([phase, count]) => `${phase} ${count}`).join(', ')}), ` +
        `${casesOf(operations).length} cases${every === 1 ? '' : `, one in ${every}`}; the last ${window} changes may not be durable\n`,
    )
  }

  #addCase({ kind, loud, failure }: CaseResult): void {
    const row = this.#rows.get(kind) ?? { tried: 0, loud: 0, silent: 0 }
    this.#rows.set(kind, row)
    row.tried++
    if (failure !== undefined) row.silent++
    else if (loud !== undefined) {
      row.loud++
      this.#codes.set(loud, (this.#codes.get(loud) ?? 0) + 1)
    }
  }

  #addState({ subsets, isWindowed, isWhole, distinct, long, failures }: StateResult): void {
    this.#states.states++
    this.#states.subsets += subsets
    this.#states.distinct += distinct
    this.#states.long += long
    this.#states.silent += failures.length
    if (isWindowed) this.#states.windowed++
    if (isWhole) this.#states.whole++
  }
}

function pad(count: number): string {
  return String(count).padStart(7)
}
