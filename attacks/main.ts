/**
 * `npm run attack -- NAME [--seed N] …`: tries to break the engine. Without a name it lists what there is.
 *
 * An attack is a module `attacks/NAME/main.ts`. The last line reads `N passed, N failed`; the exit code is 1 on any failure.
 * With `--json FILE` the result is also written there, as data.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { HelpAsked, OptionError, type Attack } from './lib/attack.ts'

const folder = import.meta.dirname
const [name, ...words] = process.argv.slice(2)
const jsonAt = words.indexOf('--json')
const jsonFile = jsonAt < 0 ? undefined : words[jsonAt + 1]
const args = jsonAt < 0 ? words : words.toSpliced(jsonAt, 2)
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'main.ts')))
  .map((entry) => entry.name)

async function load(of: string): Promise<Attack> {
  const module = (await import(pathToFileURL(join(folder, of, 'main.ts')).href)) as { readonly attack?: Attack }
  if (module.attack === undefined) throw new Error(`attacks/${of}/main.ts exports no 'attack'`)
  return module.attack
}

async function list(): Promise<void> {
  process.stdout.write('npm run attack -- NAME [--seed N] …\n\n')
  for (const each of names) process.stdout.write(`  ${each.padEnd(10)} ${(await load(each)).summary}\n`)
}

async function attack(of: string): Promise<void> {
  const began = performance.now()
  const { passed, failed, notRun = 0, planned = passed + failed + notRun, counts = {} } = await (await load(of)).run(args)
  if (jsonFile !== undefined) writeFileSync(jsonFile, JSON.stringify({ passed, failed, planned, notRun, counts }))
  const isShort = passed + failed + notRun < planned
  process.stdout.write(
    `ran ${passed + failed} of ${planned} planned${notRun === 0 ? '' : `, ${notRun} not run for want of means,`} in ${((performance.now() - began) / 1000).toFixed(1)} s\n`,
  )
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
  process.exitCode = failed > 0 || isShort || passed === 0 ? 1 : 0
}

async function help(of: string, { defaults }: HelpAsked): Promise<void> {
  process.stdout.write(`npm run attack -- ${of} [--name N] …\n\n${(await load(of)).summary}\n\n`)
  for (const [each, value] of Object.entries(defaults)) {
    const otherwise = value ?? (each === 'seed' ? 'drawn, and printed' : 'none')
    process.stdout.write(`  --${`${each} N`.padEnd(20)} without it: ${otherwise}\n`)
  }
  process.stdout.write(`  --${'json FILE'.padEnd(20)} the result as data too\n`)
}

if (name === undefined || name === '--help') await list()
else if (names.includes(name)) {
  try {
    if (jsonAt >= 0 && jsonFile === undefined) throw new OptionError('--json needs the path of a file')
    await attack(name)
  } catch (error) {
    if (error instanceof HelpAsked) await help(name, error)
    else if (error instanceof OptionError) {
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
