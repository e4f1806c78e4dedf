import { widenInlining } from '../env/inlining.ts'
import { startJob, type StartContext } from '../job/start-job.ts'
import type { JobHandle } from '../runtime/monitor.ts'
import type { Values } from './arguments.ts'
import { withConfigHint } from './config-argument.ts'
import { exitCodeOf, exitCodes, type StopSignal } from './exit-codes.ts'
import { loadJobFile } from './job-file.ts'
import { startOptionsOf, textOf } from './run-options.ts'
import { RunReport } from './run-report.ts'
import { plainScreen, TerminalScreen, type Screen } from './screen.ts'
import { stopper } from './stopper.ts'
import type { World } from './world.ts'

/** A little less than what container platforms give a process between SIGTERM and SIGKILL. */
const STOP_DEADLINE_MS = 9_000
/** What takes longer to be committed the next run commits: a stop shall not last. */
const STOP_COMMIT_MS = 1_000

/** `millrace run`: the job in this process, from its start to its end. */
export async function runCommand(operand: string, values: Values, world: World): Promise<number> {
  widenInlining()
  const options = startOptionsOf(values)
  const { job, name } = await loadJobFile(operand, 'run')
  return runLoaded({ job, name, options, directory: textOf(values, 'checkpoints') }, world)
}

/** What the command knows once its job is loaded. */
export interface LoadedRun {
  readonly job: unknown
  readonly name: string
  readonly options: ReturnType<typeof startOptionsOf>
  /** As written on the command line. */
  readonly directory: string | undefined
  /** For the simulator. */
  readonly context?: Partial<Pick<StartContext, 'tuning' | 'observer' | 'hasUncheckedConfig'>>
}

/** The rest of `millrace run`: start, report, signals, end. The simulator runs the same in its own processes. */
export async function runLoaded({ job, name, options, directory, context = {} }: LoadedRun, world: World): Promise<number> {
  const running = new RunningCommand(name, directory, world)
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

  constructor(job: string, directory: string | undefined, world: World) {
    this.#world = world
    this.#directory = directory
    this.report = new RunReport({
      job,
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
