/** The demo's command line. */
import { parseArgs } from 'node:util'

export interface Options {
  readonly seed: number
  readonly kills: number
  readonly parallelism: number
  readonly isKept: boolean
}

const MAX_KILLS = 50

const HELP = `npm run demo -- [options]

  --seed N         another order of the flights and other moments of the kills (default 1)
  --kills N        how often the job is killed, 0 to ${MAX_KILLS} (default 5)
  --parallelism N  subtasks of each step, 1 to 16 (default 1)
  --keep           leaves the data of other seeds under .data/demo where it is
  --help           this page
`

/** What to do, or what to print instead and the exit code. */
export function readOptions(args: readonly string[]): Options | { readonly text: string; readonly code: number } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string', default: '1' },
        kills: { type: 'string', default: '5' },
        parallelism: { type: 'string', default: '1' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return { text: HELP, code: 0 }
    return {
      seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
      kills: wholeNumber('--kills', values.kills, 0, MAX_KILLS),
      parallelism: wholeNumber('--parallelism', values.parallelism, 1, 16),
      isKept: values.keep,
    }
  } catch (error) {
    return { text: `demo: ${error instanceof Error ? error.message : String(error)}\n\n${HELP}`, code: 2 }
  }
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new Error(`${option} is a whole number from ${least} to ${most}, not '${text}'`)
  }
  return value
}
