/** Mistakes made one by one, each in a copy of the source: every one has to turn some attack red that is green without it. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { chosenSeed, defineAttack, ownFolder, Progress, type Attack, type AttackResult } from '../lib/attack.ts'
import { seed, whole } from '../lib/options.ts'
import { aloneMistakes, tryAlone, type Alone } from './alone.ts'
import type { CutName, Mistake } from './mistake.ts'
import { javascriptMistakes } from './mistakes-javascript.ts'
import { faultMistakes } from './mistakes-faults.ts'
import { stateMistakes } from './mistakes-state.ts'
import { storageMistakes } from './mistakes-storage.ts'
import { windowMistakes } from './mistakes-windows.ts'
import { taskMistakes } from './mistakes-task.ts'
import { Notes } from './notes.ts'
import { writePage, type Finding } from './page.ts'
import { plant } from './patch.ts'
import { copyTo, runCut, type CutResult } from './run-cut.ts'

export const mistakes: readonly Mistake[] = [
  ...stateMistakes,
  ...taskMistakes,
  ...storageMistakes,
  ...faultMistakes,
  ...windowMistakes,
  ...javascriptMistakes,
]
const WORKERS = 2
const ALL_SEEDS = Number.POSITIVE_INFINITY

interface Run {
  readonly copies: readonly string[]
  readonly seed: number
  /** For the page. */
  readonly notes: Notes | undefined
}
type Found = { readonly mistake: Mistake } & ({ readonly result: CutResult } | { readonly error: string })

/** Each copy takes the next one when it is done. */
async function inEachCopy<T>(copies: readonly string[], all: readonly T[], take: (one: T, copy: string) => Promise<void>): Promise<void> {
  const queue = [...all]
  const work = async (copy: string): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) await take(one, copy)
  }
  await Promise.all(copies.map(work))
}

/** What is red without a mistake proves nothing: each cut, as far as it went until it found the last of its mistakes. */
async function redWithoutMistake({ copies, seed }: Run, found: readonly Found[]): Promise<string[]> {
  const most = new Map<CutName, number>()
  for (const each of found) {
    const seeds = ('result' in each ? each.result.seeds : undefined) ?? ALL_SEEDS
    most.set(cutOf(each.mistake), Math.max(seeds, most.get(cutOf(each.mistake)) ?? 0))
  }
  const red: string[] = []
  await inEachCopy(copies, [...most], async ([name, seeds], copy) => {
    const { isGreen, says, seconds } = await runCut(copy, name, seed, seeds === ALL_SEEDS ? undefined : seeds)
    const over = seeds === ALL_SEEDS ? '' : ` over ${seeds} seeds`
    process.stdout.write(`  without a mistake: ${name} ${isGreen ? 'green' : 'red'}${over} in ${seconds.toFixed(1)} s\n`)
    if (!isGreen) red.push(`${name}: ${says}`)
  })
  return red
}

function cutOf({ cut }: Mistake): CutName {
  return cut ?? 'sim'
}

async function tryAll(chosen: readonly Mistake[], run: Run): Promise<Found[]> {
  const found: Found[] = []
  const progress = new Progress('mistakes', chosen.length)
  await inEachCopy(run.copies, chosen, async (mistake, copy) => {
    found.push(await tryOne(mistake, copy, run))
    progress.at(found.length)
  })
  return found.sort((a, b) => mistakes.indexOf(a.mistake) - mistakes.indexOf(b.mistake))
}

async function tryOne(mistake: Mistake, copy: string, { seed, notes }: Run): Promise<Found> {
  const noted = notes?.result(mistake.name)
  if (noted !== undefined) return { mistake, result: noted }
  try {
    const takeBack = plant(copy, mistake)
    try {
      const result = await runCut(copy, cutOf(mistake), seed)
      // One that did not come to its end may be found another time.
      if (result.isRed) notes?.addResult(mistake.name, result)
      return { mistake, result }
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
  process.stdout.write(`\n${'mistake'.padEnd(66)} ${'like'.padEnd(22)} caught by                seeds  seconds\n`)
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
          ? cutOf(mistake).padEnd(22)
          : `NOT CAUGHT by ${cutOf(mistake)}: ${each.result.says.slice(0, 200)}`
    const counts = isCaught ? `${String(each.result.seeds ?? '-').padStart(7)} ${each.result.seconds.toFixed(1).padStart(8)}` : ''
    process.stdout.write(`${mistake.name.padEnd(66)} ${mistake.like.padEnd(22)} ${by} ${counts}\n`)
  }
  seeds.sort((a, b) => a - b)
  process.stdout.write(`median of seeds to detection: ${seeds[seeds.length >> 1] ?? '-'}, most ${seeds.at(-1) ?? '-'}\n`)
  return { passed: caught, failed: found.length - caught, planned: found.length }
}

function findingsOf(found: readonly Found[]): Finding[] {
  return found.flatMap((each) =>
    'result' in each && each.result.isRed ? [{ mistake: each.mistake, by: cutOf(each.mistake), seeds: each.result.seeds }] : [],
  )
}

async function tryEachAlone({ copies, seed, notes }: Run): Promise<Alone[]> {
  const chosen = mistakes.filter(({ name }) => aloneMistakes.has(name))
  const alone: Alone[] = []
  const progress = new Progress('kinds of faults alone', chosen.length)
  await inEachCopy(copies, chosen, async (mistake, copy) => {
    const noted = notes?.alone(mistake.name)
    const each = noted === undefined ? await tryAlone(copy, mistake, seed) : { mistake: mistake.name, found: noted }
    if (noted === undefined) notes?.addAlone(each)
    alone.push(each)
    progress.at(alone.length)
  })
  const names = [...aloneMistakes.keys()]
  return alone.sort((a, b) => names.indexOf(a.mistake) - names.indexOf(b.mistake))
}

export const attack: Attack = defineAttack({
  name: 'planted',
  summary: 'makes mistakes in copies of the source, one by one: each has to turn an attack red that is green without it',
  options: {
    seed,
    only: whole(undefined, 'this mistake alone, counted from 1', { most: mistakes.length }),
    share: whole(1, 'each Nth mistake alone'),
    page: whole(0, '1: writes docs/planted.md and the table of GUARANTEES.md', { most: 1 }),
    workers: whole(WORKERS, 'copies of the source at a time'),
  },
  async run({ seed: given, only, share, page, workers }) {
    const seed = chosenSeed(given)
    const isChosen = (index: number): boolean => (only === undefined ? (index + seed) % share === 0 : index === only - 1)
    const chosen = mistakes.filter((_, index) => isChosen(index))
    const folder = ownFolder('planted')
    const copies = Array.from({ length: workers }, (_, worker) => copyTo(join(folder, String(worker))))
    try {
      const one: Run = { copies, seed, notes: page === 1 ? new Notes(seed) : undefined }
      const found = await tryAll(chosen, one)
      const result = report(found)
      const red = await redWithoutMistake(one, found)
      for (const line of red) process.stdout.write(`  red without a mistake: ${line}\n`)
      if (red.length > 0) return { passed: 0, failed: chosen.length }
      if (page === 1) {
        const path = writePage({ seed, mistakes, findings: findingsOf(found), alone: await tryEachAlone(one) })
        process.stdout.write(`${path} is written\n`)
      }
      return result
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
})
