/** A sample of the damages with whole jobs: started on a simulated machine, they end with an error and write nothing. */
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { StreamError } from '../../packages/millrace/src/core/errors.ts'
import { startJob } from '../../packages/millrace/src/job/start-job.ts'
import { Machine } from '../../packages/millrace/src/simulate/machine.ts'
import { pacedSource } from '../lib/paced-source.ts'
import { START_MS } from '../lib/sequence-input.ts'
import { sequenceJob } from '../lib/sequence-job.ts'
import { damaged, damagesOf, HARMLESS, partsOf, type Damage } from './damage.ts'
import { manifestsOf, STORAGE, type Directory, type Made } from './make.ts'

const SAMPLE = 40

export async function endToEnd(made: Made, seed: number): Promise<{ readonly tried: number; readonly wrong: readonly string[] }> {
  const random = new SeededRandom(seed, 'end to end')
  const newest = manifestsOf(made.killed).at(-1)
  const needed = new Set(newest?.chunks.map((chunk) => `chunks/${chunk.name}`))
  const paths = partsOf(made.killed).filter(
    (path) => !HARMLESS.has(path) && (needed.has(path) || path === partsOf(made.killed).findLast((each) => each.startsWith('log/'))),
  )
  const damages = damagesOf(made.killed, paths).filter(({ kind }) => kind !== 'swapped')
  const wrong: string[] = []
  for (let index = 0; index < SAMPLE; index++) {
    const damage = random.pick(damages)
    const found = await startOn(damaged(made.killed, damage), made, seed)
    if (found !== undefined) wrong.push(`whole job, ${JSON.stringify(damage satisfies Damage)}: ${found}`)
  }
  return { tried: SAMPLE, wrong }
}

async function startOn(directory: Directory, made: Made, seed: number): Promise<string | undefined> {
  const machine = new Machine({ seed, startMs: START_MS })
  for (const folder of ['/out', `${STORAGE}/log`, `${STORAGE}/chunks`]) machine.disk.makeDirectory(folder)
  for (const [path, bytes] of directory) machine.disk.create(`${STORAGE}/${path}`).append(bytes)
  const process = machine.start()
  const job = sequenceJob({ input: '', output: '/out', wide: true, source: pacedSource(made.upstream, seed) })
  const handle = await startJob(
    job,
    { keyGroups: 8, checkpoints: { storage: STORAGE, every: 10, retain: 2, lease: 1_000 } },
    { env: process },
  )
  try {
    await machine.run(handle.finished, { process })
    return 'it ran'
  } catch (error) {
    const rows = [...machine.disk.snapshot().keys()].filter((path) => path.startsWith('/out/') && !path.includes('/.'))
    if (rows.length > 0) return `it has committed ${rows.join(', ')}`
    // The hidden parts are not there, so a manifest that passes unseen would fail with its first commit.
    return StreamError.is(error) && error.code.startsWith('CHECKPOINT_') ? undefined : String(error)
  }
}
