import { commands, commonOptions, type CommandSpec, type OptionSpec, type Takes } from './commands.ts'
import { JOB_FILE_EXTENSIONS } from './completion-words.ts'

/** May be sourced below `compinit`, or lie as `_millrace` in a folder of `fpath`. */
export function zshScript(): string {
  return `#compdef millrace
# Completions of millrace for zsh. Put into ~/.zshrc, below compinit:  source <(millrace completions zsh)

_millrace() {
  local context state state_descr line
  typeset -A opt_args
  local -a commands
  commands=(
${commands.map(({ name, what }) => `    ${quoted(`${name}:${what}`)}`).join('\n')}
    'help:Options and examples of a command'
  )
  _arguments -C \\
${[...commonOptions, version].map((option) => `    ${optionSpec(option)} \\`).join('\n')}
    '1:command:->command' \\
    '*::argument:->argument'
  case $state in
    command) _describe 'command' commands ;;
    argument)
      case $words[1] in
${commands.map(commandLines).join('\n')}
        help) _arguments '1:command:(${commands.map(({ name }) => name).join(' ')})' ;;
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _millrace ]]; then
  _millrace "$@"
else
  compdef _millrace millrace
fi
`
}

const version: OptionSpec = { name: 'version', what: 'the version' }

function commandLines({ name, operands, options }: CommandSpec): string {
  const specs = [
    ...[...options, ...commonOptions].map(optionSpec),
    ...operands.map((operand, index) =>
      quoted(`${index + 1}:${operand.isOptional === true ? ':' : ''}${escaped(operand.name)}:${actionOf(operand.takes)}`),
    ),
  ]
  return [`        ${name})`, `          _arguments \\`, specs.map((spec) => `            ${spec}`).join(' \\\n'), '          ;;'].join(
    '\n',
  )
}

/** `=` after the name: the value may follow as a word of its own or after an equals sign. */
function optionSpec({ name, value, what, takes }: OptionSpec): string {
  const described = `[${escaped(what)}]`
  return quoted(value === undefined ? `--${name}${described}` : `--${name}=${described}:${escaped(value)}:${actionOf(takes)}`)
}

function actionOf(takes: Takes | undefined): string {
  if (takes === undefined) return ' '
  if (takes === 'directory') return '_files -/'
  return takes === 'job file' ? `_files -g "*.(${JOB_FILE_EXTENSIONS.join('|')})(-.)"` : `(${takes.join(' ')})`
}

/** Within a specification of `_arguments`. */
function escaped(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, (character) => `\\${character}`)
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
