/**
 * `npm run attack -- malformed [--seed N] [--cases N] [--full]`: every parser of the engine is fed with what is nearly right: valid
 * samples with flipped bits, cut, spliced, with lengths that lie, nested without end, with names that JavaScript treats in its own way;
 * and bombs. Each gives a value or an error with a code of the table, within a second of work and 256 MiB.
 */
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { chosenSeed, defineAttack, fastStart, Progress, type Attack, type AttackResult } from '../lib/attack.ts'
import { flag, seed, whole } from '../lib/options.ts'
import type { ChildOptions, ChildResult } from './child.ts'
import { LIMIT_BYTES } from './feed.ts'
import { parsers } from './thread.ts'

const CASES = 5_000
const FULL_CASES = 100_000
const AT_ONCE = 2
const MOST_SHOWN = 4

interface Found {
  readonly name: string
  readonly cases: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly worstMs: number
  readonly worstCase: number
  readonly peakBytes: number
  readonly faults: readonly { readonly index: number; readonly fault: string }[]
}

export const attack: Attack = defineAttack({
  name: 'malformed',
  summary: 'every parser with malformed input: a value or an error of the table, in bounded time and memory',
  options: {
    seed,
    cases: whole(undefined, `cases for each parser; without it: ${CASES}, with --full ${FULL_CASES}`),
    full: flag('more of each'),
  },
  async run({ seed: given, full, cases = full ? FULL_CASES : CASES }) {
    return malformed(chosenSeed(given), cases)
  },
})

async function malformed(seed: number, cases: number): Promise<AttackResult> {
  const progress = new Progress('parsers', parsers.length)
  const found: Found[] = []
  const queue = [...parsers.keys()]
  const work = async (): Promise<void> => {
    for (let parser = queue.shift(); parser !== undefined; parser = queue.shift()) {
      const result = await feedOne(parser, seed, cases)
      found.push(result)
      for (const { index, fault } of result.faults.slice(0, MOST_SHOWN)) progress.say(`  ${result.name}, case ${index}: ${fault}`)
      progress.at(found.length)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return report(found, cases)
}

async function feedOne(parser: number, seed: number, cases: number): Promise<Found> {
  const { name = '', samples = [] } = parsers[parser] ?? {}
  if (samples.length === 0) throw new Error(`${name} has no samples`)
  const { outcomes, worstMs, worstCase, large, ...result } = await child({ parser, seed, from: 0, to: cases })
  const faults = [...result.faults]
  let peakBytes = 0
  for (const index of large) {
    // Alone, without what the cases before it have left.
    const alone = await child({ parser, seed, from: index, to: index + 1 })
    const none = await child({ parser, seed, from: index, to: index })
    const taken = alone.peakBytes - none.peakBytes
    peakBytes = Math.max(peakBytes, taken)
    if (taken > LIMIT_BYTES) faults.push({ index, fault: `it took ${mib(taken)} MiB` })
  }
  const done = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
  return { name, cases: done + result.faults.length, outcomes, worstMs, worstCase, peakBytes, faults }
}

function child(options: ChildOptions): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const process = fork(join(import.meta.dirname, 'child.ts'), [JSON.stringify(options)], { serialization: 'advanced', env: fastStart() })
    process.on('message', (result) => resolve(result as ChildResult))
    process.on('exit', (code, signal) => reject(new Error(`the process of parser ${options.parser} ended with ${signal ?? code}`)))
  })
}

function report(found: readonly Found[], cases: number): AttackResult {
  let [passed, failed] = [0, 0]
  for (const { name, cases: done, outcomes, worstMs, worstCase, peakBytes, faults } of [...found].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const { valid = 0, ...codes } = outcomes
    const refused = Object.entries(codes).map(([code, count]) => `${code} ${count}`)
    process.stdout.write(
      `  ${name.padEnd(32)}${String(done).padStart(7)} cases, valid ${valid}, refused ${refused.join(', ') || 0}; ` +
        `longest ${worstMs.toFixed(0)} ms (case ${worstCase})${peakBytes === 0 ? '' : `, largest ${mib(peakBytes)} MiB`}; wrong ${faults.length}\n`,
    )
    passed += done - faults.length
    failed += faults.length
  }
  const sum = (of: (outcomes: Found['outcomes']) => number): number => found.reduce((all, { outcomes }) => all + of(outcomes), 0)
  const valid = sum((outcomes) => outcomes['valid'] ?? 0)
  const refused = sum((outcomes) => Object.entries(outcomes).reduce((all, [code, count]) => all + (code === 'valid' ? 0 : count), 0))
  return { passed, failed, planned: parsers.length * cases, counts: { inputs: passed + failed, valid, refused } }
}

function mib(bytes: number): string {
  return (bytes / (1 << 20)).toFixed(0)
}
