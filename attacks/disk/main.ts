/**
 * `npm run attack -- disk [--seed N] [--every N] [--full]`: the disk, exhaustively. One life of a job on a simulated machine is
 * recorded, which reads files too and has windows that fire again: checkpoints, rewritten bases, restores, a release, the end. At each operation of its disk the process is killed before
 * and after, the write is torn at each 512 bytes, the operation fails once and for good; and after each that changes the disk the
 * power goes, leaving each subset of what was not durable. A new process has to finish the job with exact output. On the real
 * kernel the same is done to processes, by a shim between them and the C library, and by a full file system.
 */
import { join } from 'node:path'
import { chosenSeed, defineAttack, Progress, type Attack, type AttackResult } from '../lib/attack.ts'
import { flag, seed, whole } from '../lib/options.ts'
import { runPool } from '../lib/pool.ts'
import { kernelCases } from './kernel/main.ts'
import { fittingSeed } from './record.ts'
import type { Extent } from './survivals.ts'
import { Tally } from './tally.ts'
import { piecesOf, recordTurn, WORK_NAME, type WorkOptions } from './work.ts'
import type { PieceResult } from './worker.ts'

const WINDOW = 8
const FULL_WINDOW = 12
const SAMPLES = 2
const FULL_SAMPLES = 40
const EXTENT: Extent = { sectors: 4, subsets: 2 ** 12 }
const FULL_EXTENT: Extent = { sectors: 6, subsets: 2 ** 14 }
const TIMEOUT_MS = 300_000

export const attack: Attack = defineAttack({
  name: 'disk',
  summary: 'each operation of the disk: crashed before and after, torn, failed; each subset of what was not durable',
  options: {
    seed,
    every: whole(1, 'each Nth operation alone'),
    kernel: whole(60, 'processes on the real kernel', { least: 0 }),
    full: flag(`more subsets of what was not durable: of the last ${FULL_WINDOW} changes instead of ${WINDOW}`),
  },
  async run({ seed: given, every, kernel: kernelCount, full: isFull }) {
    const seed = await fittingSeed(chosenSeed(given))
    const work: WorkOptions = {
      seed,
      every,
      window: isFull ? FULL_WINDOW : WINDOW,
      samples: isFull ? FULL_SAMPLES : SAMPLES,
      extent: isFull ? FULL_EXTENT : EXTENT,
    }
    const simulated = await simulatedCases(work)
    const kernel = await kernelCases(seed, kernelCount)
    return {
      counts: { ...simulated.counts, kernel: kernel.passed + kernel.failed },
      notRun: kernel.notRun ?? 0,
      passed: simulated.passed + kernel.passed,
      failed: simulated.failed + kernel.failed,
      planned: (simulated.planned ?? 0) + (kernel.planned ?? 0),
    }
  },
})

async function simulatedCases(work: WorkOptions): Promise<AttackResult> {
  process.env[WORK_NAME] = JSON.stringify(work)
  const recording = await recordTurn(undefined, work)
  const pieces = piecesOf(recording, work)
  const tally = new Tally(recording, work)
  const progress = new Progress('pieces', pieces.length)
  let done = 0
  await runPool<PieceResult>({
    module: join(import.meta.dirname, 'worker.ts'),
    cases: pieces.map((_piece, number) => number),
    timeoutMs: TIMEOUT_MS,
    onResult(_number, result) {
      for (const failure of tally.add(result)) progress.say(`  ${failure}`)
      progress.at(++done)
    },
    onDeath(number, reason) {
      tally.died()
      progress.say(`  piece ${number}: ${reason}`)
    },
  })
  return tally.report()
}
