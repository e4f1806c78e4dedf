/**
 * What CI runs from a clean clone (.ci/run), each command as a person would type it: `npm run verify:full` is the same with
 * the full counts. A command that is listed and missing fails.
 *
 * Every command ends with `N passed, N failed`; the last line here is the sum.
 */
import { styleText } from 'node:util'
import { runChild, twoAtATime } from './lib/child.ts'

const COMMAND_TIMEOUT_MS = 25 * 60_000

interface Command {
  readonly name: string
  readonly args?: readonly string[]
  /** Instead of `args` in verify:full. */
  readonly full?: readonly string[]
  /** It leaves a core to another one, and no time of it is judged. */
  readonly isShared?: boolean
}

const shared = (command: Command): Command => ({ ...command, isShared: true })
const attack = (name: string, ...counts: readonly string[]): Command => ({
  name: 'attack',
  args: [name, '--seed', '1', ...counts],
  full: [name],
})

/**
 * Attacks come with counts that keep CI within a quarter of an hour on two idle cores; the time that it took is told. In full they draw
 * their own seed, and print it. `test` runs the quick tests of `verify` too, so `verify` leaves them out here.
 */
const commands: readonly Command[] = [
  { name: 'verify', args: ['--without-tests'] },
  { name: 'test' },
  attack('oracle', '--jobs', '400'),
  attack('windows', '--cases', '1000'),
  attack('sim', '--seeds', '700', '--twice', '30'),
  { name: 'attack', args: ['sim', '--seed', '1', '--elsewhere', '6'] },
  attack('flip'),
  attack('disk', '--every', '12', '--kernel', '12'),
  attack('kill', '--kills', '20'),
  attack('points', '--times', '1', '--share', '4'),
  attack('contended', '--runs', '6'),
  attack('hostile', '--cases', '40'),
  attack('two', '--rounds', '4'),
  attack('planted', '--share', '4'),
  shared({ name: 'attack', args: ['package'] }),
  shared({ name: 'attack', args: ['protocol'] }),
  shared(attack('host')),
  shared(attack('retain')),
  shared({ name: 'vectors' }),
  shared(attack('state', '--ops', '50000')),
  shared(attack('malformed', '--cases', '800')),
  shared(attack('splits', '--rounds', '12')),
]

interface Counts {
  readonly passed: number
  readonly failed: number
}

/** The counts of a checker's last `N passed, N failed`; one that prints none, or fails without a failure, has failed. */
export function countsOf(output: string, code: number): Counts {
  const [, passed, failed] = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1) ?? []
  if (passed === undefined || failed === undefined) return { passed: 0, failed: 1 }
  return { passed: Number(passed), failed: code === 0 ? Number(failed) : Math.max(1, Number(failed)) }
}

async function run({ name, args = [], full = args, isShared = false }: Command, isFull: boolean): Promise<Counts> {
  const words = [name, ...(isFull ? full : args)]
  const title = styleText('bold', `\n── ${words.join(' ')}\n`, { stream: process.stdout })
  // What two commands say at a time would be hard to read.
  if (!isShared) process.stdout.write(title)
  const { code, output, tookMs } = await runChild(process.execPath, ['scripts/run.mjs', ...words], {
    timeoutMs: COMMAND_TIMEOUT_MS,
    isShown: !isShared,
  })
  if (isShared) process.stdout.write(`${title}${output}`)
  process.stdout.write(`── ${words.join(' ')} ended with ${code} after ${(tookMs / 1000).toFixed(0)} s\n`)
  return countsOf(output, code)
}

async function main(): Promise<void> {
  const isFull = process.argv.includes('--full')
  const began = performance.now()
  const counts: Counts[] = []
  for (const command of commands) if (command.isShared !== true) counts.push(await run(command, isFull))
  counts.push(
    ...(await twoAtATime(
      commands.filter(({ isShared }) => isShared === true),
      (command) => run(command, isFull),
    )),
  )
  const sum = (of: 'passed' | 'failed'): number => counts.reduce((all, each) => all + each[of], 0)
  process.stdout.write(`── all of it took ${((performance.now() - began) / 60_000).toFixed(1)} minutes\n`)
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`)
  process.exitCode = sum('failed') === 0 ? 0 : 1
}

if (import.meta.main) await main()
