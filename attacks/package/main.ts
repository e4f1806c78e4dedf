/**
 * `npm run attack -- package`: the package as a stranger gets it. Packed, looked at by tools made for it, installed into empty projects
 * outside the repository, and run there as compiled JavaScript on each release line of Node that `engines` allows.
 */
import { rmSync } from 'node:fs'
import { twoAtATime } from '../../scripts/lib/child.ts'
import { defineAttack, type Attack } from '../lib/attack.ts'
import { contentChecks } from './contents.ts'
import { doorChecks } from './doors.ts'
import { playground, type Check } from './playground.ts'
import { runnerChecks } from './runners.ts'
import { starterChecks } from './starter.ts'
import { strangerChecks } from './stranger.ts'
import { typeChecks } from './types.ts'

const lists: readonly ((at: Awaited<ReturnType<typeof playground>>) => readonly Check[])[] = [
  contentChecks,
  doorChecks,
  typeChecks,
  strangerChecks,
  starterChecks,
  runnerChecks,
]

export const attack: Attack = defineAttack({
  name: 'package',
  summary: 'the package as a stranger gets it: packed, installed into empty projects, run on every Node that is promised',
  options: {},
  async run() {
    const at = await playground()
    const checks = lists.flatMap((list) => list(at))
    const results = await twoAtATime(
      checks.filter(({ isTimed }) => isTimed !== true),
      passes,
    )
    for (const check of checks) if (check.isTimed === true) results.push(await passes(check))
    const failed = results.filter((isGood) => !isGood).length
    if (failed === 0) rmSync(at.folder, { recursive: true })
    else process.stdout.write(`left as it is: ${at.folder}\n`)
    return { passed: checks.length - failed, failed, planned: checks.length }
  },
})

async function passes({ name, run }: Check): Promise<boolean> {
  const began = performance.now()
  let problem: string | undefined
  try {
    await run()
  } catch (error) {
    problem = error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  const took = `${((performance.now() - began) / 1000).toFixed(1)} s`
  process.stdout.write(problem === undefined ? `ok     ${name}  ${took}\n` : `FAILED ${name}  ${took}\n${problem.replace(/^/gm, '  ')}\n`)
  return problem === undefined
}
