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
import { decades, type PowerLaw, powerLaw } from './lib/fit.ts'
import { chainOf, countOfKeys, finerSlides, type Growing, liveWindows, longerWindows, pendingTimers, randomAccess } from './lib/growing.ts'

const ROUNDS = 3

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

async function baseBytes(): Promise<number> {
  // Whatever an earlier job left to turns of the event loop is let go first.
  for (let turn = 0; turn < 4; turn++) {
    collectGarbage()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return memoryBytes()
}

function memoryBytes(): number {
  // The second one waits for buffers that the first has found in the background.
  collectGarbage()
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
  const before = await baseBytes()
  await one.run(runJob)
  one.verify()
  return (peak - before) / size
}

interface Question {
  readonly name: string
  /** What one of the size is called. */
  readonly unit: string
  readonly sizes: readonly number[]
  readonly growing: (size: number, atPeak?: () => void) => Growing
  /**
   * Each of the size has its own place in memory, which is touched in no order. What is held at the peak is measured, the same records
   * each change one place of as much memory, and what is fitted is the ratio to that: caches end where they end, for everybody.
   */
  readonly inMemory?: boolean
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
  { name: 'live windows', unit: 'window', sizes: decades(1_000, 1_000_000, 4), growing: liveWindows, inMemory: true },
  {
    name: 'timers, one a key',
    unit: 'timer',
    sizes: decades(1_000, 1_000_000, 4),
    growing: (size, atPeak) => pendingTimers('one a key', size, atPeak),
    inMemory: true,
  },
  {
    name: 'timers, many a key',
    unit: 'timer',
    sizes: decades(1_000, 1_000_000, 4),
    growing: (size, atPeak) => pendingTimers('many a key', size, atPeak),
    inMemory: true,
  },
  {
    name: 'chain of 1 to 32 steps',
    unit: 'step and record',
    sizes: [1, 2, 3, 4, 6, 8, 11, 16, 23, 32],
    growing: chainOf,
  },
  {
    name: 'keys',
    unit: 'key',
    sizes: decades(1_000, 10_000_000, 4),
    growing: countOfKeys,
    inMemory: true,
  },
]

interface Point {
  readonly one: Growing
  readonly other: Growing | undefined
  /** All ms a round. */
  readonly own: number[]
  readonly others: number[]
  readonly fitted: number[]
}

async function measure({ one, other, own, others, fitted }: Point): Promise<void> {
  const cost = await costOf(one)
  const beside = other === undefined ? Number.NaN : await costOf(other)
  own.push(cost)
  others.push(beside)
  fitted.push(other === undefined ? cost : (one.size * cost) / beside)
  process.stdout.write('.')
}

async function answer(question: Question): Promise<readonly Figure[]> {
  const { name, unit, sizes, inMemory = false } = question
  const bytes = inMemory ? await bytesOf(1_000_000, question.growing) : Number.NaN
  const points = sizes.map((size): Point => ({
    one: question.growing(size),
    other: inMemory ? randomAccess(size, bytes) : undefined,
    own: [],
    others: [],
    fitted: [],
  }))
  // All points in each round, so that a drift of the machine hits them alike.
  for (let round = 0; round < ROUNDS; round++) for (const point of points) await measure(point)
  process.stdout.write('\n')
  const lawOf = (of: 'own' | 'others' | 'fitted'): PowerLaw => powerLaw(points.map((point) => [point.one.size, median(point[of])]))
  const nsOf = ({ one, own }: Point): number => (median(own) * 1e6) / one.size
  const { exponent, r2 } = lawOf('fitted')
  const figures: Figure[] = [
    { name: `${name}: each ${unit} at ${sizes[0]}`, value: nsOf(points[0] as Point), unit: 'ns', digits: 1 },
    { name: `${name}: each ${unit} at ${sizes.at(-1)}`, value: nsOf(points.at(-1) as Point), unit: 'ns', digits: 1 },
    { name: `${name}: exponent${inMemory ? ' of the ratio to random access' : ''}`, value: exponent, unit: '', goal: 1.1, atMost: true },
    { name: `${name}: r²`, value: r2, unit: '', digits: 3, goal: 0.9 },
  ]
  if (!inMemory) return figures
  return [
    ...figures,
    { name: `${name}: bytes of each ${unit}`, value: bytes, unit: 'bytes', digits: 0 },
    { name: `${name}: exponent of the cost alone`, value: lawOf('own').exponent, unit: '' },
    { name: `${name}: exponent of random access in as much memory`, value: lawOf('others').exponent, unit: '' },
  ]
}

export const bench: Bench = {
  question: 'how costs grow with keys, windows, slides, timers and steps: exponents over three decades',
  async run(args) {
    const only = args[0]?.startsWith('-') === true ? undefined : args[0]
    await pollute()
    const figures: Figure[] = []
    for (const question of questions) if (only === undefined || question.name.includes(only)) figures.push(...(await answer(question)))
    return figures
  },
}
