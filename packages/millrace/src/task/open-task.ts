/** Opens what a task needs from outside before its first record: the reader of a source, the writers of sinks. */
import type { SplitState } from '../checkpoint/manifest.ts'
import type { Plain, Reader, Writer } from '../connect/contract.ts'
import { closeAll, CLOSING_FAILED, type Closer } from '../core/close-all.ts'
import { messageOf } from '../core/errors.ts'
import type { PlanNode, SinkNode, SourceNode } from '../plan/nodes.ts'
import { keyHash } from '../serde/key.ts'
import { byConnector } from './connector-error.ts'
import type { ChainOperator } from './chain.ts'
import { inLifecycle } from './explain-error.ts'
import type { OperatorRestore, TaskOptions } from './task-spec.ts'
import type { Underway } from './underway.ts'

type Splits = Readonly<Record<string, SplitState>>

export interface OpenParts {
  readonly reader: Reader<unknown, Plain> | undefined
  /** The splits of the checkpoint that this subtask owns, ended ones included. */
  readonly restoredSplits: Splits
  readonly writers: ReadonlyMap<number, Writer<unknown, Plain, Plain>>
  /** Runs all closers, then closes reader and writers; the first error is thrown after all had their turn. */
  close(closers: readonly Closer[]): Promise<void>
}

/** When one of them cannot be opened, those before it are closed: nobody else knows of them. @throws {SOURCE} {SINK} */
export async function openTask(options: TaskOptions, restored: Readonly<Record<string, OperatorRestore>>): Promise<OpenParts> {
  const { spec, env, underway } = options
  const writers = new Map<number, Writer<unknown, Plain, Plain>>()
  const opened: Closer[] = []
  let reader: Reader<unknown, Plain> | undefined
  let restoredSplits: Splits = {}
  for (const index of spec.nodes) {
    const node = spec.plan.nodes[index] as PlanNode
    try {
      if (node.kind === 'source') {
        restoredSplits = splitsOf(options, restored[node.address])
        const splits = restoredSplits
        const open = (): Promise<Reader<unknown, Plain>> => openReader(node, options, splits)
        const own = (reader = await underway.wait(opening(node), () => byConnector(node, 'be opened', open)))
        opened.push(() => underway.wait(closing(node), () => byConnector(node, 'be closed', () => own.close())))
      } else if (node.kind === 'sink') {
        const open = (): Promise<Writer<unknown, Plain, Plain>> => openWriter(node, options, restored[node.address])
        const writer = await underway.wait(opening(node), () => byConnector(node, 'be opened', open))
        writers.set(index, writer)
        opened.push(() => underway.wait(closing(node), () => byConnector(node, 'be closed', () => writer.close())))
      }
    } catch (error) {
      await closeAll(opened).catch((other: unknown) => env.log('warn', CLOSING_FAILED, { cause: messageOf(other) }))
      throw error
    }
  }
  return { reader, restoredSplits, writers, close: (closers) => closeAll([...closers, ...opened]) }
}

const opening = ({ address }: Pick<PlanNode, 'address'>): string => `${address} to be opened`
const closing = ({ address }: Pick<PlanNode, 'address'>): string => `${address} to be closed`

export function openOperator({ node, operator }: ChainOperator, underway: Underway): Promise<void> {
  return underway.wait(opening(node), () => inLifecycle('open', node.address, () => operator.open?.()))
}
export function closeOperator({ node, operator }: ChainOperator, underway: Underway): Promise<void> {
  return underway.wait(closing(node), () => inLifecycle('close', node.address, () => operator.close?.()))
}

function splitsOf({ spec }: TaskOptions, from: OperatorRestore | undefined): Splits {
  const owns = ownership(spec.subtasks, spec.subtask)
  return from?.kind === 'source' ? Object.fromEntries(Object.entries(from.splits).filter(([name]) => owns(name))) : {}
}

function openReader({ source, address }: SourceNode, { spec, env, signal }: TaskOptions, splits: Splits): Promise<Reader<unknown, Plain>> {
  const live = Object.entries(splits).filter(([, split]) => !split.ended)
  const ended = Object.entries(splits).filter(([, split]) => split.ended)
  return source.open({
    source: address,
    env,
    owns: ownership(spec.subtasks, spec.subtask),
    signal,
    restored: new Map(live.map(([name, { position }]) => [name, position])),
    ended: new Map(ended.map(([name, { position }]) => [name, position])),
  })
}

function openWriter(
  { sink, address }: SinkNode,
  { spec, env, log, epoch, keepsState, signal }: TaskOptions,
  from: OperatorRestore | undefined,
): Promise<Writer<unknown, Plain, Plain>> {
  const { plan, subtask, subtasks } = spec
  const run = { env, job: plan.job, log, epoch, keepsCheckpoints: keepsState, signal }
  return sink.open({ ...run, sink: address, subtask, subtasks, isNew: from === undefined }, from?.kind === 'sink' ? from.writerStates : [])
}

/** Rules 1.13: static ownership. The same split goes to the same subtask in every run of equal parallelism. */
export function ownership(subtasks: number, subtask: number): (split: string) => boolean {
  return (split) => (keyHash(split) >>> 0) % subtasks === subtask
}
