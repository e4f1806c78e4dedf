import type { Env, ProcessIdentity } from '../core/env.ts'
import { ignore } from './durable.ts'
import { joinPath } from './path.ts'

/** Passed only where a dead process has left something. */
export const SWEEP_CRASH_POINTS: readonly string[] = ['storage.sweep.beforeUnlink', 'storage.sweep.afterUnlink']

/** How long a file of a process that this machine cannot ask about is left alone: wall clock against the file's time. */
const FOREIGN_AGE_MS = 24 * 60 * 60 * 1000

/**
 * Names for files that are being written: they begin with a dot, no other call of any process ever makes the same one, and they
 * say whose they are, so that what a crash left can be told from what somebody is writing.
 *
 * `.<what>.<id of this instance>.<count>.<pid>.<start>.<boot and namespace>.tmp`
 */
export class TemporaryNames {
  readonly #env: Env
  readonly #instance: string
  #count = 0

  constructor(env: Env) {
    this.#env = env
    this.#instance = env.random.id()
  }

  next(what: string): string {
    const { pid, startedAt, boot, namespace } = this.#env.processes.self()
    const owner = [pid, startedAt, boot, namespace].map((part) => encode(String(part))).join('.')
    return `.${what}.${this.#instance}.${this.#count++}.${owner}.tmp`
  }

  /**
   * Removes from a folder what processes that are gone left there. Never what this instance writes. Best effort: a file that
   * stays is ignored by all. Nothing rests on the judgement: removing a file under somebody who lives makes his call fail.
   */
  async sweep(folder: string): Promise<void> {
    const names = await this.#env.files.list(folder).catch(() => [])
    for (const { name } of names) {
      if (!name.startsWith('.') || !name.endsWith('.tmp') || !(await this.#isLeft(folder, name))) continue
      this.#env.log('debug', 'storage.sweep', { file: joinPath(folder, name) })
      this.#env.crashPoint('storage.sweep.beforeUnlink')
      await this.#env.files.unlink(joinPath(folder, name)).catch(ignore)
      this.#env.crashPoint('storage.sweep.afterUnlink')
    }
  }

  async #isLeft(folder: string, name: string): Promise<boolean> {
    const owner = ownerOf(name)
    if (owner === undefined || owner.instance === this.#instance) return false
    const isAlive = this.#env.processes.isAlive(owner.identity)
    if (isAlive !== undefined) return !isAlive
    const info = await this.#env.files.info(joinPath(folder, name)).catch(ignore)
    return info !== undefined && this.#env.clock.now() - info.modifiedMs > FOREIGN_AGE_MS
  }
}

function ownerOf(name: string): { readonly instance: string; readonly identity: ProcessIdentity } | undefined {
  const parts = name.slice(1, -'.tmp'.length).split('.')
  const [, instance = '', , pid = '', startedAt = '', boot = '', namespace = ''] = parts
  if (parts.length !== 7 || !/^[0-9a-f]{16}$/.test(instance)) return undefined
  return { instance, identity: { pid: Number(pid), startedAt: decode(startedAt), boot: decode(boot), namespace: decode(namespace) } }
}

/** Letters, digits and dashes stay; anything else becomes `_` and four hex digits. */
function encode(text: string): string {
  return text.replace(/[^A-Za-z0-9-]/g, (character) => `_${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function decode(text: string): string {
  return text.replace(/_([0-9a-f]{4})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
