/** Hostile user code at every place where user code is called: the job fails or recovers with a clear message, and nothing of its output is wrong. */
import { rmSync } from 'node:fs'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { shuffled } from '../kill/plan.ts'
import { chosenSeed, numberOptions, OptionError, ownFolder, Progress, type Attack, type AttackResult } from '../lib/attack.ts'
import { ACTS, BUSY_MS, type Act } from './acts.ts'
import { playCase, type HostileCase, type HostileResult } from './case.ts'
import { PLACES, type Place } from './places.ts'

const LANES = 2
const SHOWN = 110
/** Places that are passed once for each record, and so often at most; the others seldom. */
const EARLIEST = 250
const LONGEST = 300
const FULL_BUSY_MS = 60_000
const FIRINGS: readonly Place[] = ['timer', 'result']
const OFTEN: readonly Place[] = ['source', 'schema', 'timestamp', 'map', 'key', 'process', 'window', 'sink', 'filter', 'flatMap']

/** Places that are like others: what is tried there is what an error of theirs becomes. */
const SELDOM: readonly Place[] = ['filter', 'flatMap', 'initial', 'result', 'source-open', 'acknowledge', 'sink-open', 'seal']
const PLAIN: readonly Act[] = ['throw', 'throw-nothing', 'throw-async', 'never-resolve']

/** What cannot be at a place, or would be the same as at another. */
function isSensible(act: Act, place: Place): boolean {
  // An async function that rejects is what these two are made for; their act is to throw.
  if (act === 'mutate-state') return place === 'process'
  return !(act === 'mutate' && place === 'commit') && (!SELDOM.includes(place) || PLAIN.includes(act))
}

function casesOf(seed: number, busyMs: number, only?: number, most?: number): HostileCase[] {
  const random = new SeededRandom(seed, 'cases')
  const all = ACTS.flatMap((act) => PLACES.map((place) => ({ act, place }))).filter(({ act, place }) => isSensible(act, place))
  const cases = all.map(({ act, place }, index): HostileCase => {
    const isOften = OFTEN.includes(place)
    const seldom = place === 'source-open' || place === 'sink-open' ? 0 : 2 + random.below(3)
    const after = isOften ? EARLIEST + random.below(LONGEST) : FIRINGS.includes(place) ? 40 + random.below(80) : seldom
    return { number: index + 1, act, place, parallelism: 1 + random.below(3), restarts: random.chance(0.4), after, busyMs }
  })
  const chosen = only === undefined ? cases : cases.filter(({ number }) => number === only)
  return shuffled(chosen, new SeededRandom(seed, 'order')).slice(0, most)
}

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

/** A row for each act, a column for each place. */
function printTable(results: ReadonlyMap<HostileCase, HostileResult>): void {
  const width = 10
  const line = (first: string, cells: readonly string[]): void =>
    void process.stdout.write(`${first.padEnd(16)} ${cells.map((cell) => cell.padEnd(width)).join('')}\n`)
  line('', PLACES)
  for (const act of ACTS) {
    const cells = PLACES.map((place) => {
      const [of, result] = [...results].find(([each]) => each.act === act && each.place === place) ?? []
      if (of === undefined || result === undefined) return '-'
      return `${result.end}${result.wrong.length > 0 ? '!' : of.restarts && result.end === 'finished' ? '*' : ''}`
    })
    if (cells.some((cell) => cell !== '-')) line(act, cells)
  }
  process.stdout.write('* the job may have started again by itself; ! wrong\n')
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

export const attack: Attack = {
  name: 'hostile',
  summary:
    'user code that throws, exits, blocks, eats memory or patches prototypes, at each place, in a real process; --cases N --case N --full (blocks for a minute)',
  async run(args) {
    const isFull = args.includes('--full')
    const rest = args.filter((arg) => arg !== '--full')
    const options = numberOptions(rest, { seed: undefined, cases: undefined, case: undefined })
    const seed = chosenSeed(options.seed)
    const busyMs = isFull ? FULL_BUSY_MS : BUSY_MS
    const cases = casesOf(seed, busyMs, options.case, options.cases)
    if (cases.length === 0) throw new OptionError(`there is no case ${options.case}: the last one is ${casesOf(seed, busyMs).length}`)
    return report(await playAll(cases), cases.length, seed)
  },
}
