import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseCommandLine } from './arguments.ts'
import { commands } from './commands.ts'
import { exitCodes } from './exit-codes.ts'
import { commandHelp, generalHelp } from './help.ts'

const all = [generalHelp(), ...commands.map(commandHelp)]

test('every example is understood, and each help has one', () => {
  for (const text of all) {
    const examples = [...text.matchAll(/^ {2}\$ millrace (.*?) +# /gm)].map((match) => match[1] as string)
    assert.ok(examples.length > 0)
    for (const example of examples) parseCommandLine(example.split(' ').map((word) => word.replaceAll("'", '')))
  }
})

test('no line is too wide, none ends in spaces, and all is ASCII', () => {
  for (const line of all.join('').split('\n')) {
    assert.ok(line.length <= 120, line)
    assert.ok(!line.endsWith(' '), line)
    assert.match(line, /^[\x20-\x7e]*$/)
  }
})

test('exit codes stand in every help and in docs/cli.md', () => {
  const page = readFileSync(new URL('../../../../docs/cli.md', import.meta.url), 'utf8')
  for (const { code, what } of Object.values(exitCodes)) {
    for (const text of all) assert.ok(text.includes(`${code}  ${what}\n`))
    assert.ok(page.includes(code > 100 ? String(code) : `| ${code} | ${what} |`), `${code}`)
  }
})
