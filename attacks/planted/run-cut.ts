/** Runs one cut of an attack in a copy of the repository. */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../lib/attack.ts'
import { cuts, type CutName } from './mistake.ts'

const LIMIT_MS = 240_000

export interface CutResult {
  readonly isRed: boolean
  /** Of those that it went through, the first that failed; undefined when that is not said. */
  readonly seeds: number | undefined
  readonly seconds: number
  /** The first line that says what is wrong. */
  readonly says: string
}

/** The source that the attacks need, with the engine under the name that its doors have. */
export function copyTo(path: string): string {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(join(path, 'node_modules'), { recursive: true })
  const isSource = (from: string): boolean => !from.includes('/node_modules')
  for (const folder of ['packages', 'reference', 'attacks']) {
    if (existsSync(join(root, folder))) cpSync(join(root, folder), join(path, folder), { recursive: true, filter: isSource })
  }
  cpSync(join(root, 'package.json'), join(path, 'package.json'))
  symlinkSync(join(path, 'packages/millrace'), join(path, 'node_modules/millrace'))
  return path
}

export function runCut(copy: string, cut: CutName, seed: number): Promise<CutResult> {
  const began = performance.now()
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(copy, 'attacks/main.ts'), ...cuts[cut](seed)], {
      cwd: copy,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    child.stdout.on('data', (text: Buffer) => (out += text.toString()))
    child.stderr.on('data', (text: Buffer) => (out += text.toString()))
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const found = /\((\d+)\. of \d+\): (.*)/.exec(out)
      const says =
        signal === null ? (found?.[2] ?? out.trim().split('\n').slice(-4).join(' | ')) : `did not end within ${LIMIT_MS / 1000} s`
      // A mistake that does not even load is none, and neither is one that makes it hang.
      const isBroken = /SyntaxError|ERR_MODULE_NOT_FOUND/.test(out) || !/passed, \d+ failed/.test(out)
      resolve({
        isRed: code === 1 && !isBroken,
        seeds: found === null ? undefined : Number(found[1]),
        seconds: (performance.now() - began) / 1000,
        says,
      })
    })
  })
}
