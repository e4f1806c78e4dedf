/**
 * `npm run attack -- protocol [--only N]`
 *
 * Enumerates every interleaving of small worlds in which processes run the pure machines of the checkpoint protocol (log, coordinator,
 * retention, compaction) against an abstract storage and a strict sink. No seed: all of it is seen. Then rules are broken one by
 * one, and each time the enumeration has to find it.
 */
import { join } from 'node:path'
import { defineAttack, type Attack, type AttackResult } from '../lib/attack.ts'
import { whole } from '../lib/options.ts'
import { runPool } from '../lib/pool.ts'
import { cases, problemOf, type Case, type Told } from './case.ts'

/** A case takes 20 s on an idle core. */
const HANG_MS = 600_000

export const attack: Attack = defineAttack({
  name: 'protocol',
  summary: 'every interleaving of the checkpoint protocol: two owners, a pause, an aborted checkpoint, a crash',
  options: { only: whole(undefined, 'this case alone, counted from 1', { most: cases.length }) },
  async run({ only }) {
    const numbers = cases.map((_, number) => number).filter((number) => only === undefined || number === only - 1)
    const results = await enumerate(numbers)
    return report(numbers, results)
  },
})

async function enumerate(numbers: readonly number[]): Promise<ReadonlyMap<number, Told | string>> {
  const results = new Map<number, Told | string>()
  await runPool<Told>({
    module: join(import.meta.dirname, 'worker.ts'),
    cases: numbers,
    timeoutMs: HANG_MS,
    onResult: (number, told) => void results.set(number, told),
    onDeath: (number, reason) => void results.set(number, reason),
  })
  return results
}

function report(numbers: readonly number[], results: ReadonlyMap<number, Told | string>): AttackResult {
  const totals = { states: 0, transitions: 0, ends: 0, failed: 0 }
  let wasMutation: boolean | undefined
  for (const number of numbers) {
    const { mutation } = cases[number] as Case
    if (wasMutation !== (mutation !== undefined)) process.stdout.write(mutation === undefined ? HEAD : MUTATIONS_HEAD)
    wasMutation = mutation !== undefined
    const told = results.get(number) ?? 'was not run'
    const problem = typeof told === 'string' ? told : problemOf(number, told)
    if (problem !== undefined) totals.failed++
    process.stdout.write(lineOf(number, told))
    if (problem !== undefined) process.stdout.write(trouble(number, problem, told))
    if (typeof told === 'string' || mutation !== undefined) continue
    totals.states += told.states
    totals.transitions += told.transitions
    totals.ends += told.ends
  }
  process.stdout.write(
    `\n${totals.states} states, ${totals.transitions} transitions, ${totals.ends} ends, each finished by a lone successor\n`,
  )
  return { passed: numbers.length - totals.failed, failed: totals.failed, planned: numbers.length }
}

const HEAD = `${'scenario'.padEnd(76)} ${'states'.padStart(8)} ${'transitions'.padStart(12)} ${'ends'.padStart(6)} ${'depth'.padStart(6)} ${'seconds'.padStart(8)}\n`
const MUTATIONS_HEAD = `\n${'rule broken'.padEnd(76)} ${'states'.padStart(8)} ${'steps'.padStart(6)} ${'seconds'.padStart(8)}  found as\n`

function lineOf(number: number, told: Told | string): string {
  const { scenario, mutation } = cases[number] as Case
  const name = `${String(number + 1).padStart(2)} ${mutation === undefined ? scenario.name : `${mutation.name} (${mutation.rule})`}`.padEnd(
    70,
  )
  if (typeof told === 'string') return `${name}\n`
  const { states, transitions, ends, depth, violation } = told
  const seconds = told.seconds.toFixed(1).padStart(8)
  const count = String(states).padStart(8)
  if (mutation !== undefined)
    return `${name} ${count} ${String(violation?.steps.length ?? '-').padStart(6)} ${seconds}  ${violation?.what.slice(0, 110) ?? ''}\n`
  return `${name} ${count} ${String(transitions).padStart(12)} ${String(ends).padStart(6)} ${String(depth).padStart(6)} ${seconds}\n`
}

function trouble(number: number, problem: string, told: Told | string): string {
  const { mutation } = cases[number] as Case
  const steps = typeof told === 'string' || mutation !== undefined ? [] : (told.violation?.steps ?? [])
  return `  FAILED: ${problem}\n${steps.map((step) => `    ${step}\n`).join('')}  again: npm run attack -- protocol --only ${number + 1}\n`
}
