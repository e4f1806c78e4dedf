import { Machine, type MachineOptions } from './machine.ts'
import type { SimulatedProcess } from './process.ts'

/** A fresh process on a machine of its own, with an empty disk: an `Env` in which nothing happens but by its `machine`. */
export function virtualEnv(options: MachineOptions): SimulatedProcess<Machine> {
  return new Machine(options).start()
}
