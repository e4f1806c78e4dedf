/**
 * What is wrong with a job as written. Each node is checked when it is added, so that the error's stack names the user's line;
 * `checkPlan` does the same for a whole plan.
 */
import type { StorageNames } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import { MAX_KEY_GROUPS } from '../core/key-group.ts'
import type { KeyedProcessNode, OutputName, Plan, PlanNode, SinkNode, SourceNode, WindowNode } from './nodes.ts'
import { sourcesOf, timedNodes } from './timed.ts'

/**
 * @throws {INVALID_JOB} for a job without a source or a node that reads from itself or a later one
 * @throws as {@link checkNode}
 */
export function checkPlan(plan: Plan): void {
  if (!plan.nodes.some((node) => node.kind === 'source')) {
    throw new StreamError('INVALID_JOB', `The job '${plan.job}' has no source: begin with job.from(…).`)
  }
  for (let i = 0; i < plan.nodes.length; i++) checkNode(plan.nodes.slice(0, i), plan.nodes[i] as PlanNode)
}

/**
 * Checks a node against those before it.
 * @throws {DUPLICATE_ID} {UNKNOWN_TAG} {TIMER_WITHOUT_HANDLER} {NO_EVENT_TIME} {INVALID_OPTION} {INVALID_JOB}
 */
export function checkNode(earlier: readonly PlanNode[], node: PlanNode): void {
  if (earlier.some((other) => other.address === node.address)) throw duplicate(node.address)
  for (const edge of node.inputs) {
    const from = earlier[edge.from]
    if (from === undefined) throw new StreamError('INVALID_JOB', `${node.address} reads from a step that does not come before it.`)
    if (edge.output !== 'main') checkTag(from, edge.output.tag)
  }
  if (node.kind !== 'source' && node.inputs.length === 0) throw new StreamError('INVALID_JOB', `${node.address} has no input.`)
  if (node.parallelism !== undefined) checkParallelismHint(node.address, node.parallelism)
  if (node.kind === 'keyed-process') checkTimers(earlier, node)
  if (node.kind === 'window') checkWindowTime(earlier, node)
  if (node.kind === 'sink') checkPlace(earlier, node)
  for (const other of earlier) {
    if (node.kind === 'sink' && other.kind === 'source') checkLoop(other, node)
    if (node.kind === 'source' && other.kind === 'sink') checkLoop(node, other)
  }
}

/** Before explain() promises what the run could not keep: the second would find the output of the first under its own names. */
function checkPlace(earlier: readonly PlanNode[], { address, sink: { kind, place } }: SinkNode): void {
  if (place === undefined) return
  const other = earlier.find((each) => each.kind === 'sink' && each.sink.kind === kind && each.sink.place === place)
  if (other === undefined) return
  throw new StreamError(
    'INVALID_JOB',
    `${other.address} and ${address} both write ${kind} to '${place}'. Give each a place of its own, or make one stream of the two with union.`,
  )
}

/** What a run reads would depend on when it started, and a source that follows would have no end of its own output. */
function checkLoop({ address, source }: SourceNode, { address: sinkAddress, sink }: SinkNode): void {
  if (sink.kind !== source.kind || sink.writes === undefined || source.reads?.(sink.writes) !== true) return
  throw new StreamError(
    'INVALID_JOB',
    `${address} would read what ${sinkAddress} writes, such as ${sink.writes}: output of the job would be its input. Write to a place that the source does not read, or leave it out of what it reads by a pattern.`,
  )
}

/**
 * The same for the checkpoints of a run: they would be input, or lie among the parts of an output.
 * @throws {INVALID_JOB}
 */
export function checkStorage({ nodes }: Plan, { kind, place, examples }: StorageNames): void {
  for (const node of nodes) {
    if (node.kind === 'source' && node.source.kind === kind) {
      const read = examples.find((name) => node.source.reads?.(name) === true)
      if (read !== undefined)
        throw new StreamError(
          'INVALID_JOB',
          `${node.address} would read the checkpoints of the job, such as ${read}. Keep them in a directory that the source does not read, or leave them out of what it reads by a pattern.`,
        )
    }
    if (node.kind === 'sink' && node.sink.kind === kind && node.sink.place === place)
      throw new StreamError(
        'INVALID_JOB',
        `${node.address} would write into ${place}, which holds the checkpoints of the job. Give each a directory of its own.`,
      )
  }
}

