/** Which kind of fault finds a planted mistake by itself: tried for some mistakes, as each is tried with each kind. */
import { join } from 'node:path'
import { runChild } from '../../scripts/lib/child.ts'
import type { FaultKind } from '../sim/kinds.ts'
import type { Mistake } from './mistake.ts'
import { plant } from './patch.ts'

/** Each costs a run of every kind, so few are tried: with how many seeds of each kind. */
export const aloneMistakes: ReadonlyMap<string, number> = new Map([
  ['what has expired is read once more', 13],
  ['a commit whose reply was lost fails when it is made again', 13],
  ['the checksum of an entry is not looked at', 13],
  ['nobody waits for the owner of a job', 13],
  ['a key group is off by one at restore', 13],
  ['runs are restored newest first', 13],
  ['the folder of committed files is not synced', 13],
  ['an fsync that failed is taken for done', 40],
  ['a part of a sink that could not be written is taken for whole', 13],
  ['a commit that was refused is taken for done', 13],
  ["an entry follows another process's that may not be durable", 20],
  ['the next attempt does not wait for a commit under way', 40],
  ['a commit that failed is taken for done', 13],
  ['a checkpoint begins while one is in flight', 13],
])

const TIMEOUT_MS = 600_000

export interface Alone {
  readonly mistake: string
  /** Seeds until found, by kind; `none`: without a fault. A kind that is missing did not find it. */
  readonly found: Partial<Record<FaultKind | 'none', number>>
}

export async function tryAlone(copy: string, mistake: Mistake, seed: number): Promise<Alone> {
  const takeBack = plant(copy, mistake)
  try {
    const args = [join(copy, 'attacks/sim/kinds-alone.ts'), String(seed), String(aloneMistakes.get(mistake.name))]
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
