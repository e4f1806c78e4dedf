import { commands, commonOptions, type CommandSpec, type OptionSpec, type Takes } from './commands.ts'
import { JOB_FILE_EXTENSIONS } from './completion-words.ts'

export function fishScript(): string {
  const lines = [
    '# Completions of millrace for fish. Put into ~/.config/fish/completions/millrace.fish',
    'complete -c millrace -f',
    ...commands.map(({ name, what }) => `complete -c millrace -n __fish_use_subcommand -a ${name} -d ${quoted(what)}`),
    `complete -c millrace -n __fish_use_subcommand -a help -d ${quoted('Options and examples of a command')}`,
    `complete -c millrace -n '__fish_seen_subcommand_from help' -a ${quoted(commands.map(({ name }) => name).join(' '))}`,
    ...commonOptions.map((option) => `complete -c millrace ${optionWords(option)}`),
    ...commands.flatMap(commandLines),
  ]
  return `${lines.join('\n')}\n`
}

function commandLines({ name, operands, options }: CommandSpec): readonly string[] {
  const isGiven = `complete -c millrace -n '__fish_seen_subcommand_from ${name}'`
  return [
    ...options.map((option) => `${isGiven} ${optionWords(option)}`),
    ...operands.flatMap(({ takes }) => (takes === undefined ? [] : [`${isGiven} -a ${quoted(actionOf(takes))}`])),
  ]
}

function optionWords({ name, value, what, takes }: OptionSpec): string {
  const values = value === undefined ? '' : takes === undefined ? ' -x' : ` -x -a ${quoted(actionOf(takes))}`
  return `-l ${name}${values} -d ${quoted(what)}`
}

function actionOf(takes: Takes): string {
  if (takes === 'directory') return '(__fish_complete_directories)'
  return takes === 'job file'
    ? `(__fish_complete_suffix ${JOB_FILE_EXTENSIONS.map((extension) => `.${extension}`).join(' ')})`
    : takes.join(' ')
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
