/** What a newcomer does wrong, and what has to be said then. Each begins in the project of the README's first job. */
import type { Project } from './project.ts'

/** May return what is to be done afterwards. */
type Prepare = (project: Project) => Promise<void | (() => Promise<void>)>

export interface Mistake {
  readonly what: string
  readonly prepare?: Prepare
  readonly line: string
  /** With `ctrlC` whatever it is. */
  readonly code: number
  /** It goes on for ever: Ctrl-C once it has said this. */
  readonly ctrlC?: string
  /** What happened, and what to do. */
  readonly says: readonly RegExp[]
}

const RUN = 'npx millrace run job.ts --checkpoints state'
const PAGE = /see node_modules\/millrace\/docs\/errors\.md#\w+/

const job = (text: string): Prepare => {
  return async (project) => project.write('job.ts', text)
}

const changed = (from: string, to: string): Prepare => {
  return async (project) => project.write('job.ts', project.read('job.ts').replace(from, to))
}

async function small(project: Project): Promise<void> {
  project.write('payments/monday.jsonl', '{"card":"A","cents":1}\n')
}

/** A process that has the job until it is killed. */
async function running(project: Project): Promise<() => Promise<void>> {
  await changed(
    "fileSource('payments/*.jsonl', jsonLines<Payment>())",
    'generatorSource({ rate: 100, record: () => ({ card: "A", cents: 1 }) })',
  )(project)
  await changed('import { agg, defineJob }', 'import { agg, defineJob, generatorSource }')(project)
  const ended = project.signalWhen(RUN, 'SIGKILL', () => isOver)
  let isOver = false
  while (project.list('state/log').length < 2) await new Promise((resolve) => setTimeout(resolve, 20))
  return async () => {
    isOver = true
    await ended
  }
}

