/**
 * `npm run demo`: three million flights through a job that is killed with SIGKILL while it works, and then every row that it
 * has committed compared with a computation that knows nothing of Millrace.
 */
import { relative } from 'node:path'
import { Checks } from './checks.ts'
import type { JobOptions } from './job-process.ts'
import type { Life } from './kills.ts'
import { type Options, readOptions } from './options.ts'
import { prepare, type Prepared } from './prepare.ts'
import { Results } from './results.ts'
import { runPhase } from './run-phase.ts'
import { bold, count, dim, megabytes, percent, Screen, seconds } from './screen.ts'
import { straightLine } from './straight-line.ts'
import { verify } from './verify.ts'
import { InUseError, removeOtherSeeds, root, takeWorkplace, type Workplace } from './workplace.ts'

/** Often, so that something is committed between two kills; one second would be usual. */
const CHECKPOINT_EVERY = '250ms'

/** Kills, restarts, the end; six outputs; hours and late flights together. */
const PLANNED_CHECKS = 10

const screen = new Screen()
const checks = new Checks(screen)

async function demo(options: Options, place: Workplace): Promise<void> {
  if (!options.isKept) removeOtherSeeds(options.seed)
  const job = jobOptions(options, place)
  const { seed, kills } = options
  const [input, prepareMs] = await phase('prepare', () => prepareInput(options, place))
  const [lives, runMs] = await phase('run', () => runPhase({ screen, checks, job, input, seed, kills }))
  const [results, verifyMs] = await phase('verify', () => verifyOutput(place))
  title('results')
  for (const line of results.lines()) screen.line(`  ${line}`)
  title('time')
  screen.line(`  prepare ${seconds(prepareMs)}, run ${seconds(runMs)}, verify ${seconds(verifyMs)}`)
  for (const line of speedLines(input, lives)) screen.line(`  ${line}`)
  showNext(options, place, job)
}

function jobOptions(options: Options, place: Workplace): JobOptions {
  const config = { input: short(place.input), output: short(place.output) }
  return { checkpoints: short(place.checkpoints), every: CHECKPOINT_EVERY, parallelism: options.parallelism, config }
}

async function prepareInput(options: Options, place: Workplace): Promise<Prepared> {
  const input = await prepare(place.input, options.seed, (step, done, total) => screen.live(`  ${step} flights  ${percent(done / total)}`))
  screen.line(`  ${count(input.flights)} flights in the US in 2001, from ${input.airports} airports,`)
  screen.line(`  out of order by up to 3 h, but for ${count(input.stragglers)} that are reported 1 to 5 days late`)
  screen.line(
    `  ${megabytes(input.bytes)} in ${input.files.length} files of JSON Lines${input.reused ? ', there already' : ''}: ${short(place.input)}`,
  )
  return input
}

async function verifyOutput(place: Workplace): Promise<Results> {
  const expected = straightLine(place.input, (done) => screen.live(`  computing what is expected  ${count(done)} flights`))
  screen.line(
    `  straight-line.ts expects ${count(expected.accounts.count)} accounts, ${count(expected.alerts.length)} alerts, and its windows`,
  )
  const results = new Results()
  const { verdicts, conservation, replaced } = verify(place.output, expected, (sink, row, position) => {
    results.see(sink, row)
    if (position % 100_000 === 0) screen.live(`  comparing  ${count(position)} rows`)
  })
  for (const { name, rows, files, missing, doubled, wrong, examples } of verdicts) {
    const found = `${name.padEnd(11)}${count(rows).padStart(10)} rows in ${files} files: missing ${missing}, doubled ${doubled}, wrong ${wrong}`
    checks.check(missing + doubled + wrong === 0, found, examples)
  }
  const { counted, late, unequal } = conservation
  const balance = `${count(counted)} counted + ${count(late)} late = ${count(expected.accounts.count)} flights, in each hour`
  checks.check(unequal.length === 0, balance, unequal.slice(0, 3))
  results.replaced = replaced
  return results
}

function speedLines(input: Prepared, lives: readonly Life[]): readonly string[] {
  const ms = lives.reduce((sum, life) => sum + life.ms, 0)
  const overall = `engine: ${count(input.flights / (ms / 1_000))} flights a second, with ${lives.length} starts and what was done twice`
  const ownWords = lives.at(-1)?.lines.findLast((line) => line.includes('finished: '))
  const last = ownWords?.replace(/^.*finished: /, '').split('; ')
  return last === undefined ? [overall] : [overall, 'the last start about itself:', ...last.map((part) => `  ${part}`)]
}

function showNext({ seed }: Options, place: Workplace, job: JobOptions): void {
  const next: readonly (readonly [string, string])[] = [
    [`npm run demo -- --seed ${seed + 1} --kills 20`, 'another order, other moments, more of them'],
    [`npx millrace checkpoints ${job.checkpoints}`, 'the checkpoints that are left'],
    [`npx millrace inspect ${job.checkpoints}`, 'what is in the newest: state, positions, watermarks'],
    [`cat ${short(place.output)}/late/* | tail -n 3`, 'flights that came too late for their hour, as they are on disk'],
    [`cat ${short(place.output)}/bad-weather/* | tail -n 3`, 'stretches of bad weather; a later row replaces those it covers'],
    [`npx millrace explain examples/demo/job.ts --config '{"input":"in","output":"out"}'`, 'what the job does and guarantees'],
  ]
  title('what to try next')
  for (const [command, why] of next) {
    screen.line(dim(`  ${why}`))
    screen.line(`    ${command}`)
  }
}

async function phase<T>(name: string, work: () => Promise<T>): Promise<readonly [result: T, ms: number]> {
  title(name)
  const startedAt = performance.now()
  const result = await work()
  return [result, performance.now() - startedAt]
}

function title(text: string): void {
  screen.line()
  screen.line(bold(text))
}

/** As seen from the root of the checkout, where commands are typed. */
function short(path: string): string {
  return relative(root, path)
}

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args)
  if ('text' in options) {
    process[options.code === 0 ? 'stdout' : 'stderr'].write(options.text)
    return options.code
  }
  screen.line(`seed ${options.seed}`)
  const place = takeWorkplace(options.seed)
  try {
    await demo(options, place)
  } finally {
    place.release()
  }
  screen.line()
  screen.line(`ran ${checks.passed + checks.failed} of ${PLANNED_CHECKS} planned`)
  screen.line(`${checks.passed} passed, ${checks.failed} failed`)
  return checks.failed === 0 ? 0 : 1
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof InUseError)) throw error
  process.stderr.write(`demo: ${error.message}\n`)
  process.exitCode = 2
}
