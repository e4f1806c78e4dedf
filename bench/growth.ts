/**
 * How costs grow. Each question has one size; what a round of that size costs, in CPU time of all threads, is fitted to a power of
 * it. Small sizes do so many rounds in one job that no point is mostly the start of a job or cold code; what came out is checked.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Job } from '../packages/millrace/src/index.ts'
import { nodeEnv } from '../packages/millrace/src/env/node-env.ts'
import { startJob } from '../packages/millrace/src/job/start-job.ts'
import { pollute } from './chain.ts'
import { type Bench, cpuMs, type Figure, median } from './lib/bench.ts'
import { decades, powerLaw } from './lib/fit.ts'
import { chainOf, countOfKeys, finerSlides, type Growing, liveWindows, longerWindows, pendingTimers, randomAccess } from './lib/growing.ts'

const ROUNDS = 3

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function memoryBytes(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function runJob(job: Job<void>): Promise<void> {
  const handle = await startJob(job, {}, { env: nodeEnv() })
  await handle.finished
}

/** CPU time of one round, ms; throws when the answer is wrong. */
async function costOf({ run, rounds, verify }: Growing): Promise<number> {
  collectGarbage()
  const began = cpuMs()
  await run(runJob)
  const spent = cpuMs() - began
  verify()
  return spent / rounds
}

/** What the first round leaves in memory, by unit of the size. */
async function bytesOf(size: number, growing: (size: number, atPeak: () => void) => Growing): Promise<number> {
  let peak = Number.NaN
  const one = growing(size, () => (peak = memoryBytes()))
  const before = memoryBytes()
  await one.run(runJob)
  one.verify()
  return (peak - before) / size
}

interface Question {
  readonly name: string
  /** What one of the size is called. */
  readonly unit: string
  readonly sizes: readonly number[]
  readonly growing: (size: number) => Growing
  /** What costs are divided by, round by round. */
  readonly beside?: (size: number) => Growing
}

/** Costs of all points in each round, so that a drift of the machine hits them alike. */
async function measured(points: readonly (readonly Growing[])[]): Promise<number[][][]> {
  const costs: number[][][] = points.map((variants) => variants.map(() => []))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, variants] of points.entries()) {
      for (const [variant, one] of variants.entries()) costs[at]?.[variant]?.push(await costOf(one))
      process.stdout.write('.')
    }
  }
  process.stdout.write('\n')
  return costs
}

async function fitted({ name, unit, sizes, growing, beside }: Question): Promise<readonly Figure[]> {
  const points = sizes.map((size) => (beside === undefined ? [growing(size)] : [growing(size), beside(size)]))
  const costs = await measured(points)
  const laid = points.map(([one], at): [number, number] => {
    const [own = [], other] = costs[at] ?? []
    const { size } = one as Growing
    return [size, other === undefined ? median(own) : size * median(own.map((each, round) => each / (other[round] as number)))]
  })
  const { exponent, r2 } = powerLaw(laid)
  const nsAt = (at: number): number => (median(costs.at(at)?.[0] ?? []) * 1e6) / (points.at(at)?.[0] as Growing).size
  if (process.env['GROWTH_POINTS'] !== undefined)
    for (const [at, [size]] of laid.entries()) process.stdout.write(`    ${name} ${sizes[at]} ${size} ${nsAt(at).toFixed(1)}\n`)
  const of = beside === undefined ? 'exponent' : 'exponent, as ratio to random access'
  return [
    { name: `${name}: ns per ${unit} at ${sizes[0]}`, value: nsAt(0), unit: 'ns', digits: 1 },
    { name: `${name}: ns per ${unit} at ${sizes.at(-1)}`, value: nsAt(-1), unit: 'ns', digits: 1 },
    { name: `${name}: ${of}`, value: exponent, unit: '', goal: 1.1, atMost: true },
    { name: `${name}: r²`, value: r2, unit: '', digits: 3, goal: 0.9 },
  ]
}

const questions: readonly Question[] = [
  {
    name: 'slides finer, 1 to 1,000 a window',
    unit: 'record and result',
    // They divide the length of the window.
    sizes: [1, 2, 5, 10, 16, 32, 50, 100, 160, 320, 500, 1_000],
    growing: finerSlides,
  },
  { name: 'windows longer, 1 to 1,000 slides', unit: 'record and result', sizes: decades(1, 1_000, 4), growing: longerWindows },
  { name: 'live windows', unit: 'window', sizes: decades(1_000, 1_000_000, 4), growing: liveWindows },
  {
    name: 'timers, one a key',
    unit: 'timer',
    sizes: decades(1_000, 1_000_000, 4),
    growing: (size) => pendingTimers('one a key', size),
  },
  {
    name: 'timers, many a key',
    unit: 'timer',
    sizes: decades(1_000, 1_000_000, 4),
    growing: (size) => pendingTimers('many a key', size),
  },
  { name: 'chain', unit: 'step and record', sizes: [0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32], growing: chainOf },
]

/** Cost over the number of keys is, with any table, that of memory ever further away: what remains is the engine's own. */
async function keys(): Promise<readonly Figure[]> {
  const bytes = await bytesOf(1_000_000, countOfKeys)
  const growth = await fitted({
    name: 'keys',
    unit: 'key',
    sizes: decades(1_000, 10_000_000, 4),
    growing: countOfKeys,
    beside: (size) => randomAccess(size, bytes),
  })
  return [...growth, { name: 'keys: bytes of each', value: bytes, unit: 'bytes', digits: 0 }]
}

async function windowBytes(): Promise<Figure> {
  return { name: 'live windows: bytes of each', value: await bytesOf(1_000_000, liveWindows), unit: 'bytes', digits: 0 }
}

export const bench: Bench = {
  question: 'how costs grow with keys, windows, slides, timers and steps: exponents over three decades',
  async run(args) {
    const [only] = args
    await pollute()
    const figures: Figure[] = []
    for (const question of questions) if (only === undefined || question.name.includes(only)) figures.push(...(await fitted(question)))
    if (only === undefined || 'live windows'.includes(only)) figures.push(await windowBytes())
    if (only === undefined || 'keys'.includes(only)) figures.push(...(await keys()))
    return figures
  },
}
