/** Mistakes made one by one, each in a copy of the source: every one has to turn some attack red that is green without it. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { chosenSeed, numberOptions, ownFolder, Progress, type Attack, type AttackResult } from '../lib/attack.ts'
import { cuts, type CutName, type Mistake } from './mistake.ts'
import { stateMistakes } from './mistakes-state.ts'
import { storageMistakes } from './mistakes-storage.ts'
import { taskMistakes } from './mistakes-task.ts'
import { plant } from './patch.ts'
import { copyTo, runCut, type CutResult } from './run-cut.ts'

export const mistakes: readonly Mistake[] = [...stateMistakes, ...taskMistakes, ...storageMistakes]
const WORKERS = 2

type Found = { readonly mistake: Mistake } & ({ readonly result: CutResult } | { readonly error: string })

/** Green cuts first: what is red without a mistake proves nothing. */
async function redWithoutMistake(copies: readonly string[], seed: number, used: ReadonlySet<CutName>): Promise<string[]> {
  const names = [...used]
  const results = await Promise.all(names.map((name, index) => runCut(copies[index % copies.length] as string, name, seed)))
  return names.flatMap((name, index) => {
    const result = results[index] as CutResult
    process.stdout.write(`  without a mistake: ${name} ${result.isRed ? 'red' : 'green'} in ${result.seconds.toFixed(1)} s\n`)
    return result.isRed || !result.says.includes(' 0 failed') ? [`${name}: ${result.says}`] : []
  })
}

async function tryAll(chosen: readonly Mistake[], copies: readonly string[], seed: number): Promise<Found[]> {
  const queue = [...chosen]
  const found: Found[] = []
  const progress = new Progress('mistakes', chosen.length)
  const work = async (copy: string): Promise<void> => {
    for (let mistake = queue.shift(); mistake !== undefined; mistake = queue.shift()) {
      found.push(await tryOne(mistake, copy, seed))
      progress.at(found.length)
    }
  }
  await Promise.all(copies.map(work))
  return found.sort((a, b) => mistakes.indexOf(a.mistake) - mistakes.indexOf(b.mistake))
}

async function tryOne(mistake: Mistake, copy: string, seed: number): Promise<Found> {
  try {
    const takeBack = plant(copy, mistake)
    try {
      return { mistake, result: await runCut(copy, mistake.cut ?? 'sim', seed) }
    } finally {
      takeBack()
    }
  } catch (error) {
    return { mistake, error: error instanceof Error ? error.message : String(error) }
  }
}

function report(found: readonly Found[]): AttackResult {
  const seeds: number[] = []
  let caught = 0
  process.stdout.write(`\n${'mistake'.padEnd(66)} ${'like'.padEnd(22)} caught by    seeds  seconds\n`)
  for (const each of found) {
    const { mistake } = each
    const isCaught = 'result' in each && each.result.isRed
    if (isCaught) {
      caught++
      if (each.result.seeds !== undefined) seeds.push(each.result.seeds)
    }
    const by =
      'error' in each
        ? each.error
        : isCaught
          ? (mistake.cut ?? 'sim').padEnd(10)
          : `NOT CAUGHT by ${mistake.cut ?? 'sim'}: ${each.result.says.slice(0, 200)}`
    const counts = isCaught ? `${String(each.result.seeds ?? '-').padStart(7)} ${each.result.seconds.toFixed(1).padStart(8)}` : ''
    process.stdout.write(`${mistake.name.padEnd(66)} ${mistake.like.padEnd(22)} ${by} ${counts}\n`)
  }
  seeds.sort((a, b) => a - b)
  process.stdout.write(`median of seeds to detection: ${seeds[seeds.length >> 1] ?? '-'}, most ${seeds.at(-1) ?? '-'}\n`)
  return { passed: caught, failed: found.length - caught, planned: found.length }
}

export const attack: Attack = {
  name: 'planted',
  summary: 'makes mistakes in copies of the source, one by one: each has to turn an attack red that is green without it; --only N',
  async run(args) {
    const options = numberOptions(args, { seed: undefined, only: undefined })
    const seed = chosenSeed(options.seed)
    const chosen = mistakes.filter((_, index) => options.only === undefined || index === options.only - 1)
    const folder = ownFolder('planted')
    const copies = Array.from({ length: WORKERS }, (_, worker) => copyTo(join(folder, String(worker))))
    try {
      const red = await redWithoutMistake(copies, seed, new Set(chosen.map(({ cut }) => cut ?? 'sim')))
      for (const line of red) process.stdout.write(`  red without a mistake: ${line}\n`)
      if (red.length > 0) return { passed: 0, failed: chosen.length }
      return report(await tryAll(chosen, copies, seed))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

/** For tests. */
export const cutNames: readonly string[] = Object.keys(cuts)
