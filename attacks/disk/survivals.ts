/** What a loss of power may leave of a disk: every choice among what is not durable, each once. */
import { crc32 } from 'node:zlib'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { INPUT } from './lines.ts'
import type { Disk, Survival } from '../../packages/millrace/src/simulate/disk.ts'

/** More choices than these are not all tried: a sample is. */
const MOST_SUBSETS = 2 ** 12

export interface Left {
  readonly disk: Disk
  /** For whoever reads it: what survives, 1 or 0, in the order in which the disk asks. */
  readonly answers: string
}

/** Whether `allLeft` gives no more than can be tried. */
export function isSmall(disk: Disk): boolean {
  let count = 0
  for (const _left of allLeft(disk)) if (++count > MOST_SUBSETS) return false
  return true
}

/**
 * Every choice. What is asked depends on what was answered: of a file that lost its name no sector matters. So this is backtracking
 * over the answers: the last "no" becomes a "yes", what comes after it is asked anew.
 */
export function* allLeft(disk: Disk): Generator<Left> {
  let prefix: boolean[] = []
  for (;;) {
    const answers: boolean[] = []
    const left = disk.copy()
    left.losePower(() => {
      const answer = prefix[answers.length] ?? false
      answers.push(answer)
      return answer
    })
    yield { disk: left, answers: text(answers) }
    const lastNo = answers.lastIndexOf(false)
    if (lastNo < 0) return
    prefix = [...answers.slice(0, lastNo), true]
  }
}

/** None, all, and `samples` drawn ones. */
export function* someLeft(disk: Disk, { seed, samples }: { readonly seed: number; readonly samples: number }): Generator<Left> {
  yield tried(disk, 'none')
  yield tried(disk, 'all')
  const random = new SeededRandom(seed, 'survivals')
  for (let sample = 0; sample < samples; sample++) {
    const share = random.next()
    yield tried(disk, () => random.chance(share))
  }
}

function tried(disk: Disk, survival: Survival): Left {
  const answers: boolean[] = []
  const left = disk.copy()
  left.losePower((index, kind) => {
    const answer = survival === 'all' || (survival !== 'none' && survival(index, kind))
    answers.push(answer)
    return answer
  })
  return { disk: left, answers: text(answers) }
}

function text(answers: readonly boolean[]): string {
  return answers.map((answer) => (answer ? '1' : '0')).join('')
}

/** Two disks with the same picture are the same to whoever reads them: names, which of them are one file, and bytes. */
export function pictureOf(disk: Disk, folder: string = '/'): string {
  const lines: string[] = []
  for (const { name, kind } of disk.list(folder)) {
    const path = folder === '/' ? `/${name}` : `${folder}/${name}`
    // Nobody writes it.
    if (path === INPUT) continue
    if (kind === 'directory') lines.push(`${path}/`, pictureOf(disk, path))
    else {
      const inode = disk.open(path)
      lines.push(`${path} ${inode.id} ${inode.size} ${crc32(inode.read(0, inode.size))}`)
    }
  }
  return lines.join('\n')
}
