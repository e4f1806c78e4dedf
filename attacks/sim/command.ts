/** `millrace run` in a simulated process: started, told to stop and ended as the command line does it. */
import { paintFor } from '../../packages/millrace/src/cli/colour.ts'
import type { StopSignal } from '../../packages/millrace/src/cli/exit-codes.ts'
import { runLoaded, type LoadedRun } from '../../packages/millrace/src/cli/run.ts'
import type { World } from '../../packages/millrace/src/cli/world.ts'
import type { Machine } from '../../packages/millrace/src/simulate/machine.ts'
import type { SimulatedProcess } from '../../packages/millrace/src/simulate/process.ts'

export interface Command {
  readonly ended: Promise<number>
  signal(signal: StopSignal): void
}

export function startCommand(process: SimulatedProcess<Machine>, run: LoadedRun): Command {
  let handler: ((signal: StopSignal) => void) | undefined
  const stream = { write: (text: string) => void (process.printed += text) }
  const paint = paintFor(false)
  const world: World = {
    env: process,
    stdout: stream,
    stderr: stream,
    canRedraw: false,
    isLogged: false,
    paint,
    paintOutput: paint,
    folder: '/',
    onSignal: (given) => void (handler = given),
    onEarlyEnd: () => () => undefined,
    exit: () => process.kill(),
    exitSoon: () => process.kill(),
  }
  return {
    ended: runLoaded(run, world),
    signal: (signal) => {
      if (!process.isDead) handler?.(signal)
    },
  }
}
