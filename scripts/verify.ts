/**
 * `npm run verify [-- --without-tests]`: everything that a change must keep and that can be known in two minutes, quick things first,
 * two at a time. What CI runs besides stands in ci.ts.
 */
import { styleText } from 'node:util'
import { runChild, twoAtATime } from './lib/child.ts'

const STEP_TIMEOUT_MS = 600_000
const WANTED_TOTAL_MS = 120_000

/** The steps write into a pipe; they colour what this terminal would. */
const COLOURS: Readonly<Record<string, string>> = paint('red', '') === '' ? { NO_COLOR: '1' } : { FORCE_COLOR: '1' }

interface Step {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

const node = (name: string, ...args: string[]): Step => ({ name, command: process.execPath, args })

const all: readonly Step[] = [
  { name: 'format', command: 'oxfmt', args: ['--check'] },
  node('walls and rings', 'scripts/walls.ts'),
  node('tidy', 'scripts/tidy.ts'),
  { name: 'lint', command: 'oxlint', args: [] },
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  { name: 'types of exports', command: 'tsc', args: ['-p', 'packages/millrace'] },
  node('reference', 'scripts/reference.ts', '--check'),
  node('fast tests', 'scripts/test.ts', '--fast'),
  node('doc tests', 'scripts/doc-tests.ts'),
]

async function runStep(step: Step): Promise<boolean> {
  const { code, output, tookMs } = await runChild(step.command, step.args, { timeoutMs: STEP_TIMEOUT_MS, env: COLOURS })
  const isGood = code === 0
  const mark = isGood ? paint('green', 'ok    ') : paint('red', 'FAILED')
  process.stdout.write(`${mark} ${step.name.padEnd(18)} ${(tookMs / 1000).toFixed(1).padStart(5)} s\n`)
  if (!isGood) process.stdout.write(`${output.trimEnd().replace(/^/gm, '  ')}\n`)
  return isGood
}

function paint(style: 'green' | 'red' | 'yellow', text: string): string {
  return styleText(style, text, { stream: process.stdout })
}

const steps = process.argv.includes('--without-tests') ? all.filter(({ name }) => name !== 'fast tests') : all
const startedAt = performance.now()
const results = await twoAtATime(steps, runStep)
const tookMs = performance.now() - startedAt
const failed = results.filter((isGood) => !isGood).length
if (tookMs > WANTED_TOTAL_MS)
  process.stdout.write(`${paint('yellow', 'slow:')} verify is meant to take at most ${WANTED_TOTAL_MS / 1000} s\n`)
process.stdout.write(`ran ${results.length} of ${steps.length} planned in ${(tookMs / 1000).toFixed(1)} s\n`)
process.stdout.write(`${results.length - failed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
