/** Opens what a task needs from outside before its first record: the reader of a source, the writers of sinks. */
import type { SplitState } from '../checkpoint/manifest.ts'
import type { Plain, Reader, Writer } from '../connect/contract.ts'
import type { PlanNode } from '../plan/nodes.ts'
import { keyHash } from '../serde/key.ts'
import type { OperatorRestore, TaskOptions } from './task-spec.ts'

export interface OpenParts {
  readonly reader: Reader<unknown, Plain> | undefined
  /** The splits of the checkpoint that this subtask owns, ended ones included. */
  readonly restoredSplits: Readonly<Record<string, SplitState>>
  readonly writers: ReadonlyMap<number, Writer<unknown, Plain, Plain>>
  /** Runs all closers and closes the writers; the first error is thrown after all had their turn. */
  close(closers: readonly (() => Promise<void> | undefined | void)[]): Promise<void>
}

export async function openTask(options: TaskOptions, restored: Readonly<Record<string, OperatorRestore>>): Promise<OpenParts> {
  const { spec, env, epoch, signal } = options
  const writers = new Map<number, Writer<unknown, Plain, Plain>>()
  let reader: Reader<unknown, Plain> | undefined
  let restoredSplits: Readonly<Record<string, SplitState>> = {}
  for (const index of spec.nodes) {
    const node = spec.plan.nodes[index] as PlanNode
    const from = restored[node.address]
    if (node.kind === 'source') {
      const owns = ownership(spec.subtasks, spec.subtask)
      restoredSplits = from?.kind === 'source' ? Object.fromEntries(Object.entries(from.splits).filter(([name]) => owns(name))) : {}
      const live = Object.entries(restoredSplits).filter(([, split]) => !split.ended)
      const ended = Object.entries(restoredSplits).filter(([, split]) => split.ended)
      reader = await node.source.open({
        source: node.address,
        env,
        owns,
        signal,
        restored: new Map(live.map(([name, { position }]) => [name, position])),
        ended: new Set(ended.map(([name]) => name)),
      })
    } else if (node.kind === 'sink') {
      const context = { env, job: spec.plan.job, sink: node.address, subtask: spec.subtask, subtasks: spec.subtasks, epoch, signal }
      writers.set(index, await node.sink.open(context, from?.kind === 'sink' ? from.writerStates : []))
    }
  }
  return {
    reader,
    restoredSplits,
    writers,
    close: (closers) => closeAll([...closers, ...[...writers.values()].map((writer) => () => writer.close())]),
  }
}

/** Rules 1.13: static ownership. The same split goes to the same subtask in every run of equal parallelism. */
export function ownership(subtasks: number, subtask: number): (split: string) => boolean {
  return (split) => (keyHash(split) >>> 0) % subtasks === subtask
}

async function closeAll(closers: readonly (() => Promise<void> | undefined | void)[]): Promise<void> {
  const errors: unknown[] = []
  for (const close of closers) {
    try {
      await close()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw errors[0]
}
