/**
 * A stranger's path: an empty folder, the README's install and first job as they stand there, killed in the middle, run again, the
 * result read; and every error that lies beside that path, each of which has to say what to do.
 */
import assert from 'node:assert/strict'
import { nodes, type Check, type Playground } from './playground.ts'
import { firstJob, type FirstJob } from './readme.ts'
import type { Project } from './project.ts'
import { mistakes, type Mistake } from './mistakes.ts'

const PATH_LIMIT_MS = 60_000
/** What npm releases before this promise could not run. */
const TOO_OLD = '22.17.1'

export function strangerChecks(at: Playground): readonly Check[] {
  const versions = [nodes[0], nodes.at(-1)] as readonly string[]
  return [
    ...versions.map((version) => ({ name: `Node ${version}: a stranger's path`, isTimed: true, run: () => walksPath(at, version) })),
    ...versions.map((version) => ({
      name: `Node ${version}: ${mistakes.length} mistakes beside it`,
      run: () => makesMistakes(at, version),
    })),
    { name: `Node ${TOO_OLD} is too old, and is told so`, run: () => isTooOld(at) },
  ]
}

async function walksPath(at: Playground, version: string): Promise<void> {
  const project = await at.project(`stranger-${version}`, version)
  const job = firstJob(at.tarball.path)
  const began = performance.now()
  await typed(project, job.install)
  copyFiles(project, job)
  await typed(project, job.prepare)
  const killed = await project.signalWhen(job.run, 'SIGKILL', () => project.list('totals').length > 0)
  assert.doesNotMatch(killed, /finished/)
  const again = await typed(project, job.run)
  assert.match(again, /^spending: continues from checkpoint \d+$/m)
  assert.match(again, /^spending: finished: /m)
  assert.equal(await typed(project, job.read), job.result)
  assert.match(await typed(project, job.run), /^spending: has finished before: .* Nothing was run\.$/m)
  assert.equal(await typed(project, job.read), job.result)
  assert.ok(rowsAreDistinct(project), 'a row is there twice')
  const tookMs = performance.now() - began
  assert.ok(tookMs < PATH_LIMIT_MS, `the path took ${(tookMs / 1000).toFixed(1)} s, ${PATH_LIMIT_MS / 1000} is the limit`)
}

/** The count of rows is right; if none is there twice, none is missing. */
function rowsAreDistinct(project: Project): boolean {
  const rows = project.list('totals').flatMap((name) => project.read(`totals/${name}`).trimEnd().split('\n'))
  return new Set(rows).size === rows.length
}

export function copyFiles(project: Project, job: FirstJob): void {
  for (const [name, text] of job.files) project.write(name, text)
}

async function typed(project: Project, line: string): Promise<string> {
  const { code, output } = await project.shell(line)
  assert.equal(code, 0, `${line}\nended with ${code}:\n${output}`)
  return output
}

async function makesMistakes(at: Playground, version: string): Promise<void> {
  const project = await at.project(`mistakes-${version}`, version)
  const job = firstJob(at.tarball.path)
  await typed(project, job.install)
  const manifest = project.read('package.json')
  const problems: string[] = []
  for (const mistake of mistakes) {
    await project.must('rm', '-rf', 'state', 'totals', 'payments', 'job.js')
    project.write('package.json', manifest)
    copyFiles(project, job)
    const problem = await problemOf(mistake, project)
    if (problem !== undefined) problems.push(`${mistake.what}: ${problem}`)
  }
  assert.deepEqual(problems, [])
}

async function problemOf({ what, prepare, line, code, ctrlC, says }: Mistake, project: Project): Promise<string | undefined> {
  const release = await prepare?.(project)
  const ended =
    ctrlC === undefined
      ? await project.shell(line)
      : { code, output: await project.signalWhen(line, 'SIGINT', (output) => output.includes(ctrlC)) }
  await release?.()
  if (process.env['SHOW'] !== undefined) process.stdout.write(`\n# ${what}\n$ ${line}\n${ended.output}`)
  if (ended.code !== code) return `ended with ${ended.code} instead of ${code}:\n${ended.output}`
  const unsaid = says.find((pattern) => !pattern.test(ended.output))
  if (unsaid !== undefined) return `does not say ${String(unsaid)}:\n${ended.output}`
  if (/node:internal|node_modules\/millrace\/dist|millrace-op-/.test(ended.output))
    return `shows frames that are not the user's:\n${ended.output}`
  const page = /see (\S+)#/.exec(ended.output)?.[1]
  if (page !== undefined && project.read(page) === '') return `leads to ${page}, which is empty`
  return undefined
}

async function isTooOld(at: Playground): Promise<void> {
  const project = await at.project('too-old', TOO_OLD)
  const job = firstJob(at.tarball.path)
  await typed(project, job.install)
  copyFiles(project, job)
  const { code, output } = await project.shell('npx millrace run job.ts --checkpoints state')
  assert.equal(code, 1)
  assert.match(output, /^millrace needs Node 22\.18 or newer, and this is 22\.17\.1\. Install a newer one.* run the same command again/m)
}
