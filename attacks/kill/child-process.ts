/** The parent's end of a child: starts it, reads what it says, sends it signals. */
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { dataFolder } from '../lib/attack.ts'
import type { ChildLine, ChildOptions } from './child-options.ts'

export interface Ending {
  readonly code: number | null
  readonly signal: string | null
}

export class Child {
  readonly lines: ChildLine[] = []
  readonly ended: Promise<Ending>
  ending: Ending | undefined
  stderr = ''
  readonly #process: ChildProcess
  #waiters: { readonly isIt: (line: ChildLine) => boolean; readonly resolve: (line: ChildLine | undefined) => void }[] = []
  readonly #killOnExit = (): void => this.signal('SIGKILL')

  /** `more`: of its environment. */
  constructor(options: ChildOptions, more: NodeJS.ProcessEnv = {}) {
    const env = { ...process.env, NODE_COMPILE_CACHE: dataFolder('compile-cache'), ...more }
    this.#process = spawn(process.execPath, [join(import.meta.dirname, 'child.ts'), JSON.stringify(options)], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    process.on('exit', this.#killOnExit)
    this.#process.stderr?.on('data', (text: Buffer) => (this.stderr += text.toString()))
    if (this.#process.stdout !== null) createInterface({ input: this.#process.stdout }).on('line', (line) => this.#read(line))
    this.ended = new Promise((resolve) => {
      this.#process.on('close', (code, signal) => {
        process.off('exit', this.#killOnExit)
        this.ending = { code, signal }
        for (const { resolve: tell } of this.#waiters.splice(0)) tell(undefined)
        resolve(this.ending)
      })
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  find<K extends ChildLine['kind']>(kind: K): Extract<ChildLine, { kind: K }> | undefined {
    return this.lines.findLast((line): line is Extract<ChildLine, { kind: K }> => line.kind === kind)
  }

  /** The first line for which it holds, said already or yet to come; undefined when the process ends, or the time passes, without one. */
  until(isIt: (line: ChildLine) => boolean, withinMs: number = 60_000): Promise<ChildLine | undefined> {
    const said = this.lines.find(isIt)
    if (said !== undefined || this.ending !== undefined) return Promise.resolve(said)
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), withinMs)
      const waiter = { isIt, resolve: (line: ChildLine | undefined) => (clearTimeout(timer), resolve(line)) }
      this.#waiters.push(waiter)
    })
  }

  #read(text: string): void {
    let line: ChildLine
    try {
      line = JSON.parse(text) as ChildLine
    } catch {
      // The end of what a killed process said may be cut off.
      return
    }
    this.lines.push(line)
    const told = this.#waiters.filter(({ isIt }) => isIt(line))
    this.#waiters = this.#waiters.filter((waiter) => !told.includes(waiter))
    for (const { resolve } of told) resolve(line)
  }
}
