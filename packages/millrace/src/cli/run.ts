import { messageOf, StreamError } from '../core/errors.ts'
import { widenInlining } from '../env/inlining.ts'
import { startJob, type StartContext } from '../job/start-job.ts'
import type { JobHandle } from '../runtime/monitor.ts'
import type { Values } from './arguments.ts'
import { withConfigHint } from './config-argument.ts'
import { errorText } from './error-text.ts'
import { exitCodeOf, exitCodes, type StopSignal } from './exit-codes.ts'
import { loadJobFile } from './job-file.ts'
import { startOptionsOf, textOf, type StartOptions } from './run-options.ts'
import { RunReport } from './run-report.ts'
import { plainScreen, TerminalScreen, type Screen } from './screen.ts'
import { stopper } from './stopper.ts'
import type { EarlyEnd, World } from './world.ts'

/** A little less than what container platforms give a process between SIGTERM and SIGKILL. */
const STOP_DEADLINE_MS = 9_000
/** What takes longer to be committed the next run commits: a stop shall not last. */
const STOP_COMMIT_MS = 1_000

/** Node's exit code for a module that waits for nothing. */
const UNSETTLED = 13

/** `millrace run`: the job in this process, from its start to its end. */
export async function runCommand(operand: string, values: Values, world: World): Promise<number> {
  widenInlining()
  const options = startOptionsOf(values)
  let running: RunningCommand | undefined
  // Before the job's module is loaded: it may end the process, too.
  const letEnd = world.onEarlyEnd((end) => {
    running?.ended(exitCodes.failed.code)
    world.stderr.write(errorText(earlyEndError(end), world))
    return exitCodes.failed.code
  })
  try {
    const { job, name } = await loadJobFile(operand, 'run')
    const loaded: LoadedRun = { job, name, options, directory: textOf(values, 'checkpoints') }
    running = new RunningCommand(loaded, { ...world, exit: (code) => (letEnd(), world.exit(code)) })
    return await runJob(loaded, running, world)
  } finally {
    letEnd()
  }
}

/** Exit code 0 would say that all was done, whatever code the job's functions gave to process.exit. */
function earlyEndError(end: EarlyEnd): StreamError {
  if (end.kind === 'exit' && end.code === UNSETTLED)
    return new StreamError(
      'EARLY_EXIT',
      'Nothing is left to happen, but the job has not begun: an await at the top level of its file, or of a module that it imports, never ends.',
    )
  if (end.kind === 'exit')
    return new StreamError(
      'EARLY_EXIT',
      `The process was ended with code ${end.code} before the job had ended: by code of the job, or of what it uses.`,
    )
  return new StreamError(
    'UNCAUGHT',
    `An error reached nobody: ${messageOf(end.error)}. It was thrown in a callback, or is of a promise that nothing awaits, so no step can be named.`,
    { cause: end.error },
  )
}

/** What the command knows once its job is loaded. */
export interface LoadedRun {
  readonly job: unknown
  readonly name: string
  readonly options: StartOptions
  /** As written on the command line. */
  readonly directory: string | undefined
  /** For the simulator. */
  readonly context?: Partial<Pick<StartContext, 'tuning' | 'observer' | 'hasUncheckedConfig'>>
}

/** All but the loading of `millrace run`: start, report, signals, end. The simulator runs it in its own processes. */
export function runLoaded(loaded: LoadedRun, world: World): Promise<number> {
  return runJob(loaded, new RunningCommand(loaded, world), world)
}

async function runJob({ job, options, context = {} }: LoadedRun, running: RunningCommand, world: World): Promise<number> {
  // Stays until the process has ended: a Ctrl-C that comes a little late must not turn success into something else.
  world.onSignal(running.onSignal)
  // A job may wait for something that keeps no process alive, such as a promise of its own: then it waits, and a signal still ends it.
  const letGo = world.env.timers.after(Number.MAX_SAFE_INTEGER, () => undefined)
  try {
    const handle = await startJob(job, options, {
      env: world.env,
      hasUncheckedConfig: true,
      ...context,
      isLogged: world.isLogged,
      observer: (event) => {
        running.report.onEvent(event)
        context.observer?.(event)
      },
    })
    running.setHandle(handle)
    await handle.finished
    return running.ended(exitCodes.ok.code)
  } catch (error) {
    running.ended(exitCodeOf(error))
    throw withConfigHint(error, options.config)
  } finally {
    letGo()
  }
}

class RunningCommand {
  readonly report: RunReport
  readonly onSignal: (signal: StopSignal) => void
  readonly #world: World
  readonly #directory: string | undefined
  #handle: JobHandle | undefined
  #isStopping = false
  #exitCode: number | undefined

  constructor({ name, directory }: Pick<LoadedRun, 'name' | 'directory'>, world: World) {
    this.#world = world
    this.#directory = directory
    this.report = new RunReport({
      job: name,
      env: world.env,
      screen: screenOf(world),
      paint: world.paint,
      isLogged: world.isLogged,
      folder: world.folder,
      directory,
      status: () => this.#handle?.status(),
    })
    this.onSignal = stopper({
      now: () => world.env.clock.monotonic(),
      stop: (signal) => this.#stop(signal),
      end: (_signal, code) => this.#end(code),
    })
  }

  setHandle(handle: JobHandle): void {
    this.#handle = handle
    if (this.#isStopping) this.#stopHandle(handle)
  }

  /** The job is over: what is left is to end the process. */
  ended(exitCode: number): number {
    this.#exitCode = exitCode
    this.report.close()
    return exitCode
  }

  #stop(signal: StopSignal): void {
    if (this.#exitCode !== undefined) return
    this.#isStopping = true
    const what = this.report.isWaiting || this.#directory === undefined ? 'stopping' : 'stopping with a last checkpoint'
    this.report.line(`${signal === 'SIGINT' ? 'Ctrl-C' : signal}: ${what}; once more ends at once`)
    if (this.#handle !== undefined) this.#stopHandle(this.#handle)
  }

  #stopHandle(handle: JobHandle): void {
    // Whatever goes wrong also rejects `finished`, which is waited for.
    handle.stop({ deadlineMs: STOP_DEADLINE_MS, commitMs: STOP_COMMIT_MS }).catch(() => {})
  }

  #end(code: number): void {
    if (this.#exitCode !== undefined) return this.#world.exit(this.#exitCode)
    this.report.line(`ended at once. ${this.#nextTime()}`)
    this.report.close()
    this.#world.exit(code)
  }

  #nextTime(): string {
    if (this.#directory === undefined) return 'Without --checkpoints nothing is kept.'
    if (this.report.isWaiting) return 'It had not begun.'
    const { newestCheckpoint } = this.report
    const from = newestCheckpoint === undefined ? 'what the directory holds' : `checkpoint ${newestCheckpoint} or a newer one`
    return `The next run continues from ${from}; what came after is done again, and no output is doubled that a sink holds exactly once.`
  }
}

function screenOf({ stderr, stdout, canRedraw }: World): Screen {
  if (!canRedraw) return plainScreen(stderr)
  return new TerminalScreen(stderr, stdout.isTTY === true ? stdout : undefined)
}
