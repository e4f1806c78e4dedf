/** Where the demo keeps its files: one folder for each seed under .data/demo, which one demo at a time may use. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Workplace {
  readonly input: string
  readonly output: string
  readonly checkpoints: string
  release(): void
}

/** The root of the checkout. */
export const root: string = fileURLToPath(new URL('../../', import.meta.url))

const demoFolder = join(root, '.data/demo')

/** Another demo uses the folder: told in one sentence, without a stack. */
export class InUseError extends Error {}

/** Takes the folder of a seed, without what an earlier run has left there besides the input. @throws {InUseError} */
export function takeWorkplace(seed: number): Workplace {
  const folder = join(demoFolder, String(seed))
  mkdirSync(folder, { recursive: true })
  const lock = join(folder, 'lock')
  if (isHeld(lock)) throw new InUseError(`another demo with seed ${seed} is running: wait for it, or choose another --seed`)
  writeFileSync(lock, String(process.pid))
  const place = { input: join(folder, 'input'), output: join(folder, 'output'), checkpoints: join(folder, 'checkpoints') }
  for (const old of [place.output, place.checkpoints]) rmSync(old, { recursive: true, force: true })
  return { ...place, release: () => rmSync(lock, { force: true }) }
}

/** Each seed takes about 0.6 GB: removes the folders of all seeds but this one and those in use. */
export function removeOtherSeeds(seed: number): void {
  for (const name of readdirSync(demoFolder)) {
    const folder = join(demoFolder, name)
    if (name === String(seed) || isHeld(join(folder, 'lock'))) continue
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Whether the process that wrote the lock is alive. */
function isHeld(lock: string): boolean {
  if (!existsSync(lock)) return false
  const pid = Number(readFileSync(lock, 'utf8'))
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
