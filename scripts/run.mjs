/**
 * The one door to every command of the repository: `node scripts/run.mjs NAME [arguments]`.
 *
 * Works in a fresh clone and under the machine's own older Node: installs what package-lock.json names if it is missing,
 * then continues under the pinned Node of npm's platform package. Plain JavaScript, Node builtins only.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findPinnedNode, folderOf, runUnder } from '../packages/millrace/bin/pinned-node.mjs'
import { ensureInstalled } from './install.mjs'

const root = join(folderOf(import.meta.url), '..')

/** Command → what the pinned Node runs, relative to the root. */
const commands = {
  demo: 'examples/demo/main.ts',
  test: 'scripts/test.ts',
  verify: 'scripts/verify.ts',
  attack: 'attacks/main.ts',
  campaign: 'scripts/campaign.ts',
  bench: 'bench/main.ts',
  example: 'scripts/example.ts',
  vectors: 'scripts/vectors.ts',
  docs: 'scripts/reference.ts',
  pack: 'scripts/pack.ts',
  map: 'scripts/map.ts',
  format: 'scripts/format.ts',
  ci: 'scripts/ci.ts',
}

const [name, ...args] = process.argv.slice(2)
const script = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined
if (script === undefined)
  fail(`${name === undefined ? 'no command given' : `unknown command '${name}'`}; commands: ${Object.keys(commands).join(', ')}`)
if (!existsSync(join(root, script))) fail(`'${name}' is not built yet: ${script} does not exist`)

await ensureInstalled(root)
const node = findPinnedNode(root)
if (node === undefined)
  fail(`no pinned Node for ${process.platform}-${process.arch}; package.json lists the platforms under optionalDependencies`)
runUnder(node, [join(root, script), ...args])

function fail(message) {
  process.stderr.write(`millrace: ${message}\n`)
  process.exit(2)
}
