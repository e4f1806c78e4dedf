// Arrivals that could have happened: one plain, and random ones from a seed.
import type { ArrivalEvent } from './interpret.ts'
import type { Program, Split, SourceSpec } from './program.ts'
import { makeRandom, type Random } from './random.ts'

/** Sources in turn, a batch of each split in turn, until all have ended; the clock stands still. */
export function plainArrival(program: Program): ArrivalEvent[] {
  const readings = readingsOf(program)
  const events: ArrivalEvent[] = []
  while (readings.some((reading) => !reading.hasEnded)) {
    for (const reading of readings) if (!reading.hasEnded) events.push(reading.next())
  }
  return events
}

/** Any order of batches, splits that go idle where the source allows it, a clock that moves and sometimes stands. Same seed, same arrival. */
export function randomArrival(program: Program, seed: number): ArrivalEvent[] {
  const random = makeRandom(seed ^ 0x5eed)
  const readings = readingsOf(program)
  const events: ArrivalEvent[] = []
  const style = random.pick(['any', 'in-turn', 'one-by-one'] as const)
  let now = program.startNow
  for (let open = readings; open.length > 0; open = readings.filter((reading) => !reading.hasEnded)) {
    if (random.chance(0.2)) events.push({ kind: 'time', now: (now += random.int(0, 80)) })
    const reading = choose(random, open, style)
    if (reading.source.idlenessMs !== null && random.chance(0.1))
      events.push({ kind: 'split-idle', source: reading.source.id, split: reading.split.id, now })
    else events.push({ ...reading.next(random.chance(0.5)), now })
  }
  if (random.chance(0.5)) events.push({ kind: 'time', now: now + 1_000 }) // comes after the end: fires nothing (TM-6)
  return events
}

function choose(random: Random, open: readonly Reading[], style: 'any' | 'in-turn' | 'one-by-one'): Reading {
  if (style === 'any') return random.pick(open)
  if (style === 'one-by-one') return open[0]!
  return open.reduce((least, reading) => (reading.batches < least.batches ? reading : least))
}

/** How far one split has been read, in batches of its fixed size. */
class Reading {
  readonly source: SourceSpec
  readonly split: Split
  hasEnded = false
  batches = 0
  #read = 0

  constructor(source: SourceSpec, split: Split) {
    this.source = source
    this.split = split
  }

  /** The next batch; the last one may take the split's end with it, otherwise the end comes on its own. */
  next(endsWithBatch = true): ArrivalEvent {
    const { source, split } = this
    const count = Math.min(split.batch, split.records.length - this.#read)
    this.#read += count
    this.batches++
    const isLast = this.#read === split.records.length
    this.hasEnded = isLast && (endsWithBatch || count === 0)
    if (count === 0) return { kind: 'split-ended', source: source.id, split: split.id }
    return { kind: 'batch', source: source.id, split: split.id, count, ...(this.hasEnded ? { ended: true } : {}) }
  }
}

function readingsOf(program: Program): Reading[] {
  return program.sources.flatMap((source) => source.splits.map((split) => new Reading(source, split)))
}
