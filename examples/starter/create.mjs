#!/usr/bin/env node
/** `npm create millrace FOLDER`: copies the template. Plain JavaScript and Node builtins only. */
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const template = fileURLToPath(new URL('template', import.meta.url))
const [wanted, ...more] = process.argv.slice(2)
if (wanted === undefined || wanted.startsWith('-') || more.length > 0) fail('Name one folder for the project: npm create millrace my-job')
const folder = resolve(wanted)
if (existsSync(folder) && readdirSync(folder).length > 0)
  fail(`${wanted} is not empty. Name another folder: nothing in it has been touched.`)

cpSync(template, folder, { recursive: true })
// npm leaves out what is called .gitignore when it packs.
renameSync(join(folder, 'gitignore'), join(folder, '.gitignore'))
const manifest = join(folder, 'package.json')
const named = { ...JSON.parse(readFileSync(manifest, 'utf8')), name: packageName(basename(folder)) }
writeFileSync(manifest, `${JSON.stringify(named, undefined, 2)}\n`)

const there = relative(process.cwd(), folder)
process.stdout.write(
  `A job is in ${there === '' ? 'this folder' : there}. Next:\n${there === '' ? '' : `  cd ${there}\n`}  npm install\n  npm test\n  npm start\n`,
)

/** What npm allows as a name. */
function packageName(name) {
  const allowed = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '')
  return allowed === '' ? 'my-job' : allowed
}

function fail(message) {
  process.stderr.write(`create-millrace: ${message}\n`)
  process.exit(2)
}
