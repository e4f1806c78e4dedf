/** Damages every bit of a checkpoint directory, one at a time: each damage is found and named, and nothing is deleted. */
import { join } from 'node:path'
import { chosenSeed, numberOptions, Progress, type Attack } from '../lib/attack.ts'
import { runPool } from '../lib/pool.ts'
import { partsOf } from './damage.ts'
import { endToEnd } from './end-to-end.ts'
import { entriesOf, make, manifestsOf } from './make.ts'
import { PARTS, type PartResult } from './worker.ts'

export const attack: Attack = {
  name: 'flip',
  summary: 'every bit of a checkpoint directory flipped, every length cut, every file missing or swapped; --every N (each Nth only)',
  async run(args) {
    const options = numberOptions(args, { seed: undefined, every: 1, first: 0 })
    const seed = chosenSeed(options.seed)
    const made = await make(seed)
    const paths = partsOf(made.killed)
    const bytes = paths.reduce((sum, path) => sum + (made.killed.get(path) as Uint8Array).length, 0)
    const levels = manifestsOf(made.killed).at(-1)?.operators ?? {}
    const runs = Object.values(levels).flatMap((part) => (part.kind === 'keyed' ? part.runs.map(({ level }) => level) : []))
    const kinds = new Set(
      Object.values(levels).flatMap((part) =>
        part.kind === 'keyed'
          ? Object.values(part.states).map((state) => `${state.kind}${state.ttl === undefined ? '' : ' with ttl'}`)
          : [part.kind],
      ),
    )
    process.stdout.write(
      `${paths.length} files, ${bytes} bytes: ${entriesOf(made.killed)
        .map(([, { kind }]) => kind)
        .join(', ')}, release, finished; runs ${runs.join(' ')}; ${[...kinds].join(', ')}\n`,
    )
    process.env['FLIP_SEED'] = String(seed)
    process.env['FLIP_EVERY'] = String(options.every)
    const tried: Record<string, number> = {}
    const wrong: string[] = []
    const progress = new Progress('parts', PARTS)
    let done = 0
    await runPool<PartResult>({
      module: join(import.meta.dirname, 'worker.ts'),
      cases: Array.from({ length: options.first === 1 ? 2 : PARTS }, (_, part) => part),
      timeoutMs: 240_000,
      onResult: (_part, result) => {
        for (const [kind, count] of Object.entries(result.tried)) tried[kind] = (tried[kind] ?? 0) + count
        wrong.push(...result.wrong)
        progress.at(++done, `${tried['bit'] ?? 0} bits`)
      },
      onDeath: (part, reason) => void wrong.push(`part ${part}: ${reason}`),
    })
    const whole = await endToEnd(made, seed)
    wrong.push(...whole.wrong)
    for (const line of wrong.slice(0, 20)) process.stdout.write(`  ${line}\n`)
    const all = { ...tried, 'whole jobs': whole.tried }
    process.stdout.write(
      `tried: ${Object.entries(all)
        .map(([kind, count]) => `${kind} ${count}`)
        .join(', ')}\n`,
    )
    const count = Object.values(all).reduce((sum, each) => sum + each, 0)
    return { passed: count - wrong.length, failed: wrong.length }
  },
}
