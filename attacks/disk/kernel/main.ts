/** Cases on the real kernel: a shim that strikes at the n-th call, and a file system that is full. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ownFolder, Progress, type AttackResult } from '../../lib/attack.ts'
import { KernelLife, type Ending } from './life.ts'
import { kernelPlan, type KernelCase } from './plan.ts'
import { buildShim, shimEnvironment, type ShimCall } from './shim.ts'
import { AMPLE_BYTES, mountSmall } from './full-disk.ts'
import type { ProcessEnd } from '../loud.ts'
import { kindOfEnd } from './verdict.ts'

const CALLS: readonly ShimCall[] = ['write', 'fsync', 'rename', 'link', 'read']
const AT_ONCE = 2

interface Found {
  readonly kind: 'exact' | 'loud' | 'not run' | 'wrong'
  readonly what: string
}

export async function kernelCases(seed: number, count: number): Promise<AttackResult> {
  if (count === 0) return { passed: 0, failed: 0, planned: 0, notRun: 0 }
  const folder = ownFolder('disk')
  const shim = buildShim(folder)
  const calls = 'library' in shim ? await countCalls(shim.library, folder, seed) : new Map<ShimCall, number>()
  const needed = await neededBytes(join(folder, 'ample'), seed)
  const cases = kernelPlan(seed, count, calls)
  const found: Found[] = []
  const progress = new Progress('kernel', cases.length)
  const queue = [...cases.entries()]
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, each] = next
      const result = await tryOne(each, join(folder, `kernel-${index}`), { shim, needed })
      found.push(result)
      if (result.kind === 'wrong') progress.say(`  ${JSON.stringify(each)}: ${result.what}`)
      progress.at(found.length)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  rmSync(folder, { recursive: true, force: true })
  return report(found, calls)
}

interface Means {
  readonly shim: ReturnType<typeof buildShim>
  /** Bytes of a life on its file system; or why none can be mounted. */
  readonly needed: number | string
}

async function tryOne(each: KernelCase, path: string, { shim, needed }: Means): Promise<Found> {
  if (each.kind === 'full') return typeof needed === 'string' ? { kind: 'not run', what: needed } : tryFull(each, path, needed)
  return 'library' in shim ? tryShim(each, path, shim.library) : { kind: 'not run', what: shim.reason }
}

async function tryShim(each: Extract<KernelCase, { kind: 'shim' }>, path: string, library: string): Promise<Found> {
  const { seed, strike } = each
  const life = new KernelLife(path, seed)
  const told = join(path, 'told')
  // Where it does not come to it, the next life is struck earlier.
  for (let { nth } = strike; ; nth = Math.ceil(nth / 2)) {
    const next = nth === strike.nth ? life : new KernelLife(path, seed)
    await next.start(shimEnvironment(library, { ...strike, nth }, next, told))
    if (existsSync(told) || nth === 1) return verdict(each, await next.finish(), existsSync(told) ? '' : 'the shim never struck')
  }
}

/** Too small for the job; it grows for the second process. */
async function tryFull(each: Extract<KernelCase, { kind: 'full' }>, path: string, needed: number): Promise<Found> {
  const { seed, share } = each
  const life = new KernelLife(path, seed)
  const disk = mountSmall(life.place(), share * needed)
  if (typeof disk === 'string') return { kind: 'not run', what: disk }
  try {
    await life.start()
    const wasFull = life.ends[0]?.how !== 'finished'
    disk.grow()
    return verdict(each, await life.finish(), wasFull ? '' : 'the file system was never full')
  } finally {
    disk.remove()
  }
}

/** What a life has left on its file system: at some time it needs no less. */
async function neededBytes(path: string, seed: number): Promise<number | string> {
  const life = new KernelLife(path, seed)
  const disk = mountSmall(life.place(), AMPLE_BYTES)
  if (typeof disk === 'string') return disk
  try {
    await life.start()
    return disk.usedBytes
  } finally {
    disk.remove()
  }
}

function verdict(each: KernelCase, { ends, faults }: Ending, more: string): Found {
  const first = ends[0] as ProcessEnd
  const wrong = [...faults, ...(more === '' ? [] : [more])]
  const kind = kindOfEnd(each, first)
  if (kind === 'wrong') wrong.push(`the first process ended with ${first.how} ${first.said}`)
  return wrong.length > 0 ? { kind: 'wrong', what: wrong.join('\n      ') } : { kind, what: first.how }
}

async function countCalls(library: string, folder: string, seed: number): Promise<ReadonlyMap<ShimCall, number>> {
  const counts = new Map<ShimCall, number>()
  for (const call of CALLS) {
    const path = join(folder, `count-${call}`)
    const life = new KernelLife(path, seed)
    const told = join(path, 'told')
    await life.start(shimEnvironment(library, { call, nth: 0, action: 'EIO', stays: false }, life, told))
    if (life.ends[0]?.how !== 'finished') throw new Error(`a life that nobody disturbs ended with ${life.ends[0]?.how}`)
    counts.set(call, existsSync(told) ? readFileSync(told).length : 0)
  }
  return counts
}

function report(found: readonly Found[], calls: ReadonlyMap<ShimCall, number>): AttackResult {
  const say = (line: string): void => void process.stdout.write(`  ${line}\n`)
  const count = (kind: Found['kind']): number => found.filter((each) => each.kind === kind).length
  say(`calls of one life on the real kernel: ${[...calls].map(([call, times]) => `${call} ${times}`).join(', ')}`)
  const ran = found.length - count('not run')
  say(
    `real kernel: ${ran} cases, ${count('exact')} exact at once, ${count('loud')} stopped and then exact, ${count('wrong')} silent or wrong`,
  )
  for (const reason of new Set(found.flatMap(({ kind, what }) => (kind === 'not run' ? [what] : []))))
    say(`not run: ${found.filter(({ kind, what }) => kind === 'not run' && what === reason).length} cases, because ${reason}`)
  const failed = count('wrong')
  return { passed: ran - failed, failed, planned: found.length, notRun: count('not run') }
}
