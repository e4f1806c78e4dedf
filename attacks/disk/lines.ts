/**
 * The files that the recorded job reads, beside a source of the attack's own. A batch of a file ends after so many lines, empty ones
 * too: so a few records and many empty lines make one, and positions inside of files are in each checkpoint. The first file is longer
 * than what is read of it at first: it is also read while checkpoints are made.
 */
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { BATCH_RECORDS } from '../../packages/millrace/src/connectors/file-split.ts'
import type { Disk } from '../../packages/millrace/src/simulate/disk.ts'
import { START_MS } from '../lib/sequence-input.ts'

export interface Line {
  readonly file: number
  readonly n: number
  /** In both files. */
  readonly key: string
  readonly at: number
  /** Its time is behind that of the lines around it, and never by more than the lateness of the windows. */
  readonly stray?: true
}

export const INPUT = '/in'
/** The second has ended before the last process begins: it is looked at, and not read. */
const LINES_OF = [15, 7]
export const LINE_FILES: number = LINES_OF.length
/** Of one batch, as long as there are more. */
export const LINES_IN_BATCH = 2
export const TUMBLING_MS = 1_000
export const LATENESS_MS = 2_500
const LEAST_STRAY_MS = 1_200
const STEP_MS = 450
const KEYS = 3
/** One in so many. */
const STRAYS = 3
/** Of blanks in each line of the first file: more than 64 KiB in all. */
const PADDING = 5_000

export function linesOf(seed: number, file: number): readonly Line[] {
  const random = new SeededRandom(seed, `lines ${file}`)
  return Array.from({ length: LINES_OF[file] as number }, (_, n): Line => {
    const key = `l${random.below(KEYS)}`
    const at = START_MS + n * STEP_MS + random.below(STEP_MS)
    const strayMs = LEAST_STRAY_MS + random.below(LATENESS_MS - LEAST_STRAY_MS)
    return n % STRAYS === STRAYS - 1 ? { file, n, key, at: at - strayMs, stray: true } : { file, n, key, at }
  })
}

/** Durable, before anything begins. */
export function putLines(disk: Disk, seed: number): void {
  disk.makeDirectory(INPUT)
  for (let file = 0; file < LINE_FILES; file++) {
    const inode = disk.create(`${INPUT}/lines-${file}.jsonl`)
    inode.append(new TextEncoder().encode(textOf(linesOf(seed, file), file === 0 ? PADDING : 0)))
    inode.sync()
  }
  for (const folder of ['/', INPUT]) disk.syncDirectory(folder)
}

/** The last line has no end. */
function textOf(lines: readonly Line[], padding: number): string {
  let text = ''
  for (const [index, line] of lines.entries()) {
    text += JSON.stringify(line).replace('{', `{${' '.repeat(padding)}`)
    const isLast = index === lines.length - 1
    if (!isLast) text += '\n'.repeat((index + 1) % LINES_IN_BATCH === 0 ? BATCH_RECORDS - LINES_IN_BATCH + 1 : 1)
  }
  return text
}
