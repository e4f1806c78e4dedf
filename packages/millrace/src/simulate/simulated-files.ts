import type { FileHandle, FileInfo, Files } from '../core/env.ts'
import { infoOf, type Disk } from './disk.ts'
import type { Operation, OperationKind } from './faults.ts'
import type { Inode } from './inode.ts'
import { systemError } from './system-error.ts'

/** How an operation gets its time and its faults: the machine's part. */
export interface Operator {
  /** Runs `effect` at some later moment and settles at a still later one; never when the process dies before. */
  operate<T>(kind: OperationKind, path: string, effect: Effect<T>): Promise<T>
}

export interface Effect<T> {
  run(): T
  /** What an injected error leaves behind; nothing if not given. */
  fail?(operation: Operation, share: number): void
  /** That are to be written. */
  readonly bytes?: number
  /** Effects of the same object take place in the order of their calls. */
  readonly inOrderOf?: object
}

/** The files of one process on a simulated disk. */
export function simulatedFiles(disk: Disk, operator: Operator): Files {
  const simple = <T>(kind: OperationKind, path: string, run: () => T): Promise<T> => operator.operate(kind, path, { run })
  return {
    open: (path, how) =>
      simple(how === 'read' ? 'open' : 'create', path, () => {
        const inode = how === 'read' ? disk.open(path) : disk.create(path)
        return new SimulatedHandle(operator, path, inode, how)
      }),
    link: (from, to) => simple('link', to, () => disk.link(from, to)),
    rename: (from, to) => simple('rename', to, () => disk.rename(from, to)),
    unlink: (path) => simple('unlink', path, () => disk.unlink(path)),
    list: (path) => simple('list', path, () => disk.list(path)),
    info: (path) => simple('info', path, () => disk.info(path)),
    makeDirectory: (path) => simple('makeDirectory', path, () => disk.makeDirectory(path)),
    removeDirectory: (path) => simple('removeDirectory', path, () => disk.removeDirectory(path)),
    syncDirectory: (path) =>
      simple(
        'syncDirectory',
        path,
        begun(() => disk.beginSyncDirectory(path)),
      ),
  }
}

/** Begins now and ends when its effect takes place, which is also when a failure to begin is told. */
function begun(begin: () => () => void): () => void {
  try {
    return begin()
  } catch (error) {
    return () => {
      throw error
    }
  }
}

/** As Node's handle (F1 to F3 of env/node-file-handle.ts); a file that lost its name can still be read. */
class SimulatedHandle implements FileHandle {
  readonly #operator: Operator
  readonly #path: string
  readonly #inode: Inode
  readonly #how: 'read' | 'create-new'
  #broken: unknown
  #isClosed = false

  constructor(operator: Operator, path: string, inode: Inode, how: 'read' | 'create-new') {
    this.#operator = operator
    this.#path = path
    this.#inode = inode
    this.#how = how
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.#check('read')
    if (this.#inode.kind === 'directory') throw systemError('EISDIR', 'read', this.#path)
    return this.#operator.operate('read', this.#path, { run: () => this.#inode.read(offset, length) })
  }

  async append(parts: readonly Uint8Array[]): Promise<void> {
    this.#check('append')
    const inode = this.#inode
    const run = (): void => {
      // The bytes are read now and not before: who changes them meanwhile is found out (J15).
      for (const part of parts) inode.append(part)
    }
    const fail = (_operation: Operation, share: number): void => {
      const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
      let at = 0
      for (const part of parts) {
        all.set(part, at)
        at += part.length
      }
      inode.append(all.subarray(0, Math.round(all.length * share)))
    }
    const bytes = parts.reduce((sum, part) => sum + part.length, 0)
    await this.#breaking(this.#operator.operate('append', this.#path, { run, fail, bytes, inOrderOf: this }))
  }

  async sync(): Promise<void> {
    this.#check('sync')
    // What is appended while it runs is not in it.
    const { size } = this.#inode
    const run = (): void => this.#inode.sync(size)
    await this.#breaking(this.#operator.operate('sync', this.#path, { run, fail: () => this.#inode.failSync() }))
  }

  async info(): Promise<FileInfo> {
    this.#check('info')
    return this.#operator.operate('info', this.#path, { run: () => infoOf(this.#inode) })
  }

  async close(): Promise<void> {
    this.#check('close')
    this.#isClosed = true
    await this.#operator.operate('close', this.#path, { run: () => {}, inOrderOf: this })
  }

  #check(call: 'read' | 'append' | 'sync' | 'info' | 'close'): void {
    const isWrongWay = (call === 'read' && this.#how !== 'read') || (call === 'append' && this.#how === 'read')
    if (this.#isClosed || isWrongWay) throw systemError('EBADF', call, this.#path)
    if (this.#broken !== undefined && (call === 'append' || call === 'sync')) throw this.#broken
  }

  async #breaking(operation: Promise<void>): Promise<void> {
    try {
      await operation
    } catch (error) {
      this.#broken ??= error
      throw error
    }
  }
}
