import type { AttackResult } from '../lib/attack.ts'
export async function runElsewhere(_seed: number, _seeds: number): Promise<AttackResult> {
  throw new Error('not yet')
}
