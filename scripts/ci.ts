/**
 * What CI runs from a clean clone (.ci/run), each command as a person would type it: `npm run verify:full` is the same with
 * the full counts. A command that is listed and missing fails.
 *
 * Every command ends with `N passed, N failed`; the last line here is the sum.
 */
import { styleText } from 'node:util'
import { runChild } from './lib/child.ts'

const COMMAND_TIMEOUT_MS = 25 * 60_000

interface Command {
  readonly name: string
  readonly args?: readonly string[]
  /** Instead of `args` in verify:full. */
  readonly full?: readonly string[]
}

const attack = (name: string, ...counts: readonly string[]): Command => ({
  name: 'attack',
  args: [name, '--seed', '1', ...counts],
  full: [name],
})

/** Attacks come with counts that keep CI within a quarter of an hour on two idle cores; the time that it took is told. In full they draw their own seed, and print it. */
const commands: readonly Command[] = [
  { name: 'verify' },
  { name: 'test' },
  { name: 'vectors' },
  { name: 'attack', args: ['package'] },
  { name: 'attack', args: ['protocol'] },
  attack('state', '--ops', '50000'),
  attack('oracle', '--jobs', '400'),
  attack('windows', '--cases', '1000'),
  attack('sim', '--seeds', '700', '--twice', '30'),
  { name: 'attack', args: ['sim', '--seed', '1', '--elsewhere', '10'] },
  attack('host'),
  attack('flip'),
  attack('disk', '--every', '6', '--kernel', '12'),
  attack('malformed', '--cases', '800'),
  attack('retain'),
  attack('splits', '--rounds', '12'),
  attack('kill', '--kills', '20'),
  attack('points', '--times', '1', '--share', '3'),
  attack('contended', '--runs', '6'),
  attack('hostile', '--cases', '30'),
  attack('two', '--rounds', '4'),
  attack('planted'),
]

/** The counts of a checker's last `N passed, N failed`; one that prints none, or fails without a failure, has failed. */
export function countsOf(output: string, code: number): { readonly passed: number; readonly failed: number } {
  const [, passed, failed] = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1) ?? []
  if (passed === undefined || failed === undefined) return { passed: 0, failed: 1 }
  return { passed: Number(passed), failed: code === 0 ? Number(failed) : Math.max(1, Number(failed)) }
}

async function main(): Promise<void> {
  const isFull = process.argv.includes('--full')
  const sum = { passed: 0, failed: 0 }
  const began = performance.now()
  for (const { name, args = [], full = args } of commands) {
    const words = [name, ...(isFull ? full : args)]
    process.stdout.write(styleText('bold', `\n── ${words.join(' ')}\n`, { stream: process.stdout }))
    const { code, output, tookMs } = await runChild(process.execPath, ['scripts/run.mjs', ...words], {
      timeoutMs: COMMAND_TIMEOUT_MS,
      isShown: true,
    })
    const counts = countsOf(output, code)
    process.stdout.write(`── ${words.join(' ')} ended with ${code} after ${(tookMs / 1000).toFixed(0)} s\n`)
    sum.passed += counts.passed
    sum.failed += counts.failed
  }
  process.stdout.write(`── all of it took ${((performance.now() - began) / 60_000).toFixed(1)} minutes\n`)
  process.stdout.write(`${sum.passed} passed, ${sum.failed} failed\n`)
  process.exitCode = sum.failed === 0 ? 0 : 1
}

if (import.meta.main) await main()
