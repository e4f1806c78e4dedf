import { readFileSync, readlinkSync } from 'node:fs'
import type { ProcessIdentity, Processes } from '../core/env.ts'
import { codeOf } from './node-file-info.ts'

/**
 * Which process this is, and whether another one still lives. Only Linux can tell: elsewhere boot, namespace and start time are
 * empty and the answer is always undefined, so a waiting process waits for the lease.
 *
 * "Gone" is said only of a process of this boot and this pid namespace, and then only when
 * - the kernel knows no such pid (asked with signal 0, which sees processes that a restricted /proc hides), or
 * - the pid has another start time, hence is another process, or
 * - it is a zombie without other threads: it can do nothing any more and waits for its parent only.
 * Clones of a running virtual machine share a boot id and would be taken for this machine: fencing does not rest on this
 * (rules 1.3), only the time that a start waits.
 */
export const nodeProcesses: Processes = {
  self: () => (own ??= readSelf()),

  isAlive(identity) {
    const self = (own ??= readSelf())
    if (self.boot === '' || identity.boot !== self.boot || identity.namespace !== self.namespace) return undefined
    if (!Number.isSafeInteger(identity.pid) || identity.pid <= 0 || identity.startedAt === '') return undefined
    if (!exists(identity.pid)) return false
    const stat = readStat(String(identity.pid))
    if (stat === undefined) return exists(identity.pid) ? undefined : false
    return stat.startedAt === identity.startedAt && !stat.hasEnded
  },
}

let own: ProcessIdentity | undefined

function readSelf(): ProcessIdentity {
  const unknown = { boot: '', namespace: '', pid: process.pid, startedAt: '' }
  if (process.platform !== 'linux') return unknown
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const startedAt = readStat('self')?.startedAt
    return startedAt === undefined ? unknown : { boot, namespace: readNamespace(), pid: process.pid, startedAt }
  } catch {
    return unknown
  }
}

/** Pids mean something in one pid namespace, start times in one time namespace (absent before Linux 5.6). */
function readNamespace(): string {
  const pid = readlinkSync('/proc/self/ns/pid')
  try {
    return `${pid} ${readlinkSync('/proc/self/ns/time')}`
  } catch {
    return pid
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}

/** @source proc_pid_stat(5): state is field 3, the number of threads field 20, the start in clock ticks since boot field 22 */
function readStat(pid: string): { readonly startedAt: string; readonly hasEnded: boolean } | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The command in field 2 may hold anything, also spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const startedAt = fields[19]
  const state = fields[0]
  if (startedAt === undefined || !/^\d+$/.test(startedAt)) return undefined
  return { startedAt, hasEnded: (state === 'Z' || state === 'X') && Number(fields[17]) <= 1 }
}
