/** What a case is about: a window step between a source and sinks, and how the world around it behaves. */
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { randomKey } from '../../reference/generate-functions.ts'
import { randomWindow, type WindowFeature } from '../../reference/generate-windows.ts'
import { windowTags } from '../../reference/window-plan.ts'
import type { InputRecord, KeySpec, Program, Step, WindowStep } from '../../reference/program.ts'
import { makeRandom, type Random } from '../../reference/random.ts'

/** What the engine has of them. */
const FEATURES: readonly WindowFeature[] = ['tumbling', 'sliding', 'session', 'count', 'dynamic-gap', 'processing', 'lateness', 'process']
const TAGS = ['a', 'b', 'c']

export interface WindowCase {
  readonly seed: number
  /** Its source is empty: what it reads is drawn while it runs. */
  readonly program: Program
  readonly step: WindowStep
  readonly key: KeySpec
  readonly keyGroups: number
  /** Use the general operator also where the sliced one fits. */
  readonly isGeneral: boolean
  /** Code is generated for the operators. */
  readonly generates: boolean
  readonly check: boolean
  readonly parallelisms: readonly number[]
  readonly crashes: number
  readonly records: number
  /** Each attempt draws its share of them; else the first ones may draw all, and what follows reads the same again, and ends. */
  readonly isShared: boolean
  /** What a record's fields of the key may be. */
  readonly keys: readonly Pick<InputRecord, 'key' | 'tag'>[]
  /** Chance that a sink is full after a record. */
  readonly fullness: number
  /** Most steps of a budget for a slice of a snapshot, and for a turn. */
  readonly budgets: { readonly slice: number; readonly turn: number }
  readonly compaction: { readonly chance: number; readonly fanIn: number; readonly minRewriteBytes: number }
  /** Of a checkpoint that all tasks have acknowledged. */
  readonly abortChance: number
  /** A task is not told what became of a checkpoint. */
  readonly silenceChance: number
}

export function drawCase(seed: number): WindowCase {
  const random = new SeededRandom(seed, 'windows case')
  const plain = makeRandom(seed)
  const step = drawStep(plain)
  const key = randomKey(plain)
  const keyGroups = random.pick([4, 8, 16, 128])
  const keys = 1 + random.below(random.pick([2, 12, 24]))
  return {
    seed,
    program: programOf({ seed, startNow: random.pick([-1_000, 1_000_000]) }, step, key),
    step,
    key,
    keyGroups,
    isGeneral: random.chance(0.3),
    generates: random.chance(0.2),
    check: random.chance(0.2),
    parallelisms: random.pick([
      [1, 2],
      [2, 1, 3],
      [3, 2, 1],
      [4, 1],
      ...(keyGroups < 5
        ? []
        : [
            [5, 3, 2],
            [2, 5],
          ]),
    ]),
    crashes: 1 + random.below(4),
    records: 20 + random.below(100),
    isShared: random.chance(0.7),
    keys: Array.from({ length: keys * 2 }, () => ({ key: 1 + random.below(keys), tag: random.pick(TAGS) })),
    fullness: random.pick([0, 0, 0.1, 0.5]),
    budgets: { slice: random.pick([1, 1, 4, 100]), turn: random.pick([1, 3, 100]) },
    compaction: { chance: random.pick([0, 0.3, 1]), fanIn: 2 + random.below(2), minRewriteBytes: random.pick([300, 100_000]) },
    abortChance: random.pick([0, 0.15, 0.4]),
    silenceChance: keepsLists(step) ? 0 : random.pick([0, 0, 0.2]),
  }
}

/** What is appended to a list is written from where the last checkpoint ended that its task knows of: the chain must end there, too. */
function keepsLists({ fn, assigner }: WindowStep): boolean {
  return fn.kind !== 'aggregate' || (assigner.kind === 'count' && assigner.slide !== undefined)
}

/** Windows of event time more often: only they have lateness. */
function drawStep(random: Random): WindowStep {
  for (;;) {
    const drawn = randomWindow(random, { timed: true, stamped: true, volume: 200, features: FEATURES, conserving: false })
    if (drawn === undefined) continue
    const isEvent = 'time' in drawn.assigner && drawn.assigner.time === 'event'
    if (!isEvent && random.chance(0.5)) continue
    // What is put together from slices has the most ways to go wrong.
    if (drawn.fn.kind !== 'aggregate' && random.chance(0.5)) continue
    // Windows fire in pieces, each at its own time: what the clock says in a result is nobody's business.
    const fn = drawn.fn.kind === 'inspect' ? { ...drawn.fn, clock: false } : drawn.fn
    return { kind: 'window', id: 'w', from: 'k', ...drawn, fn }
  }
}

/** The source 's', by key through the window step 'w' into the sink 'out'; what goes to a tag into a sink of its name. */
function programOf(of: Pick<Program, 'seed' | 'startNow'>, step: WindowStep, key: KeySpec): Program {
  const rowKey: KeySpec = step.fn.kind === 'aggregate' ? { kind: 'any', field: 'key' } : { kind: 'string', field: 'by' }
  const sides = windowTags(step).flatMap((tag): Step[] => [
    { kind: 'side', id: `side ${tag}`, from: 'w', tag },
    { kind: 'sink', id: tag, from: `side ${tag}`, key: rowKey },
  ])
  return {
    ...of,
    sources: [{ id: 's', timed: true, outOfOrdernessMs: 0, idlenessMs: null, splits: [{ id: 'all', batch: 1, records: [] }] }],
    steps: [{ kind: 'keyBy', id: 'k', from: 's', key }, step, { kind: 'sink', id: 'out', from: 'w', key: rowKey }, ...sides],
  }
}
