import { commands, commonOptions, type CommandSpec, type OptionSpec, type Takes } from './commands.ts'
import { allValueOptions, JOB_FILE_EXTENSIONS, wordsAfterCommand } from './completion-words.ts'

/** Also for bash 3.2, which macOS has: no `mapfile`, and no `compopt` where there is none. */
export function bashScript(): string {
  return `# Completions of millrace for bash. Put into ~/.bashrc:  source <(millrace completions bash)

_millrace_words() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_millrace_directories() {
  local IFS=$'\\n'
  type compopt > /dev/null 2>&1 && compopt -o filenames 2> /dev/null
  COMPREPLY=($(compgen -d -- "$cur"))
}

_millrace_job_files() {
  local IFS=$'\\n' extension
  _millrace_directories
  for extension in ${JOB_FILE_EXTENSIONS.join(' ')}; do
    COMPREPLY+=($(compgen -f -X "!*.$extension" -- "$cur"))
  done
}

_millrace() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command='' operands=0 i=1
  COMPREPLY=()
  # Bash takes --name=value for three words.
  if [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  if [[ $cur == '=' ]]; then cur=''; fi
  while ((i < COMP_CWORD)); do
    case \${COMP_WORDS[i]} in
      ${allValueOptions().join(' | ')})
        ((i++))
        if [[ \${COMP_WORDS[i]} == '=' ]]; then ((i++)); fi
        ;;
      -* | '=') ;;
      *) if [[ -z $command ]]; then command=\${COMP_WORDS[i]}; else ((operands++)); fi ;;
    esac
    ((i++))
  done
  case "$command $prev" in
${commands.flatMap(({ name, options }) => options.flatMap((option) => valueLines(name, option))).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case $command in
${commands.map(({ name, options }) => `      ${name}) ${words(optionWords(options))} ;;`).join('\n')}
      *) ${words(optionWords([]).concat('--version'))} ;;
    esac
    return
  fi
  case "$command $operands" in
    ' 0') ${words([...commands.map(({ name }) => name), 'help'])} ;;
${commands.flatMap(operandLines).join('\n')}
    'help 0') ${words(commands.map(({ name }) => name))} ;;
  esac
}

complete -F _millrace millrace
`
}

function optionWords(options: readonly OptionSpec[]): string[] {
  return wordsAfterCommand([...options, ...commonOptions])
}

function words(all: readonly string[]): string {
  return `_millrace_words $'${all.join('\\n')}'`
}

/** What completes the value of an option; one for which nothing is known completes to nothing. */
function valueLines(command: string, { name, value, takes }: OptionSpec): readonly string[] {
  if (value === undefined) return []
  const action = takes === undefined ? '' : `${actionOf(takes)}; `
  return [`    '${command} --${name}') ${action}return ;;`]
}

function operandLines({ name, operands }: CommandSpec): readonly string[] {
  return operands.flatMap(({ takes }, index) => (takes === undefined ? [] : [`    '${name} ${index}') ${actionOf(takes)} ;;`]))
}

function actionOf(takes: Takes): string {
  if (takes === 'job file') return '_millrace_job_files'
  return takes === 'directory' ? '_millrace_directories' : words(takes)
}
