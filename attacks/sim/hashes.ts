/** `node hashes.ts SEED COUNT`: the traces of so many seeds as JSON, for whoever compares them with those of another place. */
import { drawPlan } from './draw.ts'
import { runTrial } from './trial.ts'

const [first = 1, count = 1] = process.argv.slice(2).map(Number)
const hashes: string[] = []
for (let seed = first; seed < first + count; seed++) hashes.push((await runTrial(drawPlan(seed))).traceHash)
const where = {
  node: process.version,
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  locale: Intl.NumberFormat().resolvedOptions().locale,
}
process.stdout.write(`${JSON.stringify({ hashes, where })}\n`)
