/** Hostile user code at every place where user code is called: the job fails or recovers with a clear message, and nothing of its output is wrong. */
import { rmSync } from 'node:fs'
import { chosenSeed, defineAttack, ownFolder, Progress, type Attack, type AttackResult } from '../lib/attack.ts'
import { flag, OptionError, seed, whole } from '../lib/options.ts'
import { ACTS, BUSY_MS } from './acts.ts'
import { playCase, type HostileCase, type HostileResult } from './case.ts'
import { PLACES, type Place } from './places.ts'
import { casesOf } from './plan.ts'

/** More than there are cores: most of the time a case waits. */
const LANES = 4
const SHOWN = 110
const COLUMNS = 10
const WIDTH = 16
const FULL_BUSY_MS = 60_000
/** So that it ends within five minutes; all of them with `--full`. */
const CASES = 280

async function playAll(cases: readonly HostileCase[]): Promise<Map<HostileCase, HostileResult>> {
  const folder = ownFolder('hostile')
  const results = new Map<HostileCase, HostileResult>()
  const queue = [...cases]
  const progress = new Progress('cases', cases.length)
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      results.set(next, await playCase(next, folder))
      progress.at(results.size)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  if ([...results.values()].every(({ wrong }) => wrong.length === 0)) rmSync(folder, { recursive: true, force: true })
  return results
}

/** A row for each act, a column for each place; as many places side by side as fit. */
function printTable(results: ReadonlyMap<HostileCase, HostileResult>): void {
  for (let from = 0; from < PLACES.length; from += COLUMNS) printPlaces(results, PLACES.slice(from, from + COLUMNS))
  process.stdout.write('* the job may have started again by itself; ! wrong\n')
}

function printPlaces(results: ReadonlyMap<HostileCase, HostileResult>, places: readonly Place[]): void {
  const line = (first: string, cells: readonly string[]): void =>
    void process.stdout.write(`${first.padEnd(16)} ${cells.map((cell) => cell.padEnd(WIDTH)).join('')}\n`)
  line('', places)
  for (const act of ACTS) {
    const cells = places.map((place) => {
      const [of, result] = [...results].find(([each]) => each.act === act && each.place === place) ?? []
      if (of === undefined || result === undefined) return '-'
      return `${result.end}${result.wrong.length > 0 ? '!' : of.restarts && result.end === 'finished' ? '*' : ''}`
    })
    if (cells.some((cell) => cell !== '-')) line(act, cells)
  }
}

function report(results: ReadonlyMap<HostileCase, HostileResult>, planned: number, seed: number): AttackResult {
  printTable(results)
  const says = new Map<string, string>()
  for (const act of ACTS)
    for (const [of, { end, says: line }] of results) if (of.act === act && !says.has(`${act}: ${end}`)) says.set(`${act}: ${end}`, line)
  for (const [what, line] of says) process.stdout.write(`  ${what.padEnd(28)} ${line.slice(0, SHOWN)}\n`)
  let failed = 0
  for (const [of, { wrong }] of results) {
    if (wrong.length === 0) continue
    failed++
    const { number, restarts, ...rest } = of
    process.stdout.write(`violation: ${Object.values(rest).join(' ')}${restarts ? ' restarts' : ''}: ${wrong.join('\n    ')}\n`)
    process.stdout.write(`  again: npm run attack -- hostile --seed ${seed} --case ${number}\n`)
  }
  const processes = [...results.values()].reduce((sum, result) => sum + result.processes, 0)
  const counts = { cases: results.size, processes, acts: new Set([...results.keys()].map(({ act }) => act)).size }
  return { passed: results.size - failed, failed, planned, counts }
}

export const attack: Attack = defineAttack({
  name: 'hostile',
  summary: 'user code that throws, exits, blocks, eats memory or patches prototypes, at each place, in a real process',
  options: {
    seed,
    cases: whole(undefined, `cases; without it: ${CASES}, with --full all`),
    case: whole(undefined, 'this case alone'),
    full: flag(`all cases, and they block for ${FULL_BUSY_MS / 1_000} s`),
  },
  async run({ seed: given, cases: count, case: only, full: isFull }) {
    const seed = chosenSeed(given)
    const busyMs = isFull ? FULL_BUSY_MS : BUSY_MS
    const cases = casesOf(seed, busyMs, only, count ?? (isFull ? undefined : CASES))
    if (cases.length === 0) throw new OptionError(`there is no case ${only}: the last one is ${casesOf(seed, busyMs).length}`)
    return report(await playAll(cases), cases.length, seed)
  },
})
