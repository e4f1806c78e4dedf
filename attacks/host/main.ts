/**
 * `npm run attack -- host [--seed S] [--schedules 500] [--schedule-seed X] [--stub 1]`
 *
 * Records what a random host says to a task in this process and what it hears, then says the same over standard input to a task in
 * another process: the answers must be equal byte for byte, and nothing may come between held and resume. With `--stub 0` only the
 * first half: whether the task keeps to the rules of barriers.
 */
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import type { WiredSubtask } from '../../packages/millrace/src/runtime/wiring.ts'
import { chosenSeed, defineAttack, Progress, type Attack, type AttackResult } from '../lib/attack.ts'
import { seed, whole } from '../lib/options.ts'
import { RandomHost, type Schedule } from './random-host.ts'
import { replayOnStub } from './stub-host.ts'
import { subtasksOf, type TaskChoice } from './task.ts'

export const attack: Attack = defineAttack({
  name: 'host',
  summary: 'recorded schedules on the local host and on a stub host over stdin and stdout: equal frames',
  options: {
    seed,
    schedules: whole(500, 'schedules'),
    'schedule-seed': whole(undefined, 'this schedule alone', { least: 0 }),
    stub: whole(1, '0: without the other process, so only whether the task keeps to the rules of barriers', { least: 0, most: 1 }),
  },
  async run({ seed: given, schedules, 'schedule-seed': one, stub }) {
    const random = new SeededRandom(one ?? chosenSeed(given), 'schedules')
    const seeds = one === undefined ? Array.from({ length: schedules }, () => random.word() >>> 0) : [one]
    return runAll(seeds, stub === 1)
  },
})

async function runAll(seeds: readonly number[], withStub: boolean): Promise<AttackResult> {
  const progress = new Progress('schedules', seeds.length)
  const queue = [...seeds]
  const counts = { passed: 0, failed: 0, frames: 0, answers: 0, holds: 0, restores: 0 }
  const drain = async (): Promise<void> => {
    for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) {
      const { problems, schedule, isRestored } = await runSchedule(seed, withStub)
      counts.frames += schedule.exchanges.length
      counts.answers += schedule.exchanges.reduce((sum, { heard }) => sum + heard.length, 0)
      counts.holds += schedule.holds
      if (isRestored) counts.restores++
      if (problems.length === 0) counts.passed++
      else if (++counts.failed <= 10)
        progress.say(`schedule ${seed}: ${problems.slice(0, 3).join('; ')}\nagain: npm run attack -- host --schedule-seed ${seed}`)
      progress.at(counts.passed + counts.failed)
    }
  }
  // What a task waits for need not keep a process alive.
  const alive = setInterval(() => undefined, 1_000)
  await Promise.all([drain(), drain()])
  clearInterval(alive)
  process.stdout.write(`${counts.frames} frames said, ${counts.answers} heard, ${counts.holds} holds, ${counts.restores} restored tasks\n`)
  const { frames, answers, holds, restores } = counts
  return {
    passed: counts.passed,
    failed: counts.failed,
    planned: seeds.length,
    counts: { schedules: seeds.length, frames, answers, holds, restores },
  }
}

async function runSchedule(
  seed: number,
  withStub: boolean,
): Promise<{ readonly problems: readonly string[]; readonly schedule: Schedule; readonly isRestored: boolean }> {
  const random = new SeededRandom(seed, 'host')
  const job = { seed, parallelism: random.pick([1, 1, 2, 3]), chainKeyed: random.chance(0.5) }
  const subtasks = subtasksOf(job)
  const subtask = random.below(subtasks.length)
  const choice: TaskChoice = {
    ...job,
    subtask,
    batchRecords: random.pick([1, 2, 7, 512]),
    credits: random.pick([1, 2]),
    check: random.chance(0.3),
  }
  const { spec } = subtasks[subtask] as WiredSubtask
  const actions = 20 + random.below(80)
  let schedule = await new RandomHost(choice, spec, random).run(actions, {})
  const isRestored = schedule.problems.length === 0 && random.chance(0.3)
  if (isRestored) schedule = await new RandomHost(choice, spec, random).run(actions, schedule.restored)
  const problems = [...schedule.problems]
  if (problems.length > 0 || !withStub) return { problems, schedule, isRestored }
  const cutAt = random.chance(0.3) ? 1 + random.below(schedule.exchanges.length - 1) : undefined
  problems.push(...(await replayOnStub(schedule, { cutAt, pieces: random.pick([1, 7, 100_000]) })))
  return { problems, schedule, isRestored }
}
