import { parseArgs } from 'node:util'
import { StreamError } from '../core/errors.ts'
import { suggestionFor } from '../core/suggest.ts'
import { commandNamed, commands, commonOptions, operandsText, type CommandName, type CommandSpec, type OptionSpec } from './commands.ts'

export type Values = Readonly<Record<string, string | true>>
/** What a command line asks for. */
export type Request =
  | { readonly kind: 'help'; readonly command: CommandSpec | undefined }
  | { readonly kind: 'version' }
  | { readonly kind: 'command'; readonly name: CommandName; readonly operands: readonly string[]; readonly values: Values }

const names = commands.map(({ name }) => name as string)

/**
 * Reads a command line. `--help` wins over everything that is wrong with the rest.
 * @throws {COMMAND_LINE} saying what is not understood, and what was probably meant
 */
export function parseCommandLine(args: readonly string[]): Request {
  const first = args.find((arg) => !arg.startsWith('-'))
  const options = args.includes('--') ? args.slice(0, args.indexOf('--')) : args
  if (options.some((arg) => arg === '--help' || arg === '-h'))
    return { kind: 'help', command: first === undefined ? undefined : commandNamed(first) }
  if (options[0] === '--version' || options[0] === '-v') return { kind: 'version' }
  if (first === 'help') return helpRequest(args)
  if (first === undefined) throw usage(args.length === 0 ? 'No command is given.' : `No command is given before ${args[0]}.`)
  const command = commandNamed(first)
  if (command === undefined) throw unknownCommand(first)
  const at = args.indexOf(first)
  return { kind: 'command', name: command.name, ...readArguments(command, [...args.slice(0, at), ...args.slice(at + 1)]) }
}

function helpRequest(args: readonly string[]): Request {
  const wanted = args.find((arg) => arg !== 'help')
  if (wanted === undefined) return { kind: 'help', command: undefined }
  const command = commandNamed(wanted)
  if (command === undefined) throw unknownCommand(wanted)
  return { kind: 'help', command }
}

function unknownCommand(word: string): StreamError {
  if (/\.[cm]?[jt]s$/.test(word)) return usage(`'${word}' is no command. Did you mean: millrace run ${word}`)
  const near = suggestionFor(word, [...names, 'help'])
  return usage(`'${word}' is no command. ${near === undefined ? `There are: ${names.join(', ')}.` : `Did you mean '${near}'?`}`)
}

function readArguments(command: CommandSpec, args: readonly string[]): { readonly operands: readonly string[]; readonly values: Values } {
  const known = [...command.options, ...commonOptions]
  const flag = flagIn(args, known)
  if (flag !== undefined) throw unknownOption(command, flag)
  // Not strict: our own errors say more. Then an option that is not known counts as a flag.
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      known.map(({ name, value }) => [name, { type: value === undefined ? ('boolean' as const) : ('string' as const) }]),
    ),
    strict: false,
    tokens: true,
  })
  const values: Record<string, string | true> = {}
  const operands: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const spec = known.find(({ name }) => name === token.name)
    if (spec === undefined) throw unknownOption(command, token.rawName)
    if (Object.hasOwn(values, token.name)) throw usage(`${token.rawName} is given twice.`, command)
    const value = checkedValue(command, spec, token)
    // Heeded before a command runs, by all that is said: see colour.ts.
    if (!commonOptions.includes(spec)) values[token.name] = value
  }
  const missing = command.operands[operands.length]
  if (missing !== undefined && missing.isOptional !== true) throw usage(`${missing.name} is missing.`, command)
  const surplus = operands[command.operands.length]
  if (surplus !== undefined) throw usage(`'${surplus}' is one argument too many; ${command.name} takes ${operandsText(command)}.`, command)
  return { operands, values }
}

/** The first of `-abc`, which is `-a -b -c`: no command has such. parseArgs takes it apart letter by letter, and one of a megabyte for ever. */
function flagIn(args: readonly string[], known: readonly OptionSpec[]): string | undefined {
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] as string
    if (arg === '--') return undefined
    if (known.some(({ name, value }) => value !== undefined && arg === `--${name}`)) index++
    else if (/^-[^-]./su.test(arg)) return /^-./su.exec(arg)?.[0]
  }
  return undefined
}

function checkedValue(
  command: CommandSpec,
  spec: OptionSpec,
  token: { readonly value?: string | undefined; readonly inlineValue?: boolean | undefined },
): string | true {
  const { value, inlineValue } = token
  if (spec.value === undefined) {
    if (value !== undefined) throw usage(`--${spec.name} takes no value.`, command)
    return true
  }
  // `--config --json`: the value has been forgotten.
  if (value === undefined || value === '' || (inlineValue !== true && value.startsWith('--')))
    throw usage(`--${spec.name} needs a value: --${spec.name} ${spec.value}.`, command)
  return value
}

function unknownOption(command: CommandSpec, rawName: string): StreamError {
  const own = [...command.options, ...commonOptions].map(({ name }) => name)
  const near = rawName.startsWith('--') ? suggestionFor(rawName.slice(2), own) : undefined
  if (near !== undefined) return usage(`${command.name} has no option ${rawName}. Did you mean --${near}?`, command)
  const elsewhere = commands.find(({ options }) => options.some(({ name }) => `--${name}` === rawName))
  const isNumber = /^-\d/.test(rawName)
  const hint =
    elsewhere !== undefined ? ` (${elsewhere.name} has.)` : isNumber ? ' An argument that begins with a dash comes after --.' : ''
  return usage(`${command.name} has no option ${rawName}.${hint}`, command)
}

/** An error of the command line, with where to read on. */
export function usage(message: string, command?: CommandSpec | CommandName): StreamError {
  const name = typeof command === 'string' ? command : command?.name
  return new StreamError('COMMAND_LINE', message, { details: { help: name === undefined ? 'millrace --help' : `millrace help ${name}` } })
}
