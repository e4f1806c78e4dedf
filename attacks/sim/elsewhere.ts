/** The same seeds in other places: other releases of Node, another time zone, locale and folder. All have to give the same traces. */
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChild } from '../../scripts/lib/child.ts'
import { findNode, promisedNodes } from '../../scripts/lib/nodes.ts'
import { ownFolder, root, type AttackResult } from '../lib/attack.ts'
import { copyTo } from '../planted/run-cut.ts'

const TIMEOUT_MS = 280_000

interface Place {
  readonly what: string
  readonly node?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly folder?: string
}
interface Answer {
  readonly hashes: readonly string[]
  readonly where: Readonly<Record<string, string>>
}

export async function runElsewhere(seed: number, seeds: number): Promise<AttackResult> {
  const folder = ownFolder('sim')
  const copy = copyTo(join(folder, 'another folder'))
  const places: readonly Place[] = [
    { what: 'here' },
    { what: 'another time zone', env: { TZ: 'Pacific/Kiritimati' } },
    { what: 'another locale', env: { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' } },
    { what: 'another folder', folder: copy, cwd: tmpdir() },
    ...promisedNodes.filter((version) => version !== process.versions.node).map((node) => ({ what: `Node ${node}`, node })),
  ]
  const totals = { passed: 0, failed: 0 }
  let first: Answer | undefined
  try {
    for (const place of places) {
      const answer = await ask(place, seed, seeds)
      first ??= typeof answer === 'string' ? undefined : answer
      const differing =
        typeof answer === 'string' || first === undefined
          ? []
          : first.hashes.flatMap((hash, i) => (hash === answer.hashes[i] ? [] : [seed + i]))
      const says =
        typeof answer === 'string'
          ? answer
          : `${JSON.stringify(answer.where)}: ${differing.length === 0 ? 'the same' : `other traces of seeds ${differing.slice(0, 10).join(', ')}`}`
      process.stdout.write(`  ${place.what}: ${says}\n`)
      if (typeof answer === 'string' || answer.hashes.length !== seeds) totals.failed += seeds
      else {
        totals.failed += differing.length
        totals.passed += seeds - differing.length
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return { ...totals, planned: places.length * seeds }
}

/** Text says what went wrong. */
async function ask({ node, env = {}, cwd = root, folder = root }: Place, seed: number, seeds: number): Promise<Answer | string> {
  const found = node === undefined ? { path: process.execPath } : await findNode(node)
  if ('problem' in found) return found.problem
  const args = [join(folder, 'attacks/sim/hashes.ts'), String(seed), String(seeds)]
  const { code, output } = await runChild(found.path, args, { cwd, env: { ...process.env, ...env }, timeoutMs: TIMEOUT_MS })
  const line = output
    .trim()
    .split('\n')
    .findLast((each) => each.startsWith('{'))
  return code === 0 && line !== undefined ? (JSON.parse(line) as Answer) : `ended with ${code}: ${output.slice(-300)}`
}
