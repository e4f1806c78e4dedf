/** What a loss of power may leave of a disk: every choice among what is not durable, each once. */
import { crc32 } from 'node:zlib'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { INPUT } from './lines.ts'
import type { Disk, Survival } from '../../packages/millrace/src/simulate/disk.ts'

/** How much of what is possible is tried. */
export interface Extent {
  /** Of a file with more sectors that are not durable not every subset of them is: it is cut at each, and lacks each. */
  readonly sectors: number
  /** More choices than these are not all tried: a sample is. */
  readonly subsets: number
}

export interface Left {
  readonly disk: Disk
  /** For whoever reads it: what survives, 1 or 0, in the order in which the disk asks. */
  readonly answers: string
  /** Of a file that was long a part is missing, and it was not chosen freely. */
  readonly isOfLong: boolean
}

/** Whether `allLeft` gives no more than can be tried. */
export function isSmall(disk: Disk, extent: Extent): boolean {
  let count = 0
  for (const _left of allLeft(disk, extent)) if (++count > extent.subsets) return false
  return true
}

/**
 * Every choice. What is asked depends on what was answered: of a file that lost its name no sector matters. So this is backtracking
 * over the answers: the last "no" becomes a "yes", what comes after it is asked anew.
 */
export function* allLeft(disk: Disk, { sectors }: Extent): Generator<Left> {
  let prefix: boolean[] = []
  for (;;) {
    const answers: boolean[] = []
    const left = disk.copy()
    let lost = 0
    let then: boolean | undefined
    let isOfLong = false
    left.losePower((_index, kind, { at, count }) => {
      const isInLongFile = kind === 'sector' && count - 1 > sectors
      if (at === 0) {
        lost = 0
        then = undefined
      }
      // Where one is lost, the next one says what becomes of all others: of a long file its end is missing, or one sector.
      const isSize = at === count - 1
      if (isInLongFile && !isSize && then !== undefined) {
        isOfLong = true
        return then
      }
      const answer = prefix[answers.length] ?? false
      answers.push(answer)
      if (lost > 0) then ??= answer
      else if (!answer) lost++
      return answer
    })
    yield { disk: left, answers: text(answers), isOfLong }
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
  left.losePower((index, kind, place) => {
    const answer = survival === 'all' || (survival !== 'none' && survival(index, kind, place))
    answers.push(answer)
    return answer
  })
  return { disk: left, answers: text(answers), isOfLong: false }
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
