/** Which kind of fault finds a planted mistake by itself: tried for some mistakes, as each is tried with each kind. */
import { join } from 'node:path'
import { runChild } from '../../scripts/lib/child.ts'
import type { FaultKind } from '../sim/kinds.ts'
import type { Mistake } from './mistake.ts'
import { plant } from './patch.ts'

/** Each costs a run of every kind: few are tried. */
export const aloneMistakes: readonly string[] = [
  'what has expired is read once more',
  'a commit whose reply was lost fails when it is made again',
  'the checksum of an entry is not looked at',
  'nobody waits for the owner of a job',
  'a key group is off by one at restore',
  'runs are restored newest first',
]

/** Of each kind. */
const SEEDS = 13
const TIMEOUT_MS = 600_000

export interface Alone {
  readonly mistake: string
  /** Seeds until found, by kind; `none`: without a fault. A kind that is missing did not find it. */
  readonly found: Partial<Record<FaultKind | 'none', number>>
}

export async function tryAlone(copy: string, mistake: Mistake, seed: number): Promise<Alone> {
  const takeBack = plant(copy, mistake)
  try {
    const args = [join(copy, 'attacks/sim/kinds-alone.ts'), String(seed), String(SEEDS)]
    const { code, output } = await runChild(process.execPath, args, { cwd: copy, timeoutMs: TIMEOUT_MS })
    const line = output
      .trim()
      .split('\n')
      .findLast((each) => each.startsWith('{'))
    if (code !== 0 || line === undefined) throw new Error(`${mistake.name}: ended with ${code}: ${output.slice(-500)}`)
    return { mistake: mistake.name, found: JSON.parse(line) as Alone['found'] }
  } finally {
    takeBack()
  }
}
