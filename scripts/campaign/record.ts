/** One line of the ledger: what a campaign did, added up turn by turn. */

/** What an attack says with `--json FILE`. */
export interface TurnResult {
  readonly passed: number
  readonly failed: number
  readonly planned: number
  readonly notRun: number
  readonly counts: Readonly<Record<string, number>>
}

export interface AttackRecord {
  readonly seeds: readonly number[]
  readonly passed: number
  readonly violations: number
  /** As the attack names them: kills, pauses, rows compared. */
  readonly counts: Readonly<Record<string, number>>
}

export interface CampaignRecord {
  /** When it began. */
  readonly date: string
  readonly commit: string
  /** There were changes that are in no commit. */
  readonly isDirty: boolean
  readonly node: string
  readonly seed: number
  /** That it took. */
  readonly minutes: number
  readonly ended: 'time is over' | 'interrupted' | 'violation'
  readonly violations: number
  readonly attacks: Readonly<Record<string, AttackRecord>>
}

export type Attacks = CampaignRecord['attacks']

/** A turn that ended without a result has failed once. */
export function withTurn(attacks: Attacks, attack: string, seed: number, result: TurnResult | undefined): Attacks {
  const before = attacks[attack] ?? { seeds: [], passed: 0, violations: 0, counts: {} }
  const { passed, failed, planned, notRun, counts } = result ?? { passed: 0, failed: 1, planned: 1, notRun: 0, counts: {} }
  const sums: Record<string, number> = { ...before.counts }
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count
  return {
    ...attacks,
    [attack]: {
      seeds: [...before.seeds, seed],
      passed: before.passed + passed,
      // Fewer than planned is a violation, too; what the machine has no means for is none.
      violations: before.violations + Math.max(failed, passed + failed + notRun < planned ? 1 : 0),
      counts: sums,
    },
  }
}

export function violationsOf(attacks: Attacks): number {
  return Object.values(attacks).reduce((sum, { violations }) => sum + violations, 0)
}
