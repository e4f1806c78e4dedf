import { tableText, wrap } from '../core/text-layout.ts'
import { commands, commonOptions, operandsText, type CommandSpec, type Example, type OptionSpec } from './commands.ts'
import { errorPage } from './error-page.ts'
import { exitCodes } from './exit-codes.ts'

const WIDTH = 92

/** `millrace --help`. Lines of the form `  $ millrace …` are run by the doc tests, in order. */
export function generalHelp(): string {
  return lines(
    'millrace - exactly-once stream processing for TypeScript',
    '',
    'usage: millrace COMMAND ...',
    '',
    ...tableText(
      [
        ...commands.map((command) => [`${command.name} ${operandsText(command)}`, command.what]),
        ['help COMMAND', 'Options and examples of a command'],
        ['--version', 'The version'],
      ],
      { indent: '  ' },
    ),
    '',
    'examples:',
    ...exampleLines([
      { command: 'millrace explain job.ts', what: 'what it does, what it guarantees' },
      { command: 'millrace run job.ts --checkpoints state', what: 'run it; run again to continue' },
      { command: 'millrace checkpoints state', what: 'what can be restored, who owns the job' },
      { command: 'millrace inspect state', what: 'what is in the newest checkpoint' },
      { command: 'millrace state state totals north', what: 'what the step "totals" holds for a key' },
    ]),
    '',
    'exit codes:',
    ...exitCodeLines(),
    '',
    `Each error has a code; ${errorPage(process.cwd())} says what it means and what to do.`,
  )
}

/** `millrace help COMMAND`, `millrace COMMAND --help`. */
export function commandHelp(command: CommandSpec): string {
  return lines(
    `${command.what}.`,
    '',
    `usage: millrace ${command.name} ${operandsText(command)} [options]`,
    '',
    ...optionLines([...command.options, ...commonOptions]),
    '',
    ...command.more.flatMap((paragraph) => [...wrap(paragraph, WIDTH), '']),
    'examples:',
    ...exampleLines(command.examples),
    '',
    'exit codes:',
    ...exitCodeLines(),
  )
}

function optionLines(options: readonly OptionSpec[]): string[] {
  const rows = options.map(({ name, value, what }) => [`--${name}${value === undefined ? '' : ` ${value}`}`, what])
  return tableText(rows, { indent: '  ' })
}

/** What follows `  #` is a comment for the shell too, so that a whole line can be pasted. */
function exampleLines(examples: readonly Example[]): string[] {
  return tableText(
    examples.map(({ command, what }) => [`$ ${command}`, `# ${what}`]),
    { indent: '  ' },
  )
}

function exitCodeLines(): string[] {
  return tableText(
    Object.values(exitCodes).map(({ code, what }) => [String(code), what]),
    { indent: '  ', right: [0] },
  )
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`
}
