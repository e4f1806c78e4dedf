/** A part of all damages, in a process of its own. */
import { serve } from '../lib/pool.ts'
import { damagesOf, Judge, partsOf } from './damage.ts'
import { entriesOf, make, type Directory, type Made } from './make.ts'

export interface PartResult {
  readonly tried: Readonly<Record<string, number>>
  readonly wrong: readonly string[]
}
export const PARTS = 64
const seed = Number(process.env['FLIP_SEED'])
const every = Number(process.env['FLIP_EVERY'])
let made: Promise<Made> | undefined

/** Of the directories that ended well only the last entry is of a kind that the killed one lacks. */
export function cases(of: Made): { readonly name: string; readonly directory: Directory; readonly paths: readonly string[] }[] {
  const newest = (directory: Directory): string[] => [`log/${String(entriesOf(directory).at(-1)?.[0]).padStart(12, '0')}.entry`]
  return [
    { name: 'killed', directory: of.killed, paths: partsOf(of.killed) },
    { name: 'released', directory: of.released, paths: newest(of.released) },
    { name: 'finished', directory: of.finished, paths: newest(of.finished) },
  ]
}

async function work(part: number): Promise<PartResult> {
  const tried: Record<string, number> = {}
  const wrong: string[] = []
  for (const { name, directory, paths } of cases(await (made ??= make(seed)))) {
    const judge = new Judge(directory)
    for (const [index, damage] of damagesOf(directory, paths).entries()) {
      if (index % PARTS !== part || (damage.kind !== 'missing' && damage.kind !== 'swapped' && Math.floor(index / PARTS) % every !== 0))
        continue
      tried[damage.kind] = (tried[damage.kind] ?? 0) + 1
      const found = await judge.judge(damage)
      if (found !== undefined && wrong.length < 5) wrong.push(`${name} ${JSON.stringify(damage)}: ${found}`)
    }
  }
  return { tried, wrong }
}

if (process.send !== undefined) serve(work)