/** True when a node can send to the side output of a tag. */
export function canSend(node: PlanNode, tag: string): boolean {
  return node.tags === 'any' || node.tags.includes(tag)
}

/** @throws {UNKNOWN_TAG} when the node cannot send to the side output of the tag */
export function checkTag(node: PlanNode, tag: string): void {
  if (canSend(node, tag)) return
  throw unknownTag([node], tag)
}

/** The error for reading a tag that none of these nodes can send. */
export function unknownTag(nodes: readonly PlanNode[], tag: string): StreamError {
  const said = nodes.map((node) => `${node.address} ${whatItSends(node)}`).join('; ')
  return new StreamError(
    'UNKNOWN_TAG',
    `side() reads the tag '${tag}', which cannot be sent here: ${said}. Read it from the stream of the step that sends it.`,
  )
}

/** @throws {INVALID_OPTION} unless it is a whole number from 1 to the most key groups there may be */
export function checkParallelismHint(address: string, parallelism: number): void {
  if (Number.isInteger(parallelism) && parallelism >= 1 && parallelism <= MAX_KEY_GROUPS) return
  throw new StreamError(
    'INVALID_OPTION',
    `The parallelism of ${address} is ${String(parallelism)}: it may be a whole number from 1 to ${MAX_KEY_GROUPS}.`,
  )
}

/** How an output is written in messages and by explain(): `source/payments`, or `source/payments[broken]` for a side output. */
export function outputText(address: string, output: OutputName): string {
  return output === 'main' ? address : `${address}[${output.tag}]`
}

function whatItSends(node: PlanNode): string {
  if (node.kind === 'source') return node.tags.length === 0 ? 'has no `invalid` tag' : `sends only to ${quoted(node.tags)}`
  if (node.kind === 'window' && node.tags.length === 0) return 'has no late output: name its tag with lateTo() before the step'
  return node.tags.length === 0 || node.tags === 'any' ? 'has no side outputs' : `sends only to ${quoted(node.tags)}`
}

function quoted(names: readonly string[] | 'any'): string {
  return names === 'any' ? 'any tag' : names.map((name) => `'${name}'`).join(', ')
}

/** A timer may be called `toString`, which every object has. */
function hasHandler(node: KeyedProcessNode, name: string): boolean {
  const handler: unknown = node.step.onTimer?.[name]
  return typeof handler === 'function' && handler !== Reflect.get(Object.prototype, name)
}

function duplicate(address: string): StreamError {
  const [kind, id] = address.split('/')
  return new StreamError(
    'DUPLICATE_ID',
    `Two ${kind}s of the job have the id '${id}' (${address}). Give each its own: state and positions are found again by it.`,
  )
}

function checkTimers(earlier: readonly PlanNode[], node: KeyedProcessNode): void {
  const timers = Object.entries(node.states).filter(([, { kind }]) => kind === 'timer' || kind === 'timers')
  for (const [name] of timers) {
    if (hasHandler(node, name)) continue
    throw new StreamError(
      'TIMER_WITHOUT_HANDLER',
      `${node.address} declares the timer '${name}', but its onTimer has no method '${name}'. Add it, or remove the declaration.`,
    )
  }
  for (const name of Object.keys(node.step.onTimer ?? {})) {
    if (timers.some(([declared]) => declared === name)) continue
    throw new StreamError(
      'TIMER_WITHOUT_HANDLER',
      `${node.address} has a method onTimer.${name}, but declares no timer '${name}'. Declare it in timers, or remove the method.`,
    )
  }
  const event = timers.find(([, { domain }]) => domain === 'event')
  if (event !== undefined) checkTimed(earlier, node, `declares the event timer '${event[0]}'`, 'use processingTimer()')
}

/** Rules 1.16. */
function checkWindowTime(earlier: readonly PlanNode[], node: WindowNode): void {
  if (node.windows.kind === 'count' || node.windows.domain === 'processing') return
  checkTimed(earlier, node, 'has windows in event time', "say { time: 'processing' }")
}

function checkTimed(earlier: readonly PlanNode[], node: PlanNode, what: string, remedy: string): void {
  const timed = timedNodes(earlier)
  if (node.inputs.some((edge) => timed[edge.from])) return
  const sources = sourcesOf([...earlier, node], node).join(', ')
  throw new StreamError(
    'NO_EVENT_TIME',
    `${node.address} ${what}, but no source before it gives event time: ${sources}. Give from() a timestamp function, or ${remedy}.`,
  )
}
