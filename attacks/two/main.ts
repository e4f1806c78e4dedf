/** Two processes on one directory: one owns the job at a time, and whoever wakes up too late commits nothing. */
import { rmSync } from 'node:fs'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { chosenSeed, defineAttack, ownFolder, type Attack } from '../lib/attack.ts'
import { seed, whole } from '../lib/options.ts'
import { playRound, type RoundKind, type RoundOptions, type RoundResult } from './round.ts'

/** Inside the creation of an entry, and around what follows from it. */
const POINTS = [
  'entry.beforeCreate',
  'storage.entry.beforeLink',
  'storage.entry.afterLink',
  'checkpoint.stored',
  'commit.before',
  'files.commit.beforeLink',
]
/** The first so many: the entry that it is about to make is not there yet. */
const BEFORE_LINK = 2
const LEASE_MS = 1_000
const DEFAULT_LEASE_MS = 10_000
const MOST_TRIES = 3

function planOf(seed: number, rounds: number): RoundOptions[] {
  const random = new SeededRandom(seed, 'rounds')
  const first = random.below(POINTS.length)
  return Array.from({ length: rounds }, (_, number) => ({
    number: number + 1,
    seed,
    round: roundOf(number, first, random),
    leaseMs: number === rounds - 1 ? DEFAULT_LEASE_MS : LEASE_MS,
  }))
}

/** By turns: inside a step, at any moment, handed over; each eighth has three processes. The last one is at the default lease. */
function roundOf(number: number, first: number, random: SeededRandom): RoundKind {
  const afterMs = random.below(400)
  const nth = 8 + random.below(12)
  if (number % 8 === 7) return { kind: 'pause-twice', point: random.pick(POINTS.slice(0, BEFORE_LINK)), nth }
  if (number % 4 === 3) return { kind: 'hand-over', afterMs }
  if (number % 4 === 1) return { kind: 'pause', afterMs }
  // A pass that comes too early would stop the owner before the other waits: that is tried too, but not often.
  return { kind: 'pause-at', point: POINTS[(first + (number >> 1)) % POINTS.length] as string, nth }
}

/** Whoever stops and continues all processes of the machine, as a sandbox does, wakes the stopped one: such a round says nothing. */
let continued = 0
process.on('SIGCONT', () => continued++)

async function undisturbed(round: RoundOptions): Promise<RoundResult> {
  for (let tries = 1; ; tries++) {
    const before = continued
    const result = await playRound(round)
    if (result.wrong.length === 0 || continued === before || tries === MOST_TRIES) return result
    process.stdout.write(`  round ${round.number} is played again: somebody else has continued all processes\n`)
  }
}

export const attack: Attack = defineAttack({
  name: 'two',
  summary: 'two processes on one directory: the owner is stopped until the other has taken over and gone on, then it wakes up',
  options: { seed, rounds: whole(9, 'rounds') },
  async run({ seed: given, rounds }) {
    const plan = planOf(chosenSeed(given), rounds)
    let failed = 0
    for (const round of plan) {
      const { wrong, says } = await undisturbed(round)
      if (wrong.length > 0) failed++
      const { kind, ...rest } = round.round
      process.stdout.write(
        `  round ${round.number}, lease ${round.leaseMs / 1000} s, ${kind} ${Object.values(rest).join(' ')}: ${wrong.length === 0 ? says : wrong.join('\n    ')}\n`,
      )
    }
    if (failed === 0) rmSync(ownFolder('two'), { recursive: true })
    return { passed: plan.length - failed, failed, planned: plan.length, counts: { rounds: plan.length } }
  },
})
