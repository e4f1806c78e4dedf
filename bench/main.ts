/**
 * `npm run bench -- NAME [--json FILE]`: measures one question. Ratios within one run decide; answers are verified before a
 * figure counts. A figure that misses its goal is printed as missed and the exit code is 1.
 */
import { readdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { widenInlining } from '../packages/millrace/src/env/inlining.ts'
import type { Bench } from './lib/bench.ts'

// As the command line does: by hand and engine are compiled alike.
widenInlining()

const folder = import.meta.dirname
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts' && !file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -3))
const { positionals, values } = parseArgs({ allowPositionals: true, strict: false, options: { json: { type: 'string' } } })
const [name] = positionals

async function load(of: string): Promise<Bench> {
  return ((await import(pathToFileURL(join(folder, `${of}.ts`)).href)) as { readonly bench: Bench }).bench
}

if (name === undefined || !names.includes(name)) {
  process.stdout.write('npm run bench -- NAME [--json FILE] …\n\n')
  for (const each of names) process.stdout.write(`  ${each.padEnd(12)} ${(await load(each)).question}\n`)
  process.exitCode = name === undefined ? 0 : 2
} else {
  const bench = await load(name)
  process.stdout.write(
    `${name}: ${bench.question}\nNode ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores\n`,
  )
  const figures = await bench.run(process.argv.slice(3))
  let missed = 0
  for (const figure of figures) {
    const isMissed = figure.goal !== undefined && !(figure.atMost === true ? figure.value <= figure.goal : figure.value >= figure.goal)
    if (isMissed) missed++
    const goal =
      figure.goal === undefined ? '' : `   ${isMissed ? 'MISSED' : 'reached'}: ${figure.atMost === true ? '≤' : '≥'} ${figure.goal}`
    process.stdout.write(`  ${figure.name.padEnd(64)} ${figure.value.toFixed(figure.digits ?? 2).padStart(10)} ${figure.unit}${goal}\n`)
  }
  if (typeof values['json'] === 'string')
    writeFileSync(values['json'], `${JSON.stringify({ bench: name, node: process.version, figures }, null, 2)}\n`)
  const goals = figures.filter((figure) => figure.goal !== undefined).length
  process.stdout.write(`${goals - missed} passed, ${missed} failed\n`)
  process.exitCode = missed > 0 ? 1 : 0
}
