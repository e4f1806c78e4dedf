/** The same through the door: a whole job is started on a damaged directory, on a simulated machine. */
import { StreamError } from '../../packages/millrace/src/core/errors.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { startJob } from '../../packages/millrace/src/job/start-job.ts'
import { Machine, ProcessDied } from '../../packages/millrace/src/simulate/machine.ts'
import { DIRECTORY, entryNumberOf, manifestsOf, optionsFor, WALL_MS, type Built } from './build.ts'
import { damaged, type Damage } from './damage.ts'
import { flipJob } from './job.ts'
import { flipRows, gatedSource } from './rows.ts'
import { rowSink, type CommittedRows } from './sink.ts'
import type { Unit } from './unit.ts'
import { errorVerdict, type Verdict } from './verdict.ts'

const LIMIT_MS = 600_000

export interface WholeTry {
  readonly unit: Unit
  readonly damage: Damage
  readonly parallelism: number
}
interface Ended {
  /** Undefined when the job ended well. */
  readonly error: unknown
  readonly output: string
  readonly log: string
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** Of all files the same share: flips, and of each file that it is missing and cut somewhere. */
export function drawTries(units: readonly Unit[], flips: number, seed: number): readonly WholeTry[] {
  const random = new SeededRandom(seed, 'whole jobs')
  const parallelism = (): number => (random.chance(0.5) ? 1 : 3)
  const sizeOf = ({ built, path }: Unit): number => (built.files.get(path) as Uint8Array).length
  const tries: WholeTry[] = []
  for (let n = 0; n < flips; n++) {
    const unit = units[n % units.length] as Unit
    tries.push({ unit, damage: { kind: 'bit', bit: random.below(8 * sizeOf(unit)) }, parallelism: parallelism() })
  }
  for (const unit of units) {
    tries.push({ unit, damage: { kind: 'missing' }, parallelism: parallelism() })
    tries.push({ unit, damage: { kind: 'truncated', length: random.below(sizeOf(unit)) }, parallelism: parallelism() })
  }
  return tries
}

export class WholeJobs {
  readonly #seed: number
  readonly #references = new Map<string, Ended>()

  constructor(seed: number) {
    this.#seed = seed
  }

  async judge({ unit: { built, path }, damage, parallelism }: WholeTry): Promise<Verdict> {
    const files = damaged(built.files, path, damage)
    const ended = await this.#run(built, files, parallelism)
    const gone = [...built.files.keys()]
      .filter((each) => files.get(each) !== undefined || !files.has(each))
      .filter((each) => !ended.files.has(each))
    if (ended.error !== undefined) {
      if (gone.length > 0) return { failure: `removed ${gone.join(', ')}` }
      return errorVerdict(ended.error, [path])
    }
    const expected = await this.#reference(built, parallelism)
    if (ended.output !== expected.output) return { failure: `silent: the output differs:\n${ended.output}\n${expected.output}` }
    const number = entryNumberOf(path)
    const isNeeded = number !== undefined && [...manifestsOf(built)].some((each) => each.number === number)
    if (isNeeded && built.name !== 'finished' && !ended.log.includes(path)) return { failure: 'the damage is not reported' }
    if (isNeeded && gone.length > 0) return { failure: `removed ${gone.join(', ')} while nobody knew what the damaged entry needs` }
    return ended.log.includes(path) ? 'detected' : 'harmless'
  }

  async #reference(built: Built, parallelism: number): Promise<Ended> {
    const key = `${built.name} ${parallelism}`
    const known = this.#references.get(key) ?? (await this.#run(built, new Map(), parallelism))
    if (known.error !== undefined) throw known.error
    this.#references.set(key, known)
    return known
  }

  async #run(built: Built, changed: ReadonlyMap<string, Uint8Array | undefined>, parallelism: number): Promise<Ended> {
    const machine = new Machine({ seed: this.#seed, startMs: WALL_MS + 60_000 })
    fill(machine, new Map([...built.files, ...changed]))
    const process = machine.start()
    const committed: CommittedRows = new Map()
    const source = gatedSource(flipRows(this.#seed), { allowed: Number.POSITIVE_INFINITY })
    let error: unknown
    try {
      const handle = await startJob(flipJob(source, rowSink(committed)), optionsFor(parallelism), { env: process })
      handle.finished.catch(() => undefined)
      await machine.run(handle.finished, { process, limitMs: LIMIT_MS })
    } catch (thrown) {
      error = thrown instanceof ProcessDied || !StreamError.is(thrown) ? new Error(`ended with ${String(thrown)}`) : thrown
    }
    // What a failed job still had under way.
    await machine.advance(1_000)
    const log = process.logged.map(({ fields }) => JSON.stringify(fields)).join('\n')
    return { error, output: [...committed.values()].flat().sort().join('\n'), log, files: machine.disk.snapshot() }
  }
}

/** Durable, as an earlier boot left it. */
function fill({ disk }: Machine, files: ReadonlyMap<string, Uint8Array | undefined>): void {
  for (const folder of ['/', DIRECTORY, `${DIRECTORY}/log`, `${DIRECTORY}/chunks`]) disk.makeDirectory(folder)
  for (const [path, bytes] of files) {
    if (bytes === undefined) continue
    const inode = disk.create(path)
    inode.append(bytes)
    inode.sync()
  }
  for (const folder of ['/', DIRECTORY, `${DIRECTORY}/log`, `${DIRECTORY}/chunks`]) disk.syncDirectory(folder)
}
