/** Rules 1.2 (c): what a step has seen of the watermark it does not see again from behind, also a step that keeps nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { defineSource, type Source } from '../connect/contract.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { checkpointed, Lab } from './simulated-job.test.ts'

interface Event {
  readonly split: string
  readonly at: number
}

/** `quiet` gives one old record and falls silent, the others go on; there is no end. */
const source: Source<Event> = defineSource<Event, number>({
  kind: 'quiet',
  bounded: false,
  replayable: true,
  timestamps: false,
  open: ({ env, restored, owns }) => {
    const splits = new Map(['quiet', 'a', 'b', 'c'].filter(owns).map((split) => [split, restored.get(split) ?? 0]))
    const lively = [...splits.keys()].filter((split) => split !== 'quiet')
    let dueAt = 0
    let turn = 0
    return Promise.resolve({
      splits,
      poll: () => {
        if (splits.get('quiet') === 0) {
          splits.set('quiet', 1)
          return { split: 'quiet', values: [{ split: 'quiet', at: 5 }], next: 1 }
        }
        const split = lively[turn % lively.length]
        if (split === undefined || env.clock.monotonic() < dueAt) return 'wait'
        turn++
        dueAt = env.clock.monotonic() + 7
        const next = (splits.get(split) as number) + 1
        splits.set(split, next)
        return { split, values: [{ split, at: next * 100 }], next }
      },
      ready: () => new Promise((resolve) => env.timers.after(7, resolve)),
      close: () => Promise.resolve(),
    })
  },
})

type Seen = ReadonlyMap<string, number[]>

/** A plain step in the task of the source, a keyed one, one behind that, and one that any subtask may get. */
function watchingJob(seen: Map<string, number[]>): Job<void, unknown> {
  const watch = (step: string) => ({
    open: ({ subtask }: { readonly subtask: number }) => `${step}/${subtask}`,
    onRecord(event: Event, { watermark, resource }: { readonly watermark: number; readonly resource: string }, out: Out<Event>) {
      seen.set(resource, [...(seen.get(resource) ?? []), watermark])
      out.emit(event)
    },
  })
  return defineJob('watching', (job) => {
    const events = job.from('events', source, { timestamp: (event) => event.at, idleness: 50 })
    events
      .process('plain', watch('plain'))
      .keyBy((event) => event.split)
      .process('keyed', watch('keyed'))
      .process('after', watch('after'))
      .parallelism(1)
      .process('one', watch('one'))
      .to('out', fileSink('/out', jsonLines()))
  })
}

for (const [before, after] of [
  [1, 1],
  [2, 2],
  [1, 2],
] as const)
  test(`a restart takes no time back, at parallelism ${before} and then ${after}, although a split was idle`, async () => {
    const lab = new Lab()
    const lives: Seen[] = []
    for (const parallelism of [before, after]) {
      const seen = new Map<string, number[]>()
      const life = await lab.start(watchingJob(seen), checkpointed({}, { parallelism, keyGroups: 16 }))
      await life.when(() => (seen.get('one/0')?.length ?? 0) >= 60)
      await lab.wait(life.handle.stop())
      assert.equal(await life.end(), 'stopped')
      lives.push(seen)
    }
    const [first, second] = lives as [Seen, Seen]
    for (const [step, watermarks] of second) {
      // Of a step that has other subtasks now: what all of them had reached.
      const all = [...first].filter(([name]) => (before === after ? name === step : name.split('/')[0] === step.split('/')[0]))
      const least = Math.min(...all.map(([, told]) => told.at(-1) as number))
      assert.ok((watermarks[0] as number) >= least, `${step}: ${watermarks[0]} after ${least}`)
      assert.deepEqual(
        watermarks,
        watermarks.toSorted((a, b) => a - b),
        step,
      )
    }
    assert.ok((first.get('one/0')?.at(-1) as number) > 5, 'the quiet split was idle')
    assert.ok((second.get('one/0')?.at(-1) as number) > (first.get('one/0')?.at(-1) as number))
  })
