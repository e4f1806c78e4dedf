import { commands, type CommandSpec, type Example, type OptionSpec } from './commands.ts'
import { errorPage } from './error-page.ts'
import { exitCodes } from './exit-codes.ts'
import { tableText } from './table.ts'

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
        ...commands.map((command) => [`${command.name} ${command.operand}`, command.what]),
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
    `usage: millrace ${command.name} ${command.operand} [options]`,
    '',
    ...optionLines(command.options),
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

/** Breaks a paragraph between words. */
export function wrap(text: string, width: number): string[] {
  const found: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      found.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...found, line]
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`
}
