/** `npm run example -- NAME [arguments]`: runs one of examples/; a number or the beginning of a name is enough. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runUnder } from '../packages/millrace/bin/pinned-node.mjs'
import { root } from './lib/files.ts'

const folder = join(root, 'examples')

/** `01-first-job` for examples/01-first-job.ts and for examples/01-first-job/main.ts. */
const examples = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => (entry.isDirectory() ? existsSync(join(folder, entry.name, 'main.ts')) : /^[^.]+\.ts$/.test(entry.name)))
  .map((entry) => ({ name: entry.name.replace(/\.ts$/, ''), file: join(folder, entry.name, entry.isDirectory() ? 'main.ts' : '') }))
  .toSorted((a, b) => (a.name < b.name ? -1 : 1))

const [wanted, ...args] = process.argv.slice(2)
/** `1` is `01-hello`. */
const begins = wanted !== undefined && /^\d$/.test(wanted) ? `0${wanted}-` : wanted
const found = examples.filter(({ name }) => name === wanted || (begins !== undefined && name.startsWith(begins)))
const chosen = found.find(({ name }) => name === wanted) ?? found[0]
if (chosen === undefined || (found.length > 1 && chosen.name !== wanted)) {
  process.stderr.write(`usage: npm run example -- NAME\n${examples.map(({ name }) => `  ${name}\n`).join('')}`)
  process.exit(wanted === undefined ? 0 : 2)
}
runUnder(process.execPath, [chosen.file, ...args])