export const mistakes: readonly Mistake[] = [
  { what: 'no command', line: 'npx millrace', code: 2, says: [/usage: millrace COMMAND/, /millrace run job\.ts --checkpoints state/] },
  { what: 'no job file', line: 'npx millrace run', code: 2, says: [/JOB\.ts is missing\./, /see millrace help run/] },
  { what: 'the command left out', line: 'npx millrace job.ts', code: 2, says: [/Did you mean: millrace run job\.ts/] },
  { what: 'a wrong path', line: 'npx millrace run jbo.ts', code: 2, says: [/There is no file jbo\.ts\. Did you mean job\.ts\?/] },
  { what: 'another extension', line: 'npx millrace run job.js', code: 2, says: [/There is no file job\.js\. Did you mean job\.ts\?/] },
  {
    what: 'a path to nothing',
    line: 'npx millrace run src/pipeline.ts',
    code: 2,
    says: [/There is no file src\/pipeline\.ts\.\n {2}see millrace help run/],
  },
  { what: 'a folder', line: 'npx millrace run .', code: 2, says: [/\. is a directory: name the file that default-exports the job\./] },
  { what: 'a mistyped option', line: 'npx millrace run job.ts --checkpoint state', code: 2, says: [/Did you mean --checkpoints\?/] },
  {
    what: 'an option without its value',
    line: 'npx millrace run job.ts --checkpoints',
    code: 2,
    says: [/--checkpoints needs a value: --checkpoints DIR\./],
  },
  {
    what: 'the package that npm init writes, TypeScript',
    prepare: async (project) => void (await project.must('npm', 'pkg', 'set', 'type=commonjs')),
    line: RUN,
    code: 1,
    says: [
      /package\.json says "type": "commonjs", and this file is an ES module: npm pkg set type=module, or call the file job\.mts\./,
      PAGE,
    ],
  },
  {
    what: 'the package that npm init writes, JavaScript',
    prepare: async (project) => {
      await project.must('npm', 'pkg', 'set', 'type=commonjs')
      project.write('job.js', "import { defineJob } from 'millrace'\nexport default defineJob('x', () => {})\n")
    },
    line: 'npx millrace run job.js',
    code: 1,
    says: [/package\.json says "type": "commonjs", .*: npm pkg set type=module, or call the file job\.mjs\./, PAGE],
  },
  {
    what: 'no default export',
    prepare: changed('export default', 'export const spending ='),
    line: RUN,
    code: 1,
    says: [/job\.ts has no default export\. It exports 'spending': is that the job\?/, PAGE],
  },
  {
    what: 'a default export that is no job',
    prepare: job('export default () => {}\n'),
    line: RUN,
    code: 1,
    says: [/is a function, not a job\. Write: export default defineJob/, PAGE],
  },
  { what: 'a mistyped import', prepare: changed("'millrace'", "'milrace'"), line: RUN, code: 1, says: [/Did you mean 'millrace'\?/, PAGE] },
  {
    what: 'a package that is not installed',
    prepare: changed("'millrace'", "'left-out'"),
    line: RUN,
    code: 1,
    says: [/Install it: npm install left-out\./, PAGE],
  },
  {
    what: 'a door that is not there',
    prepare: changed("'millrace/files'", "'millrace/file'"),
    line: RUN,
    code: 1,
    says: [/There are 'millrace', 'millrace\/files', 'millrace\/connect', 'millrace\/testing'\./, PAGE],
  },
  {
    what: 'a name that is not there',
    prepare: changed('agg, defineJob', 'agg, definejob'),
    line: RUN,
    code: 1,
    says: [/does not provide an export named 'definejob'/, /job\.ts:1/, PAGE],
  },
  {
    what: 'an enum',
    prepare: changed('interface Payment', 'enum Colour { red }\ninterface Payment'),
    line: RUN,
    code: 1,
    says: [/without enums/, PAGE],
  },
  {
    what: 'a syntax error',
    prepare: changed('cents > 0)', 'cents >)'),
    line: RUN,
    code: 1,
    says: [/job\.ts cannot be loaded/, /job\.ts:12/, PAGE],
  },
  {
    what: 'no input',
    prepare: async (project) => void (await project.shell('rm -r payments')),
    line: RUN,
    code: 1,
    says: [/cannot read payments\/\*\.jsonl: there is no folder payments\. Relative paths begin where the process was started\./, PAGE],
  },
  {
    what: 'input that cannot be read',
    prepare: async (project) => project.write('payments/monday.jsonl', '{"card":"A","cents":1}\n{"card":"B",\n{}\n'),
    line: RUN,
    code: 1,
    says: [
      /INVALID_RECORD: source\/payments read an invalid record: monday\.jsonl:2 cannot be parsed: /,
      /Mend the input, or set `invalid` on from\(\)/,
      PAGE,
    ],
  },
  {
    what: 'a function that throws',
    prepare: changed('payment.cents > 0', 'payment.cents.toFixed(500) > "0"'),
    line: RUN,
    code: 0,
    ctrlC: 'failed again',
    says: [/failed: USER_CODE: /, /at .*job\.ts:12:\d+/, /what to do: /, /restarts from its newest checkpoint in /, PAGE],
  },
  {
    what: 'checkpoints that are not there',
    line: 'npx millrace checkpoints state',
    code: 2,
    says: [/There is no directory state\. A run makes it: millrace run JOB\.ts --checkpoints state/],
  },
  {
    what: 'checkpoints that are a file',
    line: 'npx millrace run job.ts --checkpoints job.ts',
    code: 1,
    says: [/STORAGE: job\.ts/, /A part of the path is a file\./, PAGE],
  },
  {
    what: 'a finished job once more',
    prepare: async (project) => {
      await small(project)
      await project.must('npx', 'millrace', 'run', 'job.ts', '--checkpoints', 'state')
    },
    line: RUN,
    code: 0,
    says: [
      /has finished before: .* Nothing was run\./,
      /If the input has grown: run it from the start with another --checkpoints than state,/,
    ],
  },
  {
    what: 'output of another run in the way',
    prepare: async (project) => {
      await small(project)
      await project.must('npx', 'millrace', 'run', 'job.ts', '--checkpoints', 'state')
    },
    line: 'npx millrace run job.ts --checkpoints other; code=$?; rm -r other; exit $code',
    code: 1,
    says: [
      /OUTPUT_EXISTS: .* is the output of another run\. Go on with the checkpoints that wrote it, or give the sink an empty folder/,
      PAGE,
    ],
  },
  {
    what: 'another process has the job',
    prepare: running,
    line: RUN,
    code: 0,
    ctrlC: 'waiting: ',
    says: [/waiting: process \d+ has the job; takes over in /, /Ctrl-C: stopping/],
  },
  {
    what: 'explain before it runs',
    line: 'npx millrace explain job.ts',
    code: 0,
    says: [/exactly-once/],
  },
]
