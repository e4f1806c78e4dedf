/** What must hold in every world, whatever the processes believe; and what a lone successor makes of one that has come to its end. */
import type { Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'
import { choicesFor } from './choices.ts'
import type { Mutation } from './mutations.ts'
import { Step } from './process.ts'
import { latestManifest, numbersOf, positionOf, STEP, unborn, type Budget, type Scenario, type Storage, type World } from './world.ts'

/** Of storage and sink alone. */
export function brokenRule({ storage, sink }: World): string | undefined {
  const newest = numbersOf(storage).at(-1)
  const entry = newest === undefined ? undefined : storage.entries[newest]
  if (entry === undefined) return undefined
  for (const number of entry.kept) {
    const kept = storage.entries[number]
    if (kept === undefined) return `entry ${newest} needs entry ${number}, which is gone`
    const broken = kept.kind === 'checkpoint' ? brokenManifest(storage, kept.manifest, `entry ${number}`) : undefined
    if (broken !== undefined) return broken
  }
  const latest = latestManifest(storage)
  const broken = latest === undefined ? undefined : brokenManifest(storage, latest, 'the newest checkpoint')
  if (broken !== undefined) return broken
  const committed = Object.values(sink.committed).flat()
  if (committed.some((record) => record > positionOf(latest)))
    return `[${committed}] is committed, but the newest checkpoint ends at ${positionOf(latest)}`
  return undefined
}

/** Its chunks are there, and what they hold is what was read: a pending delta that was forgotten is a gap. */
function brokenManifest({ chunks }: Storage, manifest: Manifest, who: string): string | undefined {
  for (const { name } of manifest.chunks) if (!Object.hasOwn(chunks, name)) return `${who} needs chunk ${name}, which is gone`
  const part = manifest.operators[STEP]
  const runs = part?.kind === 'keyed' ? part.runs : []
  const position = positionOf(manifest)
  for (let record = 1; record <= position; record++)
    if (!runs.some(({ chunk }) => chunks[chunk]?.includes(record))) return `${who} has read ${position}, but its state lacks ${record}`
  if (runs.some(({ chunk }) => chunks[chunk]?.some((record) => record > position)))
    return `${who} has read ${position}, but its state is of more`
  return undefined
}

const NOTHING: Budget = {
  crashes: 0,
  leases: 0,
  aborts: 0,
  timeouts: 0,
  doubts: 0,
  merges: 0,
  stops: 0,
  failures: 0,
  beats: 0,
  switches: -1,
}
/** Far more than a lone process ever takes. */
const MOST_STEPS = 500

/** One more process that nothing happens to: it finishes the job, with everything and nothing left behind. */
export function afterAll(
  world: World,
  scenario: Scenario,
  mutation: Mutation,
): { readonly what: string; readonly steps: readonly string[] } | undefined {
  const who = world.processes.length
  const steps: string[] = []
  let now: World = { ...world, budget: NOTHING, processes: [...world.processes, unborn(who)], current: who }
  const go = (label: string, take: (step: Step) => void): void => {
    const step = new Step(now, who, scenario, mutation)
    take(step)
    steps.push(`${step.process.name}, alone in the end, ${label}`)
    now = step.world()
  }
  try {
    go('starts', (step) => step.start())
    while (steps.length < MOST_STEPS && now.ghost.violation === undefined && brokenRule(now) === undefined) {
      const next = choicesFor(now, who, scenario).find(({ isProgress }) => isProgress)
      if (next === undefined) break
      go(next.label, next.take)
    }
  } catch (error) {
    return { what: String(error), steps }
  }
  const what = now.ghost.violation ?? brokenRule(now) ?? unfinished(now) ?? leftBehind(now, scenario)
  return what === undefined ? undefined : { what, steps }
}

function unfinished({ storage, processes }: World): string | undefined {
  const newest = storage.entries[numbersOf(storage).at(-1) ?? 0]
  const last = processes.at(-1)
  return newest?.kind === 'finished' && last?.life === 'done' ? undefined : `a lone successor ends as ${last?.life}, after ${newest?.kind}`
}

function leftBehind({ storage, sink }: World, { retain }: Scenario): string | undefined {
  const checkpoints = Object.values(storage.entries).flatMap((entry) => (entry.kind === 'checkpoint' ? [entry.manifest] : []))
  if (checkpoints.length > retain) return `${checkpoints.length} checkpoints are kept, not ${retain}`
  const named = new Set(checkpoints.flatMap(({ chunks }) => chunks.map(({ name }) => name)))
  const chunk = Object.keys(storage.chunks).find((name) => !named.has(name))
  if (chunk !== undefined) return `chunk ${chunk} is left behind`
  const prepared = Object.keys(sink.prepared).find((id) => !Object.hasOwn(sink.committed, id))
  return prepared === undefined ? undefined : `what was sealed as ${prepared} is left behind`
}
