/**
 * One window step that lives through some attempts: its subtasks are fed, each with watermarks of its own, snapshots are taken while
 * records go on, then all is thrown away and restored from the last checkpoint at another parallelism; in the end it is judged.
 */
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { keyGroupOf, keyGroupRangeOf, subtaskOf, type KeyGroupRange } from '../../packages/millrace/src/core/key-group.ts'
import { keyHash } from '../../packages/millrace/src/serde/key.ts'
import type { Key } from '../../packages/millrace/src/state/contract.ts'
import type { TaskSnapshot } from '../../packages/millrace/src/task/messages.ts'
import type { HostTime } from '../../packages/millrace/src/task/task-spec.ts'
import type { InputRecord } from '../../reference/program.ts'
import type { KeyGroups } from '../oracle/orders.ts'
import { Checkpoints } from './checkpoints.ts'
import { drawCase, type WindowCase } from './draw.ts'
import { Feed, type Positions } from './feed.ts'
import { judgeLives, type Life } from './judge.ts'
import { Subtask } from './subtask.ts'

export interface CaseReport {
  readonly seed: number
  readonly problems: readonly string[]
  readonly records: number
  readonly checkpoints: number
  readonly restores: number
  readonly merges: number
  /** Restored subtasks some of whose key groups were ahead of them. */
  readonly floors: number
  readonly story: readonly string[]
}

/** More than any case needs. */
const MOST_ACTIONS = 20_000
/** Most that a watermark advances by. */
const PACES = [1, 10, 60, 300]
const SLOW_PACES = [1, 10]
const PARTS_OF_A_STEP = 6

export async function runCase(seed: number): Promise<CaseReport> {
  const trial = new Trial(drawCase(seed))
  try {
    await trial.run()
  } catch (error) {
    trial.problems.push(`the case failed: ${error instanceof Error ? error.stack : String(error)}`)
  }
  return trial.report()
}

/** A checkpoint that has begun and is neither stored nor given up. */
interface Underway {
  readonly checkpoint: number
  /** Subtasks that have not been sent the barrier. */
  readonly left: Set<number>
  readonly positions: number[]
}

class Trial {
  readonly problems: string[] = []
  readonly #case: WindowCase
  readonly #random: SeededRandom
  readonly #groups: KeyGroups
  readonly #feed: Feed
  readonly #checkpoints: Checkpoints
  readonly #lives: Life[] = []
  readonly #story: string[] = []
  /** Where the input was at each checkpoint that is stored. */
  readonly #positions = new Map<number, Positions>()
  #subtasks: Subtask[] = []
  #ranges: KeyGroupRange[] = []
  /** How far each key group has come. */
  #reached: number[]
  /** How fast the watermark of each subtask goes. */
  #paces: number[] = []
  #now: number
  #monotonic = 0
  #checkpoint = 0
  #stored: number | undefined
  #underway: Underway | undefined
  #checkpointCount = 0
  #restores = 0
  #floors = 0

