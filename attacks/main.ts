/**
 * `npm run attack -- NAME [OPTION] …`: tries to break the engine. Without a name it lists what there is.
 *
 * An attack is a module `attacks/NAME/main.ts`. The last line reads `N passed, N failed`; the exit code is 1 on any failure.
 * With `--json FILE` the result is also written there, as data.
 */
import { closeSync, existsSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Attack } from './lib/attack.ts'
import { helpText, OptionError, readOptions, text } from './lib/options.ts'

const folder = import.meta.dirname
const [name, ...args] = process.argv.slice(2)
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'main.ts')))
  .map((entry) => entry.name)
const common = { json: text<string | undefined>('FILE', 'writes the result there too, as data', undefined, writable) }

/** Found out before, as it may take hours until there is a result. */
function writable(file: string): string {
  const isNew = !existsSync(file)
  try {
    closeSync(openSync(file, 'a'))
  } catch (error) {
    throw new OptionError(`cannot write that file: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (isNew) rmSync(file)
  return file
}

async function load(of: string): Promise<Attack> {
  const module = (await import(pathToFileURL(join(folder, of, 'main.ts')).href)) as { readonly attack?: Attack }
  if (module.attack === undefined) throw new Error(`attacks/${of}/main.ts exports no 'attack'`)
  return module.attack
}

async function list(): Promise<void> {
  process.stdout.write('npm run attack -- NAME [OPTION] …\n\n')
  for (const each of names) process.stdout.write(`  ${each.padEnd(10)} ${(await load(each)).summary}\n`)
  process.stdout.write('\n--help behind a name says what it takes\n')
}

async function attack(chosen: Attack): Promise<void> {
  const began = performance.now()
  const { json, ...options } = readOptions(args, { ...chosen.options, ...common })
  const { passed, failed, notRun = 0, planned = passed + failed + notRun, counts = {} } = await chosen.run(options)
  if (json !== undefined) writeFileSync(json, JSON.stringify({ passed, failed, planned, notRun, counts }))
  const isShort = passed + failed + notRun < planned
  process.stdout.write(
    `ran ${passed + failed} of ${planned} planned${notRun === 0 ? '' : `, ${notRun} not run for want of means,`} in ${((performance.now() - began) / 1000).toFixed(1)} s\n`,
  )
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
  process.exitCode = failed > 0 || isShort || passed === 0 ? 1 : 0
}

function help({ name: of, summary, options }: Attack): void {
  process.stdout.write(`npm run attack -- ${of} [OPTION] …\n\n${summary}\n\n${helpText({ ...options, ...common })}`)
}

if (name === undefined || name === '--help') await list()
else if (names.includes(name)) {
  try {
    const chosen = await load(name)
    if (args.includes('--help')) help(chosen)
    else await attack(chosen)
  } catch (error) {
    if (error instanceof OptionError) {
      process.stderr.write(`${name}: ${error.message}\n`)
      process.exitCode = 2
    } else {
      process.stderr.write(`${name}: ${error instanceof Error ? error.stack : String(error)}\n`)
      process.stdout.write('0 passed, 1 failed\n')
      process.exitCode = 1
    }
  }
} else {
  process.stderr.write(`no attack '${name}'; there are ${names.join(', ')}\n`)
  process.exitCode = 2
}
