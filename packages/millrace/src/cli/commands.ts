/** The commands as data: parsing (arguments.ts), help (help.ts) and completions (completions.ts) read this table, so that none can lie about the others. */

/** What a shell completes a value to. */
export type Takes = 'job file' | 'directory' | readonly string[]

export interface OptionSpec {
  readonly name: string
  /** What a value is called; without one it is a flag. */
  readonly value?: string
  readonly takes?: Takes
  readonly what: string
}
/** What a command works on. */
export interface OperandSpec {
  /** As in help; with `/N` a directory may be followed by the number of a checkpoint. */
  readonly name: string
  readonly takes?: Takes
  readonly isOptional?: true
}
export interface Example {
  readonly command: string
  readonly what: string
}
export interface CommandSpec {
  readonly name: CommandName
  readonly what: string
  /** Optional ones last. */
  readonly operands: readonly OperandSpec[]
  readonly options: readonly OptionSpec[]
  /** Paragraphs of `help COMMAND`, wrapped there. */
  readonly more: readonly string[]
  /** Run by the tests in this order, in a folder with the files of docs/cli.md. */
  readonly examples: readonly Example[]
}
export type CommandName = 'run' | 'explain' | 'checkpoints' | 'inspect' | 'state' | 'completions'

const jobFile: OperandSpec = { name: 'JOB.ts', takes: 'job file' }
const directory: OperandSpec = { name: 'DIR', takes: 'directory' }
const checkpoint: OperandSpec = { name: 'DIR[/N]', takes: 'directory' }
const config: OptionSpec = { name: 'config', value: 'JSON', what: "what the job's factory gets as its config" }
const json: OptionSpec = { name: 'json', what: 'data instead of text, for scripts' }

const run: CommandSpec = {
  name: 'run',
  what: 'Run a job in this process, and continue it where it was',
  operands: [jobFile],
  options: [
    { name: 'checkpoints', value: 'DIR', takes: 'directory', what: 'where checkpoints live; continues from the newest one there' },
    { name: 'checkpoint-every', value: 'TIME', what: 'time between checkpoints (1s)' },
    { name: 'retain', value: 'N', what: 'checkpoints that are kept (3)' },
    { name: 'lease', value: 'TIME', what: 'how long a silent owner is waited for (10s)' },
    { name: 'parallelism', value: 'N', what: 'subtasks for steps that do not say (1)' },
    { name: 'workers', value: 'N', what: 'worker threads; only 0 in this version (0)' },
    config,
    { name: 'restore', value: 'WHICH', takes: ['latest', 'none'], what: 'latest, none, or DIR/N for checkpoint N (latest)' },
    {
      name: 'restart',
      value: 'HOW',
      takes: ['exponential', 'failure-rate', 'fixed-delay', 'none'],
      what: 'when a failed job starts again (exponential; none without checkpoints)',
    },
    { name: 'accept-loss', what: 'with DIR/N: newer checkpoints are forgotten, their output comes again' },
    { name: 'allow-dropped', what: 'state that the job has no place for any more is given up' },
  ],
  more: [
    'JOB.ts default-exports a job: export default defineJob(name, factory). Times are written 500ms, 10s, 5m, 1h.',
    'With --checkpoints a job that was stopped, killed or has crashed continues from its newest checkpoint, and files it writes hold each record exactly once. Without it nothing survives the process. A directory belongs to one job; a second process on it waits until the first has ended or been silent for a lease. A bounded job that has finished stays finished: a later run on its directory changes nothing.',
    '--restore DIR/N --accept-loss goes on from an older checkpoint. Output that was committed after it stays where it is and is written again, so those records are there twice unless you take it away: of a file sink, the parts whose first number is greater than N.',
    'A job that fails starts again from its newest checkpoint, by default after 1s, 1.5s, ... up to 1m, for ever. --restart fixed-delay:attempts=3,delay=10s gives up after three times, --restart failure-rate:failures=3,per=5m,delay=10s when it fails more often than three times in five minutes, --restart none at once; exponential takes initial, max, multiplier, jitter and resetAfter in the same way. What cannot get better, such as a wrong option, ends the job at once.',
    'Ctrl-C, SIGTERM and a closed terminal take a last checkpoint, commit, give the job back and end with 0; a second one ends at once. What the job prints goes to stdout, everything else to stderr: a live line on a terminal, else a line now and then. NO_COLOR switches colours off; MILLRACE_LOG=error leaves out warnings of the engine; MILLRACE_LOG=info,json tells what happens in lines of JSON.',
  ],
  examples: [
    { command: 'millrace run job.ts', what: 'run it once, keeping nothing' },
    { command: 'millrace run job.ts --checkpoints state --checkpoint-every 500ms', what: 'continue where it was, whatever happened' },
  ],
}

