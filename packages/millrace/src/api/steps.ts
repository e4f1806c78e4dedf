import { StreamError } from '../core/errors.ts'
import { checkName } from '../plan/ids.ts'
import type { AggregateNode, KeyedProcessNode, ProcessNode } from '../plan/nodes.ts'
import type { StateDeclaration } from '../state/contract.ts'
import { checkFunction, checkObject, checkOptionNames, checkPerRecord } from './checks.ts'
import { stateDeclaration } from './state-specs.ts'
import { timerDeclaration } from './timers.ts'

type Declarations = Readonly<Record<string, StateDeclaration>>

/** Checks a process function without a key. `what` is the step's address. @throws {INVALID_JOB} */
export function plainStep(what: string, process: unknown): ProcessNode['step'] {
  checkLifecycle(what, process)
  for (const name of ['state', 'timers', 'onTimer']) {
    if (process[name] !== undefined)
      throw new StreamError('INVALID_JOB', `${what} has ${name}, but its stream has no key: use keyBy before process.`)
  }
  checkProcessNames(what, process, PLAIN)
  // The user's object itself, not a copy: its methods may be those of a class and may use `this`.
  return process as unknown as ProcessNode['step']
}

/** Checks a process function with a key and gives its states and timers as data, states first. @throws {INVALID_JOB} {INVALID_ID} {DUPLICATE_ID} {INVALID_DURATION} {INVALID_OPTION} */
export function keyedStep(what: string, process: unknown): Pick<KeyedProcessNode, 'step' | 'states'> {
  checkLifecycle(what, process)
  checkProcessNames(what, process, [...PLAIN, 'state', 'timers', 'onTimer'])
  const { state = {}, timers = {}, onTimer = {} } = process
  checkObject(state, `state of ${what}`)
  checkObject(timers, `timers of ${what}`)
  checkObject(onTimer, `onTimer of ${what}`)
  for (const [name, handler] of Object.entries(onTimer))
    if (handler !== undefined) checkPerRecord(handler, { what: `onTimer.${name} of ${what}` })
  const states = new Map<string, StateDeclaration>()
  for (const [name, spec] of Object.entries(state)) {
    checkName(`The name of a state of ${what}`, name)
    states.set(name, stateDeclaration(`state '${name}' of ${what}`, spec))
  }
  for (const [name, spec] of Object.entries(timers)) {
    checkName(`The name of a timer of ${what}`, name)
    if (states.has(name))
      throw new StreamError(
        'DUPLICATE_ID',
        `${what} has a state and a timer that are both called '${name}': give one of them another name.`,
      )
    states.set(name, timerDeclaration(`timer '${name}' of ${what}`, spec))
  }
  return { step: process as unknown as KeyedProcessNode['step'], states: Object.fromEntries(states) }
}

/** The states of an aggregate: an accumulator for each name. */
export function aggregateStates(aggregates: AggregateNode['aggregates']): Declarations {
  return Object.fromEntries(
    Object.entries(aggregates).map(([name, { kind }]) => [
      name,
      { kind: 'accumulator', version: 1, ...(kind === undefined ? {} : { aggregate: kind }) },
    ]),
  )
}

const PLAIN = ['onRecord', 'open', 'close']

/** An object of a class may have fields of its own. @throws {INVALID_OPTION} */
function checkProcessNames(what: string, process: object, allowed: readonly string[]): void {
  if (Object.getPrototypeOf(process) === Object.prototype) checkOptionNames(process, what, allowed)
}

function checkLifecycle(what: string, process: unknown): asserts process is Readonly<Record<string, unknown>> {
  checkObject(process, `The process function of ${what}`)
  checkPerRecord(process['onRecord'], { what: `onRecord of ${what}` })
  for (const name of ['open', 'close']) if (process[name] !== undefined) checkFunction(process[name], `${name} of ${what}`)
}
