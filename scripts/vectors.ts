/**
 * `npm run vectors`: hashes, key groups and key bytes against fixed values, on each Node that we promise to run on.
 *
 * State that one Node has written is read by another, and may move to Flink: these numbers may never change. Those of Flink were
 * computed with Java; those of keys by make-key-vectors.ts, which shares no code with the engine.
 * With `--here` only the Node that runs this is checked; without, every Node of the table, fetched from npm if need be.
 */
import { fileURLToPath } from 'node:url'
import { findNode, promisedNodes } from './lib/nodes.ts'
import { runChild } from './lib/child.ts'
import { checkVectors } from './lib/vector-checks.ts'

const RUN_TIMEOUT_MS = 120_000

if (process.argv.includes('--here')) {
  const { passed, failures } = checkVectors()
  for (const failure of failures.slice(0, 20)) process.stdout.write(`${failure}\n`)
  process.stdout.write(`${passed} passed, ${failures.length} failed\n`)
  process.exitCode = failures.length === 0 ? 0 : 1
} else {
  let passed = 0
  let failed = 0
  for (const version of promisedNodes) {
    const counts = await checkUnder(version)
    passed += counts.passed
    failed += counts.failed
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
  process.exitCode = failed === 0 ? 0 : 1
}

async function checkUnder(version: string): Promise<{ readonly passed: number; readonly failed: number }> {
  const node = await findNode(version)
  if ('problem' in node) {
    process.stdout.write(`Node ${version}: FAILED, cannot be had: ${node.problem}\n`)
    return { passed: 0, failed: 1 }
  }
  const { code, output, tookMs } = await runChild(node.path, [fileURLToPath(import.meta.url), '--here'], { timeoutMs: RUN_TIMEOUT_MS })
  const counts = /^(\d+) passed, (\d+) failed\s*$/m.exec(output)
  const [passed, failed] = [Number(counts?.[1] ?? 0), Number(counts?.[2] ?? 1)]
  const isGood = code === 0 && failed === 0 && passed > 0
  process.stdout.write(
    `Node ${version}: ${isGood ? `${passed} passed in ${(tookMs / 1000).toFixed(1)} s` : `FAILED\n${output.trimEnd().replace(/^/gm, '  ')}`}\n`,
  )
  return { passed, failed: isGood ? 0 : Math.max(1, failed) }
}