const explain: CommandSpec = {
  name: 'explain',
  what: 'Say what a job does and what it guarantees, without running it',
  operands: [jobFile],
  options: [config, { name: 'parallelism', value: 'N', what: 'subtasks for steps that do not say (1)' }, json],
  more: [
    'Lists each step with what it reads and the state it keeps, and for each path from a source to a sink the delivery guarantee, with the reasons.',
  ],
  examples: [
    { command: 'millrace explain job.ts', what: 'steps, paths and guarantees' },
    { command: `millrace explain job.ts --config '{"minimum":500}'`, what: 'with a config' },
  ],
}

const checkpoints: CommandSpec = {
  name: 'checkpoints',
  what: 'List the checkpoints of a directory, and who owns the job',
  operands: [directory],
  options: [json],
  more: [
    'Reads the log of the directory and changes nothing, also while a job runs on it. NEW is what a checkpoint added to the one before it. A damaged entry is shown with its file, and the exit code is 4.',
  ],
  examples: [{ command: 'millrace checkpoints state', what: 'what can be restored' }],
}

const inspect: CommandSpec = {
  name: 'inspect',
  what: 'Show what is inside a checkpoint',
  operands: [checkpoint],
  options: [json],
  more: [
    'Without /N the newest checkpoint. Shows per step its states with kinds, keys and sizes, and the runs that they are read from; per source the positions and greatest event times; per sink what is sealed and waits for its commit. Reads and verifies every file that the checkpoint needs: what is damaged is named, and the exit code is 4.',
  ],
  examples: [
    { command: 'millrace inspect state', what: 'the newest checkpoint' },
    { command: 'millrace inspect state --json', what: 'the same as data' },
  ],
}

const state: CommandSpec = {
  name: 'state',
  what: 'Show what a step keeps for a key, or which keys it has',
  operands: [checkpoint, { name: 'STEP' }, { name: 'KEY', isOptional: true }],
  options: [
    { name: 'limit', value: 'N', what: 'keys that are listed, or entries of a map or list that are shown (20)' },
    { name: 'text', what: 'KEY is a string as it stands' },
    json,
  ],
  more: [
    'With KEY: every state and pending timer of the step for that key, in the newest checkpoint or in checkpoint N, with the watermark that its timers wait for and the time at which values expire. What a job has changed since that checkpoint is not in it.',
    'Without KEY: what each state has, and the keys that take the most room.',
    'STEP is the id of a step or its address, totals or step/totals. KEY is read as it is listed: 42, true, 5n (a bigint) and ["eu",7] (an array) are what they look like, all else is a string. For a string that looks like a number, add --text, or write it in quotes: \'"42"\'.',
    'Claims nothing and changes nothing, also while the job runs, and holds no more in memory than a few of the key groups. With --json what JSON lacks is an object of one field: {"$bigint":"5"}, {"$number":"NaN"}, {"$date":"2001-06-30T23:50:00.000Z"}, {"$bytes":"AAE="} (base64), {"$map":[[key,value]]}, {"$set":[value]}, {"$undefined":true}.',
  ],
  examples: [
    { command: 'millrace state state totals', what: 'which keys the step "totals" has' },
    { command: 'millrace state state totals north', what: 'what it holds for the key "north"' },
    { command: 'millrace state state totals north --json', what: 'the same as data' },
  ],
}

/** Of every command. */
export const commonOptions: readonly OptionSpec[] = [
  { name: 'color', what: 'colours also where there is no terminal' },
  { name: 'no-color', what: 'no colours' },
  { name: 'help', what: 'what a command does, with its options and examples' },
]

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

const completions: CommandSpec = {
  name: 'completions',
  what: 'Print what makes a shell complete commands, options and files',
  operands: [{ name: 'SHELL', takes: shells }],
  options: [],
  more: [
    'SHELL is bash, zsh or fish. For good: put this line into ~/.bashrc or, below compinit, into ~/.zshrc: source <(millrace completions bash), or zsh. For fish: millrace completions fish > ~/.config/fish/completions/millrace.fish.',
  ],
  examples: [{ command: 'millrace completions bash', what: 'a script for bash' }],
}

export const commands: readonly CommandSpec[] = [run, explain, checkpoints, inspect, state, completions]

/** `DIR[/N] STEP [KEY]` */
export function operandsText({ operands }: CommandSpec): string {
  return operands.map(({ name, isOptional }) => (isOptional === true ? `[${name}]` : name)).join(' ')
}

export function commandNamed(name: string): CommandSpec | undefined {
  return commands.find((command) => command.name === name)
}
