/** Runs one cut of an attack in a copy of the repository. */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../lib/attack.ts'
import { cuts, type CutName } from './mistake.ts'

const LIMIT_MS = 240_000

export interface CutResult {
  readonly isRed: boolean
  /** Neither is one that did not come to its end. */
  readonly isGreen: boolean
  /** Of those that it went through, the first that failed; undefined when that is not said. */
  readonly seeds: number | undefined
  readonly seconds: number
  /** Its last lines. */
  readonly says: string
}

/** The source that the attacks need, with the engine under the name that its doors have. */
export function copyTo(path: string): string {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(join(path, 'node_modules'), { recursive: true })
  const isSource = (from: string): boolean => !from.includes('/node_modules')
  for (const folder of ['packages', 'reference', 'attacks', 'scripts/lib']) {
    if (existsSync(join(root, folder))) cpSync(join(root, folder), join(path, folder), { recursive: true, filter: isSource })
  }
  cpSync(join(root, 'package.json'), join(path, 'package.json'))
  symlinkSync(join(path, 'packages/millrace'), join(path, 'node_modules/millrace'))
  return path
}

export function runCut(copy: string, cut: CutName, seed: number, seeds?: number): Promise<CutResult> {
  const began = performance.now()
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(copy, 'attacks/main.ts'), ...cuts[cut].args(seed, seeds)], {
      cwd: copy,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    child.stdout.on('data', (text: Buffer) => (out += text.toString()))
    child.stderr.on('data', (text: Buffer) => (out += text.toString()))
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const isRed = code === 1 && !isBroken(out)
      const says = signal === null ? out.trim().split('\n').slice(-4).join(' | ') : `did not end within ${LIMIT_MS / 1000} s`
      const seeds = isRed ? cuts[cut].seedsUntilFound(out, seed) : undefined
      resolve({ isRed, isGreen: code === 0 && !isBroken(out), seeds, seconds: (performance.now() - began) / 1000, says })
    })
  })
}

/**
 * A mistake that does not even load is none, nor is a name that does not exist; what has not come to its end has shown nothing. Half a line
 * of JSON in an output is a finding.
 */
function isBroken(out: string): boolean {
  return /SyntaxError: (?!.*JSON)|ReferenceError|ERR_MODULE_NOT_FOUND/.test(out) || !/^\d+ passed, \d+ failed$/m.test(out)
}
