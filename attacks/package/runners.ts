/** The test kit of the package under the test runners that people have, as docs/testing.md says they are set up. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome } from '../../scripts/lib/child.ts'
import { nodes, type Check, type Playground } from './playground.ts'
import type { Project } from './project.ts'

const TESTS = readFileSync(join(import.meta.dirname, 'fixtures/three-payments.js'), 'utf8')
/** How many there are. */
const COUNT = 8
/** A count that a crash loses. */
const SPOILED = TESTS.replace('state.count.update((count) => count + 1)', 'state.count.set(1 + (payment.at % 2))')

interface Runner {
  readonly name: string
  /** Where `test` is imported from. */
  readonly module: string
  /** Exact, so that a release of theirs is no failure of ours. */
  readonly install?: string
  readonly command: string
  readonly passed: RegExp
}

const runners: readonly Runner[] = [
  { name: 'node:test', module: 'node:test', command: 'node --test', passed: /^. pass (\d+)$/m },
  { name: 'vitest', module: 'vitest', install: 'vitest@5.1.2', command: 'npx vitest run', passed: /^\s*Tests\s+(\d+) passed/m },
  {
    name: 'jest',
    module: '@jest/globals',
    install: 'jest@30.5.2',
    command: 'NODE_OPTIONS=--experimental-vm-modules npx jest',
    passed: /^Tests:\s+(\d+) passed/m,
  },
  {
    name: 'jest-fake-timers',
    module: '@jest/globals',
    install: 'jest@30.5.2',
    command: `NODE_OPTIONS=--experimental-vm-modules npx jest --config '{"fakeTimers":{"enableGlobally":true}}'`,
    passed: /^Tests:\s+(\d+) passed/m,
  },
]

export function runnerChecks(at: Playground): readonly Check[] {
  return runners.flatMap((runner) =>
    [nodes[0], nodes.at(-1)].map((version) => ({
      name: `Node ${version}: the test kit under ${runner.name}`,
      run: async () => runs(await at.project(`${runner.name.replace(':', '-')}-${version}`, version as string), at, runner),
    })),
  )
}

async function runs(project: Project, at: Playground, { module, install, command, passed }: Runner): Promise<void> {
  await project.begin(at.tarball.path)
  if (install !== undefined) await project.install('--save-dev', install)
  const play = (text: string): Promise<Outcome> => {
    project.write('third.test.js', text.replace("from 'TEST'", `from '${module}'`))
    return project.shell(command)
  }
  const { code, output } = await play(TESTS)
  assert.equal(code, 0, output)
  assert.equal(passed.exec(output)?.[1], String(COUNT), output)
  // A runner that runs nothing would find nothing.
  assert.notEqual(SPOILED, TESTS)
  assert.notEqual((await play(SPOILED)).code, 0)
}