  constructor(of: WindowCase) {
    this.#case = of
    this.#random = new SeededRandom(of.seed, 'windows')
    this.#groups = {
      count: of.keyGroups,
      groupOf: (key) => keyGroupOf(keyHash(key as Key), of.keyGroups),
      ownerOf: (group, subtasks) => subtaskOf(group, subtasks, of.keyGroups),
    }
    this.#feed = new Feed(of, this.#random, this.#groups)
    this.#checkpoints = new Checkpoints(of)
    this.#reached = Array.from({ length: of.keyGroups }, () => Number.NEGATIVE_INFINITY)
    this.#now = of.program.startNow
  }

  report(): CaseReport {
    return {
      seed: this.#case.seed,
      problems: this.problems,
      records: this.#feed.records.length,
      checkpoints: this.#checkpointCount,
      restores: this.#restores,
      merges: this.#checkpoints.mergeCount,
      floors: this.#floors,
      story: [JSON.stringify({ ...this.#case, program: undefined, keys: this.#case.keys.length }), ...this.#story],
    }
  }

  async run(): Promise<void> {
    const { crashes, parallelisms } = this.#case
    for (let life = 0; life <= crashes; life++) {
      await this.#begin(parallelisms[life % parallelisms.length] as number)
      await (life < crashes ? this.#live(20 + this.#random.below(400)) : this.#liveToEnd())
      this.#collectProblems()
      if (this.problems.length > 0) return
    }
    this.problems.push(...this.#subtasks.flatMap((subtask) => subtask.missing()))
    this.problems.push(...judgeLives(this.#case, this.#lives, { records: this.#feed.records, groups: this.#groups }))
  }

  #collectProblems(): void {
    for (const { problems } of this.#subtasks) this.problems.push(...problems.splice(0))
  }

  // ---------------------------------------------------------------- attempts

  async #begin(subtasks: number): Promise<void> {
    const from = this.#stored
    const previous = from === undefined ? undefined : this.#lives.findLast(({ subtasks: all }) => all.some(({ marks }) => marks.has(from)))
    this.#feed.restore(from === undefined ? undefined : this.#positions.get(from), this.#lives.length + 1)
    this.#ranges = Array.from({ length: subtasks }, (_, subtask) =>
      keyGroupRangeOf({ subtask, parallelism: subtasks, maxParallelism: this.#case.keyGroups }),
    )
    if (previous === undefined) this.#reached.fill(Number.NEGATIVE_INFINITY)
    else this.#restores++
    this.#story.push(`${subtasks} subtasks from checkpoint ${from ?? 'none'}`)
    const restored = this.#checkpoints.restore(subtasks)
    this.#floors += restored.filter(({ floors }) => floors?.length !== 0).length
    this.#underway = undefined
    // Floors that are ahead shall last a while.
    this.#paces = restored.map(({ floors }) => this.#random.pick(floors?.length === 0 ? PACES : SLOW_PACES))
    this.#subtasks = []
    for (const [subtask, each] of restored.entries()) {
      const watermark = this.#lowest(subtask)
      const place = { subtask, subtasks, watermark, restored: { 'step/w': each } }
      this.#subtasks.push(await Subtask.open(this.#case, this.#random, place, this.#time()))
    }
    this.#lives.push({
      subtasks: this.#subtasks,
      from: previous === undefined || from === undefined ? undefined : { life: previous, checkpoint: from },
    })
  }

  /** Rules 1.2 c. */
  #lowest(subtask: number): number {
    const { first, last } = this.#ranges[subtask] as KeyGroupRange
    return Math.min(...this.#reached.slice(first, last + 1))
  }

  async #live(actions: number): Promise<void> {
    for (let action = 0; action < actions; action++) {
      this.#act(1)
      await settled()
    }
  }

  async #liveToEnd(): Promise<void> {
    for (let actions = 0; this.#subtasks.some(({ hasEnded }) => !hasEnded); actions++) {
      if (actions > MOST_ACTIONS) throw new Error('no end')
      if (this.#subtasks.some(({ problems }) => problems.length > 0)) return
      this.#act(2)
      await settled()
    }
  }

  // ---------------------------------------------------------------- what may happen

  /** `haste`: how often input ends that could. */
  #act(haste: number): void {
    const random = this.#random
    const index = random.below(this.#subtasks.length)
    const subtask = this.#subtasks[index] as Subtask
    const draw = random.below(100)
    if (draw < 16) this.#giveRecords(index, subtask)
    else if (draw < 26) this.#giveWatermark(index, subtask)
    else if (draw < 27) subtask.idle()
    else if (draw < 33) this.#moveClock()
    else if (draw < 57) this.#step(subtask)
    else if (draw < 65) subtask.makeRoom()
    else if (draw < 76) this.#sendBarrier(index, subtask)
    else if (draw < 86) this.#endHold(subtask)
    else if (draw < 92) this.#settleCheckpoint()
    else if (draw < 96) subtask.toTell.shift()?.()
    else if (draw < 96 + haste) this.#end(index, subtask)
    if (this.#underway === undefined && random.chance(0.08)) this.#beginCheckpoint()
  }

  #time(): HostTime {
    return { now: this.#now, monotonic: this.#monotonic }
  }

  #giveRecords(index: number, subtask: Subtask): void {
    if (subtask.isOver) return
    const { first, last } = this.#ranges[index] as KeyGroupRange
    const records: InputRecord[] = []
    for (let count = 1 + this.#random.below(5); count > 0; count--) {
      const record = this.#feed.next(first, last, (group) => this.#somewhere(subtask.watermark, group))
      if (record !== undefined) records.push(record)
    }
    if (records.length > 0) subtask.records(records)
  }

  /** Where the subtask is, where the key group had been, or between the two. */
  #somewhere(watermark: number, group: number): number {
    const floor = Math.max(watermark, this.#reached[group] as number)
    const between = Math.floor(watermark + this.#random.next() * (floor - watermark))
    return this.#random.pick([watermark, floor, Number.isFinite(between) ? between : floor])
  }

  #giveWatermark(index: number, subtask: Subtask): void {
    if (subtask.isOver) return
    const random = this.#random
    const pace = this.#paces[index] as number
    if (random.chance(0.03)) this.#paces[index] = random.pick(PACES)
    const from = Number.isFinite(subtask.watermark) ? subtask.watermark : random.below(50) - 100
    subtask.watermarkAt(from + (random.chance(0.1) ? -random.below(100) : random.below(pace + 1)))
  }

  #moveClock(): void {
    const ms = this.#random.below(this.#random.pick([3, 40, 200]))
    this.#now += ms
    this.#monotonic += ms
  }

  #step(subtask: Subtask): void {
    for (let count = 1 + this.#random.below(PARTS_OF_A_STEP); count > 0; count--) subtask.task.step(this.#time())
  }

  /** The end of the hold follows at once, but here others may have their turn before. */
  #endHold(subtask: Subtask): void {
    if (subtask.isHeld !== undefined) subtask.resume()
  }

  #end(index: number, subtask: Subtask): void {
    const { first, last } = this.#ranges[index] as KeyGroupRange
    if (!subtask.isOver && this.#feed.isOver(first, last)) subtask.end()
  }

  // ---------------------------------------------------------------- checkpoints

  #beginCheckpoint(): void {
    const left = new Set(this.#subtasks.keys())
    for (const subtask of left) if (this.#checkpoints.isSettled(subtask)) left.delete(subtask)
    if (left.size === 0) return
    this.#underway = { checkpoint: ++this.#checkpoint, left, positions: [...this.#feed.positions] }
  }

  #sendBarrier(index: number, subtask: Subtask): void {
    if (this.#underway === undefined || !this.#underway.left.has(index)) return
    // What has become of the one before is said first.
    for (const tell of subtask.toTell.splice(0)) tell()
    if (!subtask.barrier(this.#underway.checkpoint)) return
    this.#underway.left.delete(index)
    const { first, last } = this.#ranges[index] as KeyGroupRange
    const { positions } = this.#feed
    for (let group = first; group <= last; group++) this.#underway.positions[group] = positions[group] as number
  }

  /** Stored when all have acknowledged it, or given up, at any time. */
  #settleCheckpoint(): void {
    if (this.#underway === undefined) return
    const { checkpoint, positions } = this.#underway
    const snapshots = new Map<number, TaskSnapshot>()
    for (const [index, { snapshots: all }] of this.#subtasks.entries()) {
      const own = all.find((snapshot) => snapshot.checkpoint === checkpoint)
      if (own !== undefined) snapshots.set(index, own)
    }
    const isWhole = [...this.#subtasks.keys()].every((index) => snapshots.has(index) || this.#checkpoints.isSettled(index))
    if (this.#random.chance(isWhole ? this.#case.abortChance : this.#case.abortChance / 4)) return this.#abort(checkpoint)
    if (!isWhole) return
    this.#checkpoints.store(checkpoint, snapshots, this.#lives.length)
    this.#checkpointCount++
    this.#positions.set(checkpoint, positions)
    this.#stored = checkpoint
    this.#underway = undefined
    this.#story.push(`checkpoint ${checkpoint}`)
    for (const range of this.#ranges) if (this.#random.chance(this.#case.compaction.chance)) this.#checkpoints.merge(range)
    this.#remember(checkpoint)
    // A host that says nothing completes it all the same (CP-3).
    for (const subtask of this.#subtasks)
      if (!this.#random.chance(this.#case.silenceChance)) subtask.toTell.push(() => subtask.task.complete(checkpoint))
  }

  #abort(checkpoint: number): void {
    this.#underway = undefined
    this.#story.push(`${checkpoint} is aborted`)
    for (const subtask of this.#subtasks) subtask.toTell.push(() => subtask.abort(checkpoint))
  }

  /** The rule of floors, on its own (reference/README.md). Count windows have no use for them. */
  #remember(checkpoint: number): void {
    const keepsFloors = this.#case.step.assigner.kind !== 'count'
    for (const [index, subtask] of this.#subtasks.entries()) {
      const { first, last } = this.#ranges[index] as KeyGroupRange
      const watermark = subtask.watermarkAtMark(checkpoint)
      for (let group = first; group <= last; group++)
        this.#reached[group] = keepsFloors ? Math.max(this.#reached[group] as number, watermark) : watermark
    }
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
