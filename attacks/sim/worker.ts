/** A process of the pool: runs the seeds that it is sent, and makes those that fail smaller. */
import { serve } from '../lib/pool.ts'
import { drawPlan } from './draw.ts'
import { faultKindsOf } from './kinds.ts'
import { againText, shrunk } from './replay.ts'
import type { Tally } from './tally.ts'
import { runTrial } from './trial.ts'

export interface Told {
  readonly problems: readonly string[]
  readonly tally: Tally
  readonly tookMs: number
  /** It was run twice, and both traces were equal. */
  readonly isSameTwice: boolean
}

const only = faultKindsOf(process.argv[2] as string)
/** Seeds below it are run twice. */
const twiceBelow = Number(process.argv[3])
const SHOWN = 4

serve<Told>(async (seed) => {
  const plan = drawPlan(seed, only)
  const began = performance.now()
  const { violations, tally, traceHash } = await runTrial(plan)
  const tookMs = performance.now() - began
  if (violations.length > 0) {
    const { kept, of } = await shrunk(plan)
    return {
      problems: [...violations.slice(0, SHOWN), `shrunk from ${of} to ${kept.length} faults`, againText(seed, only, kept)],
      tally,
      tookMs,
      isSameTwice: false,
    }
  }
  if (seed >= twiceBelow) return { problems: [], tally, tookMs, isSameTwice: false }
  const again = await runTrial(drawPlan(seed, only))
  const isSameTwice = again.traceHash === traceHash
  return { problems: isSameTwice ? [] : [`two runs of it differ: ${traceHash} and ${again.traceHash}`], tally, tookMs, isSameTwice }
})
