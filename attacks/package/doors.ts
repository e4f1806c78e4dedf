/** The compiled package on each Node: its doors by `import` and by `require`, and a job with every kind of step. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodes, type Check, type Playground } from './playground.ts'
import type { Project } from './project.ts'

const DOORS = ['millrace', 'millrace/files', 'millrace/connect', 'millrace/testing', 'millrace/host']
const JOB = readFileSync(join(import.meta.dirname, 'fixtures/every-step.js'), 'utf8')

export function doorChecks(at: Playground): readonly Check[] {
  return nodes.flatMap((version) => {
    const project = lazily(async () => {
      const made = await at.project(`doors-${version}`, version)
      await made.begin(at.tarball.path)
      made.write('every-step.js', JOB)
      return made
    })
    const check = (what: string, run: (project: Project) => Promise<void>): Check => ({
      name: `Node ${version}: ${what}`,
      run: async () => run(await project()),
    })
    return [
      check('installs without a dependency, and no door loads anything that waits', loadsDoors),
      check('every kind of step, with generated code and without', runsEveryStep),
      check('the command', runsCommand),
    ]
  })
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

/** `require` of a module that awaits at its top fails, so it also proves that none does. */
async function loadsDoors(project: Project): Promise<void> {
  assert.deepEqual(project.list('node_modules'), ['millrace'])
  project.write(
    'import.mjs',
    `${DOORS.map((door, i) => `import * as door${i} from '${door}'`).join('\n')}\nconsole.log(${names((i) => `door${i}`)})\n`,
  )
  project.write('require.cjs', `console.log(${names((i) => `require('${DOORS[i]}')`)})\n`)
  const imported = await project.must('node', 'import.mjs')
  const required = await project.must('node', '--no-warnings', 'require.cjs')
  assert.equal(required, imported)
  assert.match(imported, /agg .*defineJob.*\n?/)
}

function names(door: (i: number) => string): string {
  return DOORS.map((_, i) => `Object.keys(${door(i)}).join(' ')`).join(', ')
}

async function runsEveryStep(project: Project): Promise<void> {
  const results = new Set<string>()
  for (const flags of [[], ['--disallow-code-generation-from-strings']]) {
    const output = await project.must('node', ...flags, 'every-step.js')
    const [, result = '', generated] = /^RESULT (.*)\nGENERATED (true|false)$/m.exec(output) ?? []
    assert.equal(generated, String(flags.length === 0), output)
    results.add(result)
  }
  assert.equal(results.size, 1, [...results].join('\n'))
  assert.equal([...results][0], EXPECTED)
}

/** Worked out by hand from the five words of every-step.js. */
const EXPECTED = JSON.stringify({
  totals: ['a 1 1', 'a 2 3', 'b 1 2', 'b 2 6', 'b 3 11'],
  largest: ['a 1', 'a 2', 'b 2', 'b 4', 'b 5'],
  closed: ['a 3', 'b 11'],
  odd: ['1', '5'],
})

async function runsCommand(project: Project): Promise<void> {
  assert.match(await project.must('npx', 'millrace', '--version'), /^millrace \d+\.\d+\.\d+ \(Node /)
  assert.match(await project.must('npx', 'millrace', '--help'), /usage: millrace COMMAND/)
  assert.match(await project.must('npx', 'millrace', 'explain', 'every-step.js'), /source\/words/)
  project.write('typed.ts', JOB.replace('const words =', 'const words: readonly { key: string; n: number; at: number }[] ='))
  const output = await project.must('npx', 'millrace', 'run', 'typed.ts', '--checkpoints', 'typed-state')
  assert.match(output, /^every-step: finished: 5 records /m)
  assert.doesNotMatch(output, /warning/i)
}
